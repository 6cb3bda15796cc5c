import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { LegStats, MediaLeg, MediaSession } from '../media/engine.ts';
import type { InviteSession, SessionEnd, SessionEvents } from '../sip/dialog/types.ts';
import { CallMedia } from './call-media.ts';
import { causeOfSession, type HangupCause } from './hangup-cause.ts';
import { allowHeaders, toHeaderMap } from './header-allow-list.ts';
import { InDialog } from './in-dialog.ts';
import { KeyPresses } from './key-presses.ts';
import type { Call, CallEnd, CallEvents, CallState, HeaderMap } from './types.ts';

/** What a call is made with, whichever direction it has. */
export interface CallContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Something that a script asked for was left out. */
  readonly warn: (call: Call, message: string) => void;
  /** The call has a SIP session; for traces. */
  readonly signalling: (call: Call, sipSession: string) => void;
}

/** Who and what, fixed for the life of the call. */
export type CallFacts = Pick<
  Call,
  'callerid' | 'number' | 'displayName' | 'fromUri' | 'toUri' | 'headers' | 'maskingSessionId'
>;

/** A media worker that died must not keep a call from ending; a live one closes a leg within milliseconds. */
const CLOSE_LIMIT_MS = 2_000;

/** What both directions share: one SIP session, one media leg, one end. */
export abstract class CallBase implements Call {
  abstract readonly incoming: boolean;
  readonly id: string;
  readonly events: Emitter<CallEvents>;
  readonly callerid: PhoneNumber;
  readonly number: PhoneNumber;
  readonly displayName: string;
  readonly fromUri: string;
  readonly toUri: string;
  readonly headers: HeaderMap;
  readonly maskingSessionId: string | undefined;
  readonly ended: Promise<CallEnd>;
  protected readonly context: CallContext;
  protected media: CallMedia | undefined;
  /** We asked for the end; what the peer still says changes nothing. */
  protected ending = false;
  #state: CallState;
  #session: InviteSession | undefined;
  #inDialog: InDialog | undefined;
  #cause: HangupCause | undefined;
  #cutOff = false;
  #connectedAt: number | undefined;
  #heardAudio = false;
  readonly #keys: KeyPresses;
  readonly #unsubscribe: (() => void)[] = [];
  readonly #resolveEnded: (end: CallEnd) => void;
  readonly #mediaReady = Promise.withResolvers<MediaLeg>();

  protected constructor(state: CallState, facts: CallFacts, context: CallContext) {
    this.id = context.random.uuid();
    this.context = context;
    this.#state = state;
    this.#keys = new KeyPresses(context.clock);
    this.events = new Emitter<CallEvents>((error) => {
      context.log.error({ callId: this.id, error: describeError(error) }, 'a listener of a call failed');
    });
    this.callerid = facts.callerid;
    this.number = facts.number;
    this.displayName = facts.displayName;
    this.fromUri = facts.fromUri;
    this.toUri = facts.toUri;
    this.headers = facts.headers;
    this.maskingSessionId = facts.maskingSessionId;
    const ended = Promise.withResolvers<CallEnd>();
    this.ended = ended.promise;
    this.#resolveEnded = ended.resolve;
    // Nobody needs to ask for the media; that is not an error.
    this.#mediaReady.promise.catch(() => undefined);
  }

  get state(): CallState {
    return this.#state;
  }

  get leg(): MediaLeg | undefined {
    return this.media?.leg;
  }

  whenMedia(): Promise<MediaLeg> {
    return this.#mediaReady.promise;
  }

