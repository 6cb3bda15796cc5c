import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { ackFor, cancelFor } from '../sip/message/build.ts';
import { callId, cseq, topVia, toTag } from '../sip/message/fields.ts';
import { serialize } from '../sip/message/serialize.ts';
import type { SipMessage, SipRequest, SipResponse } from '../sip/message/types.ts';
import type { Peer, Wire } from './wire.ts';

/** RFC 3261 §17.1.1.1, table 4. */
const T1_MS = 500;
const T2_MS = 4_000;
const GIVE_UP_MS = 64 * T1_MS;

export interface ResponseHandlers {
  onProvisional?(response: SipResponse): void;
  /** Every final response that is not a plain repetition; each 2xx to an INVITE, repetitions included. */
  onFinal(response: SipResponse): void;
  onTimeout(): void;
}

/** A request of ours and what came of it. */
export interface Sent {
  readonly request: SipRequest;
  readonly to: Peer;
  /** CANCEL for an INVITE, at once; the caller knows whether a provisional has come (§9.1). */
  cancel(): void;
}

interface ClientEntry extends Sent {
  readonly handlers: ResponseHandlers;
  readonly startedAt: number;
  timer: TimerHandle | undefined;
  provisional: boolean;
  final: boolean;
}

interface Repeating {
  readonly bytes: Uint8Array;
  readonly to: Peer;
  readonly onNoAck: () => void;
  timer: TimerHandle | undefined;
}

/**
 * Requests with their repetitions and responses with theirs, in the simplest form that keeps RFC 3261 §17 towards a
 * peer: deliberately not the state machines of `sip/transaction`.
 */
export class Exchanges {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #clients = new Map<string, ClientEntry>();
  readonly #answers = new Map<string, { bytes: Uint8Array; to: Peer; at: number }>();
  readonly #repeating = new Map<string, Repeating>();

  constructor(wire: Wire, clock: Clock, random: Random) {
    this.#wire = wire;
    this.#clock = clock;
    this.#random = random;
  }

  /** Sends with a Via of ours on top, and repeats over UDP until there is a response. */
  request(request: SipRequest, to: Peer, handlers: ResponseHandlers): Sent {
    this.#stampVia(request);
    return this.#start(request, to, handlers);
  }

  /** ACK to a 2xx: a Via of its own and no response (§13.2.2.4). */
  sendAck(request: SipRequest, to: Peer): void {
    this.#stampVia(request);
    this.#wire.send(serialize(request), to);
  }

  /** Sends a response, remembers it for repetitions of the request, and repeats finals to INVITE until the ACK. */
  respond(request: SipRequest, to: Peer, response: SipResponse, onNoAck: () => void = () => {}): void {
    const bytes = serialize(response);
    this.#forgetOld();
    this.#answers.set(serverKey(request), { bytes, to, at: this.#clock.monotonic() });
    this.#wire.send(bytes, to);
    if (request.method === 'INVITE' && response.status >= 200) this.#repeat(response, bytes, to, onNoAck);
  }

  /** True when the request was a repetition (answered again). An ACK ends the repetition of what it acknowledges. */
  absorb(request: SipRequest, from: Peer): boolean {
    if (request.method === 'ACK') {
      this.#acknowledged(request);
      return false;
    }
    const known = this.#answers.get(serverKey(request));
    if (known === undefined) return false;
    if (known.bytes.length > 0) this.#wire.send(known.bytes, from);
    return true;
  }

  /** A 100 or nothing was sent yet, but the request is known: its repetitions are absorbed in silence. */
  remember(request: SipRequest, to: Peer, bytes: Uint8Array = new Uint8Array()): void {
    this.#answers.set(serverKey(request), { bytes, to, at: this.#clock.monotonic() });
  }

  handleResponse(response: SipResponse): void {
    const entry = this.#clients.get(clientKey(response));
    if (entry === undefined) return;
    const invite = entry.request.method === 'INVITE';
    if (response.status < 200) {
      if (entry.final) return;
      entry.provisional = true;
      if (invite) this.#stop(entry);
      entry.handlers.onProvisional?.(response);
      return;
    }
    this.#stop(entry);
    if (invite && response.status >= 300)
      this.#wire.send(serialize(ackFor(entry.request, response)), entry.to);
    if (entry.final && !(invite && response.status < 300)) return;
    entry.final = true;
    entry.handlers.onFinal(response);
  }

