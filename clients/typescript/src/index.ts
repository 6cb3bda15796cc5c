export { type ItemOf, type ListName, Maskline } from './maskline.ts';
export { MasklineProblem, MasklineUnreachable } from './problem.ts';
export type { Operations, Problem } from './schema.ts';
export type { Answer, Input, MasklineOptions, OperationName, RequestOptions } from './transport.ts';
export { SignatureError, type SignedRequest, type VerifyOptions, verifySigned } from './webhooks.ts';