  hangup(headers: HeaderMap = {}): void {
    if (this.#state === 'TERMINATED' || this.ending) return;
    this.ending = true;
    const allowed = allowHeaders(headers);
    this.warn(allowed.dropped);
    this.#session?.end({ headers: allowed.headers });
  }

  sendInfo(mimeType: string, body: string, headers: HeaderMap = {}): void {
    if (this.#talking) this.#inDialog?.sendInfo(mimeType, body, headers);
  }

  sendMessage(text: string, headers: HeaderMap = {}): void {
    if (this.#talking) this.#inDialog?.sendMessage(text, headers);
  }

  hold(): void {
    if (this.#talking) this.#inDialog?.hold(true);
  }

  unhold(): void {
    if (this.#talking) this.#inDialog?.hold(false);
  }

  abstract answer(headers?: HeaderMap): void;
  abstract ring(headers?: HeaderMap): void;
  abstract startEarlyMedia(headers?: HeaderMap): void;
  abstract reject(code: number, headers?: HeaderMap): void;

  /** Ends the call for a reason of ours, which then replaces what the SIP session says. */
  protected endBecause(cause: HangupCause): void {
    if (this.#state === 'TERMINATED' || this.ending) return;
    this.ending = true;
    this.#cause = cause;
    this.#session?.end({ status: cause.code });
  }

  /** Ends the call whatever its state, for a reason that stands in its record also when it had been connected. */
  cutOff(cause: HangupCause): void {
    if (this.#state === 'TERMINATED' || this.ending) return;
    this.#cutOff = true;
    // A leg that nobody has answered did not end normally.
    this.endBecause(this.#connectedAt === undefined ? { ...cause, code: 480 } : cause);
  }

  /** Notes a reason of ours for an end that is just being asked for in another way. */
  protected noteCause(cause: HangupCause): void {
    this.ending = true;
    this.#cause ??= cause;
  }

  protected useMedia(session: MediaSession): CallMedia {
    this.media = new CallMedia(session, this.context.random, {
      opened: (leg) => this.#mediaReady.resolve(leg),
      digit: (digit) => {
        if (this.#keys.isNew(digit, 'rtp')) this.emit('digit', { digit });
      },
      signallingHost: () => this.#session?.peerHost,
      firstPacket: () => this.#onFirstPacket(),
      silent: () => this.emit('rtpStopped', {}),
      resumed: () => this.emit('rtpResumed', {}),
      hold: (held) => {
        // Before the answer nobody is on hold: early media is often one-way.
        if (this.#state === 'CONNECTED') this.emit(held ? 'onHold' : 'offHold', {});
      },
    });
    return this.media;
  }

  protected useSession(session: InviteSession): void {
    this.#session = session;
    this.context.signalling(this, session.id);
    this.listenTo(session, 'ended', (end) => this.#onSessionEnded(end));
    this.#inDialog = new InDialog(session, {
      log: this.context.log,
      keys: this.#keys,
      media: () => this.media,
      connected: () => this.#talking,
      emit: (event, payload) => this.emit(event, payload),
      warn: (messages) => this.warn(messages),
      listen: (event, heard) => this.listenTo(session, event, heard),
    });
  }

  protected listenTo<K extends keyof SessionEvents>(
    session: InviteSession,
    event: K,
    heard: (payload: SessionEvents[K]) => void,
  ): void {
    this.#unsubscribe.push(session.events.on(event, heard));
  }

  protected emit<K extends Exclude<keyof CallEvents, 'failed' | 'disconnected'>>(
    event: K,
    payload: CallEvents[K],
  ): void {
    if (this.#state !== 'TERMINATED') this.events.emit(event, payload);
  }

  protected warn(messages: readonly string[]): void {
    for (const message of messages) this.context.warn(this, message);
  }

  protected connected(headers: HeaderMap): void {
    this.#state = 'CONNECTED';
    this.#connectedAt = this.context.clock.monotonic();
    this.emit('connected', { headers });
  }

  get #talking(): boolean {
    return this.#state === 'CONNECTED' && !this.ending;
  }

  #onFirstPacket(): void {
    if (this.#heardAudio) return; // A re-INVITE makes the leg report it again.
    this.#heardAudio = true;
    this.emit('firstAudioPacket', { wideband: this.media?.codec === 'G722' });
  }

  #onSessionEnded(end: SessionEnd): void {
    const connected = this.#connectedAt !== undefined;
    const cause = connected && !this.#cutOff ? undefined : this.#cause;
    this.finish(cause ?? causeOfSession(end, connected), toHeaderMap(end.headers));
  }

  /** The end, once: state first, then the leg, then the one event, then `ended`. */
  protected finish(cause: HangupCause, headers: HeaderMap): void {
    if (this.#state === 'TERMINATED') return;
    const { clock, log } = this.context;
    const connectedAt = this.#connectedAt;
    const durationSeconds = connectedAt === undefined ? 0 : (clock.monotonic() - connectedAt) / 1000;
    this.#state = 'TERMINATED';
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.onTerminated();
    this.#mediaReady.reject(new Error('the call ended before it had media'));
    log.info({ callId: this.id, code: cause.code, by: cause.by }, 'call ended');
    const { code, reason, by, retryable = false } = cause;
    const end = { code, reason, by, headers, durationSeconds, retryable };
    void this.#conclude(end, connectedAt === undefined ? 'failed' : 'disconnected');
  }

  /** Clears what the direction has armed. */
  protected onTerminated(): void {}

  async #conclude(end: Omit<CallEnd, 'media'>, event: 'failed' | 'disconnected'): Promise<void> {
    const closing = this.#closeMedia();
    // A port that is still being taken has no figures to wait for.
    const media = this.leg === undefined ? undefined : await closing;
    const whole: CallEnd = { ...end, media };
    this.events.emit(event, whole);
    await closing;
    this.#resolveEnded(whole);
  }

  #closeMedia(): Promise<LegStats | undefined> {
    const { clock, log } = this.context;
    if (this.media === undefined) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<LegStats | undefined>();
    const timer: TimerHandle = clock.setTimeout(() => {
      log.error({ callId: this.id }, 'a media leg did not close in time');
      resolve(undefined);
    }, CLOSE_LIMIT_MS);
    this.media
      .close()
      .catch((error: unknown) => {
        log.error({ callId: this.id, error: describeError(error) }, 'a media leg did not close');
        return undefined;
      })
      .then((stats) => {
        clock.clearTimeout(timer);
        resolve(stats);
      });
    return promise;
  }
}