  close(): void {
    for (const entry of this.#clients.values()) this.#stop(entry);
    for (const entry of this.#repeating.values()) this.#clock.clearTimeout(entry.timer);
    this.#clients.clear();
    this.#repeating.clear();
    this.#answers.clear();
  }

  #stampVia(request: SipRequest): void {
    const { sentBy } = this.#wire;
    const transport = this.#wire.transport.toUpperCase();
    request.headers.prepend(
      'Via',
      `SIP/2.0/${transport} ${sentBy};branch=z9hG4bK${this.#random.token(8)};rport`,
    );
  }

  #start(request: SipRequest, to: Peer, handlers: ResponseHandlers): ClientEntry {
    this.#forgetOld();
    const entry: ClientEntry = {
      request,
      to,
      handlers,
      startedAt: this.#clock.monotonic(),
      timer: undefined,
      provisional: false,
      final: false,
      cancel: () => {
        this.#start(cancelFor(request), to, { onFinal: () => {}, onTimeout: () => {} });
      },
    };
    this.#clients.set(clientKey(request), entry);
    this.#wire.send(serialize(request), to);
    this.#scheduleRepetition(entry, T1_MS);
    return entry;
  }

  /** Timers A/B and E/F in one: doubling, for non-INVITE capped at T2 (§17.1.1.2, §17.1.2.2). */
  #scheduleRepetition(entry: ClientEntry, waitMs: number): void {
    const left = GIVE_UP_MS - (this.#clock.monotonic() - entry.startedAt);
    const reliable = this.#wire.reliable;
    entry.timer = this.#clock.setTimeout(
      () => {
        if (this.#clock.monotonic() - entry.startedAt >= GIVE_UP_MS) {
          this.#clients.delete(clientKey(entry.request));
          entry.handlers.onTimeout();
          return;
        }
        if (!reliable) this.#wire.send(serialize(entry.request), entry.to);
        const doubled = entry.request.method === 'INVITE' ? waitMs * 2 : Math.min(waitMs * 2, T2_MS);
        this.#scheduleRepetition(entry, entry.provisional ? T2_MS : doubled);
      },
      reliable ? left : Math.min(waitMs, left),
    );
  }

  #stop(entry: ClientEntry): void {
    this.#clock.clearTimeout(entry.timer);
    entry.timer = undefined;
  }

  /** §13.3.1.4 for 2xx on any transport, timer G (§17.2.1) for the rest over UDP. */
  #repeat(response: SipResponse, bytes: Uint8Array, to: Peer, onNoAck: () => void): void {
    const key = ackKey(response);
    const entry: Repeating = { bytes, to, onNoAck, timer: undefined };
    const startedAt = this.#clock.monotonic();
    const silent = response.status >= 300 && this.#wire.reliable;
    const again = (waitMs: number): void => {
      const left = GIVE_UP_MS - (this.#clock.monotonic() - startedAt);
      entry.timer = this.#clock.setTimeout(
        () => {
          if (this.#clock.monotonic() - startedAt >= GIVE_UP_MS) {
            this.#repeating.delete(key);
            onNoAck();
            return;
          }
          if (!silent) this.#wire.send(bytes, to);
          again(Math.min(waitMs * 2, T2_MS));
        },
        Math.min(waitMs, left),
      );
    };
    this.#repeating.set(key, entry);
    again(T1_MS);
  }

  #acknowledged(ack: SipRequest): void {
    const key = ackKey(ack);
    this.#clock.clearTimeout(this.#repeating.get(key)?.timer);
    this.#repeating.delete(key);
  }

  #forgetOld(): void {
    const before = this.#clock.monotonic() - GIVE_UP_MS;
    for (const [key, answer] of this.#answers) if (answer.at < before) this.#answers.delete(key);
    for (const [key, entry] of this.#clients) {
      if (entry.final && entry.startedAt < before - 300_000) this.#clients.delete(key);
    }
  }
}

function clientKey(message: SipMessage): string {
  return `${topVia(message).params.get('branch') ?? ''} ${cseq(message).method}`;
}

function serverKey(request: SipRequest): string {
  const via = topVia(request);
  return `${via.params.get('branch') ?? ''} ${via.host}:${via.port ?? 5060} ${request.method}`;
}

function ackKey(message: SipMessage): string {
  return `${callId(message)} ${cseq(message).sequence} ${toTag(message) ?? ''}`;
}
