import type { Leak } from '../../privacy/leak-scan.ts';

/** What `demo --json` prints, and what the demo's exit status is decided by. */
export interface DemoResult {
  /** True only if everything below is as it should be. */
  readonly ok: boolean;
  /** The only number of the other side that the driver's phone was ever told. */
  readonly driverSaw: string;
  /** The number on the passenger's display. */
  readonly passengerSaw: string;
  readonly audio: { readonly driverHeardPassenger: boolean; readonly passengerHeardDriver: boolean };
  /** Milliseconds from the driver's INVITE to the INVITE at the passenger's phone. */
  readonly setupMs: number;
  readonly recording: { readonly path: string; readonly channels: number; readonly seconds: number };
  readonly leaks: readonly Leak[];
  /** As `GET /v1/calls/:id` gives it. */
  readonly callRecord: unknown;
  /** What does not hold, in sentences; empty when `ok`. */
  readonly problems: readonly string[];
}

/** The result of a demo that could not be played to its end. */
export function cutShort(problem: string): DemoResult {
  return {
    ok: false,
    driverSaw: '',
    passengerSaw: '',
    audio: { driverHeardPassenger: false, passengerHeardDriver: false },
    setupMs: 0,
    recording: { path: '', channels: 0, seconds: 0 },
    leaks: [],
    callRecord: null,
    problems: [problem],
  };
}
