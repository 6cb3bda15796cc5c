import type { CallObserverEvents } from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Emitter } from '../kernel/emitter.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import type { SipMessage } from '../sip/message/types.ts';
import type { Flow, TransportObserver } from '../sip/transport/types.ts';
import { CallIds, type Leg } from './call-ids.ts';
import { tracedText } from './message-text.ts';
import type { TracedMessage, TraceStore } from './ports.ts';
import { TraceWriter } from './writer.ts';

export interface TraceSettings {
  /** How long traces are kept. */
  readonly hours: number;
  /** Of one call, before sealing. */
  readonly callKilobytes: number;
  /** Of all calls, as stored. */
  readonly totalMegabytes: number;
}

export interface TraceRecorderOptions {
  readonly store: TraceStore;
  readonly settings: TraceSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Which SIP session speaks under which Call-ID. */
export interface Signalling {
  /** Id of the `InviteSession`, which never stands on the wire. */
  readonly sipSession: string;
  readonly callId: string;
}

/** How much the envelope of a message counts, bytes. */
const ENVELOPE = 100;

/**
 * Keeps the messages of calls. Told of every message by the transport, of Call-IDs by the user agent and of legs by the
 * calls, in whichever order; what belongs to no call of ours is forgotten. Nothing here waits: see `writer.ts`.
 */
export class TraceRecorder implements TransportObserver {
  readonly #clock: Clock;
  readonly #callBytes: number;
  readonly #callIds: CallIds;
  readonly #writer: TraceWriter;
  readonly #unwatch: (() => void)[] = [];
  #closed = false;

  constructor(options: TraceRecorderOptions) {
    this.#clock = options.clock;
    this.#callBytes = options.settings.callKilobytes * 1024;
    this.#callIds = new CallIds(options.clock, (leg, message) => this.#keep(leg, message));
    this.#writer = new TraceWriter(options);
  }

  /** Messages that are not written yet, and those that were given up. For metrics. */
  get counts(): { readonly waiting: number; readonly lost: number } {
    return { waiting: this.#writer.waiting, lost: this.#writer.lost };
  }

  watchCalls(events: Emitter<CallObserverEvents>): void {
    this.#unwatch.push(
      events.on('created', ({ call, sessionId }) => this.#callIds.legCreated(call.id, sessionId)),
      events.on('signalling', ({ call, sipSession }) => this.#callIds.legSpeaks(call.id, sipSession)),
      events.on('ended', ({ call }) => this.#callIds.legEnded(call.id)),
    );
  }

  signalling({ sipSession, callId }: Signalling): void {
    if (!this.#closed) this.#callIds.sessionSpeaks(sipSession, callId);
  }

  onMessage(direction: 'in' | 'out', message: SipMessage, flow: Flow): void {
    // SIP goes on for a moment after traces have ended.
    if (this.#closed) return;
    const callId = message.headers.get('Call-ID');
    if (callId === undefined || !this.#callIds.wants(callId, message)) return;
    this.#callIds.add(callId, {
      at: this.#clock.now(),
      direction,
      transport: flow.transport,
      local: hostport(flow.local),
      remote: hostport(flow.remote),
      text: tracedText(message),
    });
  }

  /** Writes what waits; at most two seconds. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
    this.#callIds.close();
    await this.#writer.close();
  }

  #keep(leg: Leg, message: Omit<TracedMessage, 'legId'>): void {
    const { call } = leg;
    const bytes = message.text.length + ENVELOPE;
    if (call.bytes + bytes > this.#callBytes) {
      this.#writer.omit(call.sessionId, leg.id);
      return;
    }
    call.bytes += bytes;
    this.#writer.add(call.sessionId, { ...message, legId: leg.id });
  }
}

function hostport({ host, port }: Flow['local']): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
