export type { ItemOf, Items, ListName } from './caller.ts';
export type { StreamOptions } from './event-stream.ts';
export { Maskline } from './maskline.ts';
export { MasklineProblem, MasklineUnreachable } from './problem.ts';
export type { Operations, Problem } from './schema.ts';
export type { Answer, Input, MasklineOptions, OperationName, RequestOptions } from './transport.ts';
export type * from './types.ts';
export { SignatureError, type SignedRequest, type VerifyOptions, verifySigned } from './webhooks.ts';
