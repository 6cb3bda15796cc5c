/**
 * Stands before the transaction layer and lets nothing in from strangers that deserves no answer: a scanner's OPTIONS or
 * SUBSCRIBE costs neither a transaction nor a packet (PITFALLS row 42). INVITE and REGISTER pass, since a phone begins
 * with them; they are answered by a challenge.
 */
import type { Clock } from '../../kernel/clock.ts';
import { toTag } from '../message/fields.ts';
import type { SipRequest } from '../message/types.ts';
import type { Flow, TransportUser } from '../transport/types.ts';

/** Methods that a stranger may begin with, or that belong to a transaction or dialog. */
const ALWAYS = new Set(['INVITE', 'REGISTER', 'ACK', 'CANCEL', 'BYE', 'PRACK']);

/** Sources that proved a password lately, so that the OPTIONS pings of our phones are answered. Bounded. */
export class KnownSources {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `ms`: how long from now. */
  remember(flow: Flow, ms: number): void {
    const key = keyOf(flow);
    this.#until.delete(key);
    this.#until.set(key, this.#clock.now() + ms);
    if (this.#until.size > 20_000) this.#until.delete(this.#until.keys().next().value!);
  }

  has(flow: Flow): boolean {
    const until = this.#until.get(keyOf(flow));
    if (until === undefined) return false;
    if (until > this.#clock.now()) return true;
    this.#until.delete(keyOf(flow));
    return false;
  }
}

function keyOf(flow: Flow): string {
  return `${flow.transport}|${flow.remote.host}|${flow.remote.port}`;
}

/** Whether a request may reach the transaction layer. Only a dialog or credentials open the gate to other methods. */
export function mayEnter(request: SipRequest): boolean {
  return ALWAYS.has(request.method) || hasToTag(request) || request.headers.has('Authorization');
}

function hasToTag(request: SipRequest): boolean {
  try {
    return toTag(request) !== undefined;
  } catch {
    return false;
  }
}

/** Wraps the transaction layer. `isKnown` is asked for what `mayEnter` would refuse. */
export function quietGate(inner: TransportUser, isKnown: (flow: Flow) => boolean): TransportUser {
  return {
    onRequest(request, flow) {
      if (mayEnter(request) || isKnown(flow)) inner.onRequest(request, flow);
    },
    onResponse: (response, flow) => inner.onResponse(response, flow),
    onFlowClosed: (flow, error) => inner.onFlowClosed(flow, error),
  };
}
