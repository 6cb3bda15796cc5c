/** One leg, as VoxEngine's `Call`. Its methods issue commands; its state follows the events. */
import type { CallFacts } from '../protocol.ts';
import { callEventNames } from './enums.ts';
import { Listeners } from './events.ts';
import { headersOf, text } from './headers.ts';
import { send } from './host-link.ts';
import { ignored, OF_CALLS } from './ignored-options.ts';
import { connect, connectBoth, disconnect, registerUnit } from './media-unit.ts';
import { recordWish } from './record-options.ts';
import { isObject, playbackSource, saySource } from './sounds.ts';

type State = 'ALERTING' | 'PROGRESSING' | 'CONNECTED' | 'TERMINATED';

export class Call {
  readonly #facts: CallFacts;
  readonly #incoming: boolean;
  readonly #listeners = new Listeners(callEventNames);
  #state: State;
  #customData = '';

  constructor(facts: CallFacts, incoming: boolean) {
    this.#facts = facts;
    this.#incoming = incoming;
    this.#state = incoming ? 'ALERTING' : 'PROGRESSING';
    registerUnit(this, { kind: 'call', id: facts.callId });
  }

  id(): string {
    return this.#facts.callId;
  }
  state(): string {
    return this.#state;
  }
  incoming(): boolean {
    return this.#incoming;
  }
  callerid(): string {
    return this.#facts.callerid;
  }
  number(): string {
    return this.#facts.number;
  }
  displayName(): string {
    return this.#facts.displayName;
  }
  clientType(): string {
    return this.#facts.clientType;
  }
  toString(): string {
    return `Call(${this.#facts.callId})`;
  }
  customData(customData?: string): string {
    if (customData !== undefined) this.#customData = text(customData);
    return this.#customData;
  }
  /** No voice activity detection runs on our legs. */
  vad(): boolean {
    return false;
  }

  addEventListener(event: unknown, callback: unknown): void {
    this.#listeners.add(event, callback);
  }
  removeEventListener(event: unknown, callback?: unknown): void {
    this.#listeners.remove(event, callback);
  }

