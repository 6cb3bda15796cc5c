/**
 * The session timer of one dialog (RFC 4028; PITFALLS row 12): a call whose peer has vanished ends, and one that lives is
 * never dropped for want of a refresh.
 *
 * - Every INVITE, re-INVITE and UPDATE of ours says Supported: timer, Session-Expires and, once it matters, Min-SE (§7.1).
 * - Every such request of the peer is answered by table 2 (`session-expires.ts`); a 2xx of either side sets the timer anew,
 *   so that a hold refreshes as well as a refresh does (§7.2, §9).
 * - The refresher refreshes at half of the interval (§10). A refusal is tried again at half of what is left, since the
 *   session lives until it expires; 408, 481 and silence end it by BYE.
 * - Whoever waits for a refresh in vain sends BYE a third of the interval, or 32 s where that is less, before the end (§10).
 * - 422 raises what we ask for to its Min-SE and costs nothing else, also on a refresh (§7.3).
 *
 * Without settings there is no timer: none is asked for, and what the peer asks for is not supported.
 */
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { capped, LEAST_EXPIRES, minSe, negotiate, sessionExpires, timerFields } from './session-expires.ts';
import type { ExtraHeaders, SessionTimerSettings } from './types.ts';

export interface SessionTimerHost {
  /** Send a refresh; `refused` is told when that fails without ending the session. */
  refresh(): void;
  /** The session has expired, or is about to: BYE. */
  expired(): void;
}

export class SessionTimer {
  readonly #clock: Clock;
  readonly #settings: SessionTimerSettings | undefined;
  readonly #host: SessionTimerHost;
  /** The largest Min-SE that this dialog has shown (§7.4). */
  #minSe = LEAST_EXPIRES;
  #active:
    | { readonly seconds: number; readonly refresher: 'us' | 'peer'; readonly expiresAt: number }
    | undefined;
  #refresh: TimerHandle | undefined;
  #expiry: TimerHandle | undefined;

  constructor(clock: Clock, settings: SessionTimerSettings | undefined, host: SessionTimerHost) {
    this.#clock = clock;
    this.#settings = settings;
    this.#host = host;
  }

  /** For an INVITE, re-INVITE or UPDATE of ours. §7.4: who refreshes now goes on; at first the peer may choose. */
  requestFields(): ExtraHeaders {
    if (this.#settings === undefined) return [];
    const active = this.#active;
    const seconds = Math.max(active?.seconds ?? this.#settings.expiresSeconds, this.#minSe);
    const refresher = active === undefined ? undefined : active.refresher === 'us' ? 'uac' : 'uas';
    return [
      ...timerFields(seconds, refresher),
      ...(this.#minSe > LEAST_EXPIRES ? [['Min-SE', String(this.#minSe)] as const] : []),
    ];
  }

  /** A 422 to a request of ours: whether it makes sense to ask again, now with what `requestFields` says. */
  raise(response: SipResponse): boolean {
    const wanted = minSe(response);
    if (this.#settings === undefined || wanted <= this.#minSe) return false;
    this.#minSe = wanted;
    return true;
  }

  /** A request of the peer's: the fields of a 422 that it is owed, if any. */
  refusal(request: SipRequest): ExtraHeaders | undefined {
    if (this.#settings === undefined) return undefined;
    const negotiated = negotiate(request, this.#settings);
    return negotiated.kind === 'too-brief' ? [['Min-SE', String(negotiated.minSeconds)]] : undefined;
  }

  /** Our 2xx to an INVITE, re-INVITE or UPDATE of the peer: its fields. The timer runs from now. */
  weAccept(request: SipRequest): ExtraHeaders {
    if (this.#settings === undefined) return [];
    const negotiated = negotiate(request, this.#settings);
    if (negotiated.kind !== 'timer') {
      this.stop();
      return [];
    }
    const { seconds, refresher, require } = negotiated;
    if (request.headers.has('Min-SE')) this.#minSe = Math.max(this.#minSe, minSe(request));
    this.#run(seconds, refresher === 'uas' ? 'us' : 'peer');
    return [...timerFields(seconds, refresher), ...(require ? [['Require', 'timer'] as const] : [])];
  }

  /** The peer's 2xx to an INVITE, re-INVITE or UPDATE of ours. Without Session-Expires there is no timer (§7.2). */
  peerAccepts(response: SipResponse): void {
    if (this.#settings === undefined) return;
    const said = sessionExpires(response);
    if (said === undefined) this.stop();
    else this.#run(capped(said.seconds), said.refresher === 'uas' ? 'peer' : 'us');
  }

  /** A refresh of ours was refused, and the session lives on: again, at half of what is left. */
  refused(): void {
    const active = this.#active;
    if (active === undefined || active.refresher === 'peer') return;
    this.#armRefresh((active.expiresAt - this.#clock.monotonic()) / 2);
  }

  stop(): void {
    this.#active = undefined;
    this.#clock.clearTimeout(this.#refresh);
    this.#clock.clearTimeout(this.#expiry);
    this.#refresh = undefined;
    this.#expiry = undefined;
  }

  #run(seconds: number, refresher: 'us' | 'peer'): void {
    this.stop();
    const ms = seconds * 1000;
    this.#active = { seconds, refresher, expiresAt: this.#clock.monotonic() + ms };
    if (refresher === 'us') this.#armRefresh(ms / 2);
    this.#expiry = this.#clock.setTimeout(
      () => {
        this.stop();
        this.#host.expired();
      },
      ms - Math.min(32_000, ms / 3),
    );
  }

  #armRefresh(ms: number): void {
    this.#clock.clearTimeout(this.#refresh);
    this.#refresh = this.#clock.setTimeout(() => this.#host.refresh(), ms);
  }
}
