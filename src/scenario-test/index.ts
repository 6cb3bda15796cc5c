/** `maskline/scenario-test`: what a scenario's test file imports. `docs/guide/test-a-scenario.md` shows how. */
export type { Transfer } from './call-double.ts';
export { type Expectation, expect } from './expect.ts';
export { Flow, FlowError } from './flow.ts';
export type { Caller, FlowOptions, Question } from './flow-options.ts';
export type { Answer, Asked, Reply } from './http-double.ts';
export type { MaskedCallSeen, TestAnnouncement, TestParty, TestSession } from './masking-double.ts';
export { Phone, type Waiting } from './phone.ts';
export type { Recorded } from './recordings.ts';
export { type Script, scenario } from './scenario.ts';
export { test } from './test.ts';
export type { WebSocketServer } from './web-socket-double.ts';
