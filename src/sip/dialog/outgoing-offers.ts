/**
 * Offers of ours on a running session, and session refreshes (RFC 3261 §14.1, RFC 3311 §5.1, RFC 4028 §7.4; PITFALLS rows
 * 11, 12, 16): one after the other, each until it is answered or refused for good.
 *
 *   job      before the answer                    after it
 *   offer    UPDATE with SDP (RFC 3311 §5.1)      re-INVITE with SDP
 *   refresh  waits                                UPDATE without SDP where the peer allows it, else re-INVITE with the
 *                                                 description in force, unchanged
 *
 * What comes back, and what becomes of it:
 *
 *   2xx                     acknowledged (always, also when the session has ended meanwhile); the answer is in force
 *   401, 407                sent again with credentials (`in-dialog-client.ts`)
 *   422                     sent again with a longer interval, where it makes sense
 *   491                     sent again after the wait of §14.1; what the peer offers meanwhile goes first
 *   500 with Retry-After    sent again after it: the peer has an offer open (§14.2, RFC 3311 §5.2)
 *   405, 501 to UPDATE      sent again as re-INVITE
 *   408, 481, no answer     the peer has no such dialog: the session ends (§12.2.1.2)
 *   anything else           refused; the session goes on with what was in force (rollback)
 *
 * A job that cannot leave yet (an offer or INVITE of either side is open, no ACK, no PRACK) waits; whoever ends that state
 * calls `run`. A re-INVITE that rings without end is cancelled after 64·T1: the callee is there already, and nobody has to
 * pick up a phone to answer it.
 */
import type { TimerHandle } from '../../kernel/clock.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { sdpBody, sdpFields, sdpOf } from './bodies.ts';
import { ALLOW } from './capabilities.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import { glareDelayMs, MAX_OFFER_ATTEMPTS, retryAfterMs } from './glare.ts';
import { acknowledge, type InDialogOutcome, type Sending, sendInDialog } from './in-dialog-client.ts';
import type { OfferWay } from './offer-way.ts';
import { ReliableResponses } from './reliable-responses.ts';
import type { ChallengeHook, ExtraHeaders, ReOfferOutcome } from './types.ts';

export interface OutgoingHost {
  /** The dialog and method for a job, or undefined while it has to wait. */
  way(kind: 'offer' | 'refresh'): OfferWay | undefined;
  /** Whether the session lives in that dialog, and is answered. */
  confirmedIn(dialog: Dialog): boolean;
  ownsCallId(): boolean;
  readonly onChallenge: ChallengeHook | undefined;
  /** Supported, Session-Expires, Min-SE. */
  requestFields(): ExtraHeaders;
  /** A 2xx to a session refresh has come. */
  refreshed(response: SipResponse): void;
  /** 422: whether another interval may be tried. */
  raise(response: SipResponse): boolean;
  /** The peer has no such dialog. */
  lost(): void;
  /** The answer to a refresh is another one than before. */
  answerChanged(sdp: string): void;
}

interface Job {
  readonly kind: 'offer' | 'refresh';
  /** Of an offer; a function is asked whenever it leaves. */
  readonly sdp: string | (() => string) | undefined;
  readonly done: (outcome: ReOfferOutcome) => void;
  attempts: number;
}

interface Running {
  readonly job: Job;
  readonly dialog: Dialog;
  readonly method: 'INVITE' | 'UPDATE';
  /** The offer that it carries; a refresh by UPDATE has none. */
  readonly sdp: string | undefined;
  /** Whether it left in an answered session: only then is it a session refresh, and its 2xx sets the timer (RFC 4028 §7.4). */
  readonly refreshes: boolean;
  sending: Sending | undefined;
}

export class OutgoingOffers {
  readonly #context: DialogContext;
  readonly #host: OutgoingHost;
  readonly #queue: Job[] = [];
  #running: Running | undefined;
  /** Waits for the end of a glare. */
  #pause: TimerHandle | undefined;
  #patience: TimerHandle | undefined;
  #closed = false;

  constructor(context: DialogContext, host: OutgoingHost) {
    this.#context = context;
    this.#host = host;
  }

  /** Whether an INVITE of ours has no final response yet: the peer's gets 491 (§14.2). */
  get inviting(): boolean {
    return this.#running?.method === 'INVITE';
  }

