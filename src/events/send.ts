/** One attempt to deliver an event to a webhook. */
import type { WebhookTarget } from './ports.ts';
import { readRetryAfter } from './retry-after.ts';
import { sign } from './sign.ts';

/** The way out. It follows no redirects and reaches private addresses only where the settings say so. */
export interface WebhookHttp {
  /** Never rejects: a fault is a status 0 with its reason, in words without the URL. */
  post(request: {
    readonly url: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string;
    readonly timeoutMs: number;
    readonly maxBytes: number;
    readonly signal: AbortSignal;
  }): Promise<
    | {
        readonly status: number;
        readonly body: Uint8Array;
        /** Values of the fields of that name. */
        readonly retryAfter?: readonly string[];
      }
    | { readonly status: 0; readonly error: string }
  >;
}

/** What a receiver gets; its answer is expected within this time (the convention: 15 to 30 s). */
export const TIMEOUT_MS = 15_000;
/** Nothing is read from an answer but its status; a receiver that streams must not fill our memory. */
const MAX_ANSWER_BYTES = 256 * 1024;

export type Sent = { readonly ok: true; readonly status: number } | Failed;

export interface Failed {
  readonly ok: false;
  readonly status: number | undefined;
  readonly error: string;
  /** How long the receiver asks to be left alone, ms. */
  readonly askedMs?: number | undefined;
}

/**
 * Sends a message, signed with every secret that is good.
 *
 * @param message.at now, milliseconds since the epoch.
 */
export async function send(
  http: WebhookHttp,
  target: Pick<WebhookTarget, 'url' | 'secrets'>,
  message: { readonly id: string; readonly at: number; readonly body: string },
  signal: AbortSignal,
): Promise<Sent> {
  const answer = await http.post({
    url: target.url,
    headers: [
      ['content-type', 'application/json'],
      ['user-agent', 'Maskline'],
      ...Object.entries(sign(message, target.secrets)),
    ],
    body: message.body,
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
    signal,
  });
  if ('error' in answer) return { ok: false, status: undefined, error: answer.error };
  const { status } = answer;
  if (status >= 200 && status < 300) return { ok: true, status };
  const askedMs = readRetryAfter(answer.retryAfter ?? [], message.at);
  const wish = askedMs === undefined ? '' : `, and asks to be left alone for ${Math.ceil(askedMs / 1000)} s`;
  return { ok: false, status, error: `it answered ${status}${wish}`, askedMs };
}
