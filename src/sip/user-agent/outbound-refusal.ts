import { MasklineError } from '../../kernel/errors.ts';
import type { SessionEnd } from '../dialog/types.ts';

/** An outbound call that we do not begin, with a status that no entry of the error catalogue has. */
export class OutboundRefusal extends Error {
  override readonly name = 'OutboundRefusal';
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** How a call ends whose INVITE was never sent, or whose every attempt threw. */
export function endOf(error: unknown): SessionEnd {
  const end = { by: 'fault', answered: false, headers: [] } as const;
  if (error instanceof OutboundRefusal) {
    return { ...end, status: error.status, reason: error.message, retryable: false };
  }
  if (error instanceof MasklineError) {
    const { sip, title, retryable } = error.meaning;
    return { ...end, status: sip ?? 500, reason: title, retryable };
  }
  return { ...end, status: 500, reason: 'The call could not be begun.', retryable: false };
}