  offer(sdp: string | (() => string)): Promise<ReOfferOutcome> {
    return new Promise((done) => this.#add({ kind: 'offer', sdp, done, attempts: 0 }));
  }

  /** Any offer that waits is a refresh as well, so that there is never more than one of these. */
  refresh(done: (outcome: ReOfferOutcome) => void): void {
    this.#add({ kind: 'refresh', sdp: undefined, done, attempts: 0 });
  }

  /** Sends what waits, if that is possible now. */
  run(): void {
    const job = this.#queue[0];
    if (this.#closed || job === undefined || this.#running !== undefined || this.#pause !== undefined) return;
    const way = this.#host.way(job.kind);
    if (way === undefined) return;
    this.#queue.shift();
    job.attempts += 1;
    const { dialog, method } = way;
    let sdp: string | undefined;
    try {
      sdp = job.kind === 'offer' ? made(job.sdp) : method === 'INVITE' ? dialog.media.local : undefined;
    } catch (error) {
      this.#context.log.error({ err: error }, 'an offer could not be made');
      job.done({ kind: 'refused', status: 500 });
      this.run();
      return;
    }
    if (sdp !== undefined) dialog.media.weOffer(sdp);
    const refreshes = this.#host.confirmedIn(dialog);
    const running: Running = { job, dialog, method, sdp, refreshes, sending: undefined };
    this.#running = running;
    this.#send(running);
  }

  /** The session has ended. What is on the wire is finished by the RFC, without anybody who waits for it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#context.clock.clearTimeout(this.#pause);
    this.#context.clock.clearTimeout(this.#patience);
    const running = this.#running;
    running?.sending?.cancel();
    for (const { done } of [...(running === undefined ? [] : [running.job]), ...this.#queue])
      done({ kind: 'ended' });
    this.#queue.length = 0;
  }

  #add(job: Job): void {
    if (this.#closed) {
      job.done({ kind: 'ended' });
      return;
    }
    this.#queue.push(job);
    this.run();
  }

  #send(running: Running): void {
    const { dialog, method, sdp } = running;
    // One for each INVITE: credentials make another one of it.
    const reliable = new WeakMap<SipRequest, ReliableResponses>();
    const fields: ExtraHeaders = [
      ['Contact', formatNameAddr(dialog.contact)],
      ...ALLOW,
      ...this.#host.requestFields(),
      ...sdpFields(sdp),
    ];
    const onProvisional = (response: SipResponse, request: SipRequest): void => {
      if (method !== 'INVITE') return;
      const of =
        reliable.get(request) ?? new ReliableResponses(this.#context, request, this.#host.onChallenge);
      reliable.set(request, of);
      if (of.admit(dialog, response) === 'next') of.acknowledge(dialog, response, undefined, () => undefined);
    };
    if (method === 'INVITE')
      this.#patience = this.#context.clock.setTimeout(
        () => running.sending?.cancel(),
        64 * this.#context.timers.t1,
      );
    running.sending = sendInDialog(
      this.#context,
      dialog,
      { method, fields, ...sdpBody(sdp), onChallenge: this.#host.onChallenge, onProvisional },
      (outcome, request) => this.#finished(running, outcome, request),
    );
    // Where nothing has to be looked up it may have failed already.
    if (this.#closed) running.sending.cancel();
  }

  #finished(running: Running, outcome: InDialogOutcome, request: SipRequest | undefined): void {
    const { dialog, method } = running;
    if (typeof outcome === 'object' && outcome.status < 300) {
      dialog.refreshTarget(outcome);
      if (method === 'INVITE' && request !== undefined) acknowledge(this.#context, dialog, request, outcome);
    }
    if (this.#closed) return;
    this.#context.clock.clearTimeout(this.#patience);
    this.#running = undefined;
    if (typeof outcome === 'object' && outcome.status < 300) this.#accepted(running, outcome);
    else {
      if (running.sdp !== undefined) dialog.media.rollback();
      this.#refused(running, outcome);
    }
    this.run();
  }

  #accepted({ job, dialog, sdp, refreshes }: Running, response: SipResponse): void {
    dialog.learnAllowed(response);
    if (refreshes) this.#host.refreshed(response);
    const answer = sdpOf(response);
    const before = dialog.media.remote;
    if (sdp !== undefined && (answer !== undefined || job.kind === 'refresh'))
      dialog.media.peerAnswers(answer);
    // A broken peer that accepts an offer without an answer to it: nobody knows what it does, so nothing has changed.
    else if (sdp !== undefined) dialog.media.rollback();
    if (job.kind === 'refresh') {
      if (sdp !== undefined && answer !== undefined && answer !== before) this.#host.answerChanged(answer);
      job.done({ kind: 'answered', sdp: answer ?? '' });
    } else if (answer === undefined) job.done({ kind: 'refused', status: 488 });
    else job.done({ kind: 'answered', sdp: answer });
  }

  #refused(running: Running, outcome: InDialogOutcome): void {
    const { job, dialog, method } = running;
    const status = outcome === 'timeout' ? 408 : outcome === 'transport' ? 503 : outcome.status;
    const confirmed = this.#host.confirmedIn(dialog);
    if (confirmed && (status === 408 || status === 481)) {
      job.done({ kind: 'ended' });
      this.#host.lost();
      return;
    }
    const wait = typeof outcome === 'string' ? undefined : this.#waitAfter(running, outcome);
    // Its fork is gone, or was answered while the UPDATE was under way: the offer is for whatever dialog there is now.
    const elsewhere = !confirmed && method === 'UPDATE' && (status === 481 || status === 408);
    if ((wait === undefined && !elsewhere) || job.attempts >= MAX_OFFER_ATTEMPTS)
      job.done({ kind: 'refused', status });
    else {
      this.#queue.unshift(job);
      if (wait !== undefined && wait > 0) this.#pauseFor(wait);
    }
  }

  /** ms until the next attempt; undefined: there is none. */
  #waitAfter({ dialog, method }: Running, response: SipResponse): number | undefined {
    const { status } = response;
    if (status === 491) return glareDelayMs(this.#context.random, this.#host.ownsCallId());
    if (status === 422) return this.#host.raise(response) ? 0 : undefined;
    if (status === 500) return retryAfterMs(response);
    if (method === 'UPDATE' && (status === 405 || status === 501)) {
      dialog.disallow('UPDATE');
      return 0;
    }
    return undefined;
  }

  #pauseFor(ms: number): void {
    this.#pause = this.#context.clock.setTimeout(() => {
      this.#pause = undefined;
      this.run();
    }, ms);
  }
}

function made(sdp: Job['sdp']): string | undefined {
  return typeof sdp === 'function' ? sdp() : sdp;
}