  answer(extraHeaders?: unknown, parameters?: unknown): void {
    ignored('answer', parameters, OF_CALLS);
    this.#simple('call-answer', extraHeaders);
  }
  /** In the cloud the two phones then exchange sound directly; here it always passes through the server. */
  answerDirect(peerCall?: unknown, extraHeaders?: unknown, parameters?: unknown): void {
    connectBoth(this, peerCall, 'answerDirect');
    this.answer(extraHeaders, parameters);
  }
  ring(extraHeaders?: unknown): void {
    this.#simple('call-ring', extraHeaders);
  }
  startEarlyMedia(extraHeaders?: unknown, _scheme?: unknown): void {
    this.#simple('call-early-media', extraHeaders);
  }
  hangup(extraHeaders?: unknown): void {
    this.#simple('call-hangup', extraHeaders);
  }
  reject(code?: unknown, extraHeaders?: unknown): void {
    const status = Math.trunc(Number(code));
    // RFC 3261 §21.6.2: Decline is what a refusal without a better reason says.
    const final = status >= 400 && status <= 699 ? status : 603;
    if (this.#alive())
      send({
        type: 'call-reject',
        callId: this.#facts.callId,
        code: final,
        headers: headersOf(extraHeaders),
      });
  }
  decline(code?: unknown, extraHeaders?: unknown): void {
    this.reject(code, extraHeaders);
  }

  /** Also in the older form `startPlayback(url, loop)`. Whole sounds are fetched first, whatever `progressivePlayback` says. */
  startPlayback(url: unknown, parameters?: unknown): void {
    const loop = parameters === true || (isObject(parameters) && parameters.loop === true);
    this.#play(playbackSource(url), loop);
  }
  /** Also in the older form `say(text, language, ttsOptions)`. */
  say(words: unknown, parameters?: unknown, ttsOptions?: unknown): void {
    this.#play(saySource(words, parameters, ttsOptions), false);
  }
  /** A country that ITU-T E.180 does not list sounds as most of Europe does. */
  playProgressTone(country: unknown): void {
    const code = text(country).trim().toUpperCase();
    this.#play({ kind: 'progress-tone', country: /^[A-Z]{2}$/.test(code) ? code : 'EU' }, true);
  }
  stopPlayback(): void {
    if (this.#alive()) send({ type: 'call-stop-playback', callId: this.#facts.callId });
  }

  /** Two channels unless `stereo: false` is asked for: one for what this leg says, one for what it hears. */
  record(parameters?: unknown): void {
    const options = isObject(parameters) ? parameters : {};
    if (this.#alive())
      send({
        type: 'call-record',
        callId: this.#facts.callId,
        stereo: options.stereo !== false,
        wish: recordWish(options, 'record'),
      });
  }

  handleTones(doHandle: unknown, _supportedDtmfTypes?: unknown): void {
    if (this.#alive()) send({ type: 'call-handle-tones', callId: this.#facts.callId, on: Boolean(doHandle) });
  }
  sendDigits(digits: unknown): void {
    const cleaned = text(digits)
      .toUpperCase()
      .replace(/P/g, 'p')
      .replace(/[^0-9*#A-Dp]/g, '');
    if (cleaned !== '' && this.#alive())
      send({ type: 'call-send-digits', callId: this.#facts.callId, digits: cleaned.slice(0, 128) });
  }
  sendInfo(mimeType: unknown, body: unknown, headers?: unknown): void {
    if (!this.#alive()) return;
    const command = { mimeType: text(mimeType), body: text(body), headers: headersOf(headers) };
    send({ type: 'call-send-info', callId: this.#facts.callId, ...command });
  }

  sendMessage(message: unknown): void {
    if (this.#alive()) send({ type: 'call-send-message', callId: this.#facts.callId, text: text(message) });
  }

  /** Ours, not VoxEngine's: the peer is on hold, is not heard any more, and hears what is sent to its call. */
  hold(): void {
    if (this.#alive()) send({ type: 'call-hold', callId: this.#facts.callId });
  }
  unhold(): void {
    if (this.#alive()) send({ type: 'call-unhold', callId: this.#facts.callId });
  }

  /** No phone says over SIP whether its microphone is muted, so that no event comes. */
  handleMicStatus(_handle: unknown): void {}

  handleBlindTransfer(handle: unknown): void {
    if (this.#alive())
      send({ type: 'call-handle-transfer', callId: this.#facts.callId, on: Boolean(handle) });
  }
  notifyBlindTransferSuccess(): void {
    this.#transferResult(200, '');
  }
  notifyBlindTransferFailed(code?: unknown, reason?: unknown): void {
    const status = Math.trunc(Number(code));
    this.#transferResult(status >= 300 && status <= 699 ? status : 603, text(reason).slice(0, 256));
  }

  /** Once; `frequencies` in Hz, by default any from 400 to 2200; `timeout` in milliseconds, by default none. */
  enableBeepDetection(parameters?: unknown): void {
    const { frequencies, timeout } = isObject(parameters) ? parameters : {};
    const wanted = (Array.isArray(frequencies) ? frequencies : []).map(Number);
    const ms = Number(timeout);
    if (this.#alive())
      send({
        type: 'amd-beep-start',
        callId: this.#facts.callId,
        frequencies: wanted.filter((one) => one >= 200 && one <= 3800).slice(0, 10),
        timeoutMs: ms > 0 ? Math.round(Math.min(3_600_000, Math.max(1, ms))) : 0,
      });
  }
  disableBeepDetection(): void {
    if (this.#alive()) send({ type: 'amd-beep-stop', callId: this.#facts.callId });
  }

  sendMediaTo(mediaUnit: unknown, parameters?: unknown): void {
    connect(this, mediaUnit, 'Call.sendMediaTo', parameters);
  }
  stopMediaTo(mediaUnit: unknown, parameters?: unknown): void {
    disconnect(this, mediaUnit, 'Call.stopMediaTo', parameters);
  }

  #alive(): boolean {
    return this.#state !== 'TERMINATED';
  }

  #simple(
    type: 'call-answer' | 'call-ring' | 'call-early-media' | 'call-hangup',
    extraHeaders: unknown,
  ): void {
    if (this.#alive()) send({ type, callId: this.#facts.callId, headers: headersOf(extraHeaders) });
  }

  /** Also after the end: a phone that asks for a transfer hangs up long before it is made. */
  #transferResult(code: number, reason: string): void {
    send({ type: 'call-transfer-result', callId: this.#facts.callId, code, reason });
  }

  #play(source: Extract<Parameters<typeof send>[0], { type: 'call-play' }>['source'], loop: boolean): void {
    if (this.#alive()) send({ type: 'call-play', callId: this.#facts.callId, source, loop });
  }

  /** Changes the state, then tells the listeners. Only call-deliver.ts gets to this. */
  static deliver(call: Call, name: string, state: State | undefined, payload: object): void {
    if (state !== undefined && state !== call.#state) {
      const oldState = call.#state;
      call.#state = state;
      call.#emit('Call.StateChanged', { oldState, newState: state });
    }
    call.#emit(name, payload);
  }

  #emit(name: string, payload: object): void {
    this.#listeners.emit(name, { call: this, name, id: this.#facts.callId, ...payload });
  }
}

/** The way in for events; the modules of the API are out of a script's reach. */
export const deliver = Call.deliver;
// Scripts reach the class by `call.constructor`; the way in for events must not be there.
Reflect.deleteProperty(Call, 'deliver');
