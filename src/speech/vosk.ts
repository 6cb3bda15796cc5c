/**
 * Vosk's server (`alphacep/kaldi-…`) over its WebSocket: samples go as they come, and each message is answered by one,
 * with what is recognised so far or with a finished utterance (`vosk-message.ts`).
 */
import WebSocket from 'ws';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import type { PcmRate } from '../media/engine.ts';
import { Endpointer } from './endpointer.ts';
import { Gate } from './gate.ts';
import { bytesOf } from './pcm.ts';
import {
  type Recogniser,
  RecognitionError,
  type RecognitionEvents,
  type RecognitionOptions,
  type RecognitionStream,
} from './recognition.ts';
import { readVoskMessage } from './vosk-message.ts';

export interface VoskOptions {
  readonly name: string;
  readonly clock: Clock;
  /** `ws://127.0.0.1:2700`. */
  readonly url: string;
  readonly rate: PcmRate;
  /** Milliseconds until the connection must be there, and that a message may go unanswered. */
  readonly timeoutMs: number;
  /** Connections at once. */
  readonly parallel: number;
}

/** Bytes of one message of the server. */
const MAX_MESSAGE = 512 * 1024;
/** Sound that may be waiting for the connection, or for answers. */
const MAX_PENDING_MS = 30_000;
/** Messages that whoever has it all at once may be ahead of the answers. */
const AHEAD = 16;
/** As the server wants it, to the letter. */
const END_OF_SOUND = '{"eof" : 1}';

export class VoskRecogniser implements Recogniser {
  readonly #options: VoskOptions;
  readonly #gate: Gate;
  readonly #open = new Set<VoskStream>();

  constructor(options: VoskOptions) {
    this.#options = options;
    const { name, clock, parallel, timeoutMs } = options;
    this.#gate = new Gate({ name, clock, parallel, timeoutMs });
  }

  get name(): string {
    return this.#options.name;
  }

  get isOpen(): boolean {
    return this.#gate.isOpen;
  }

  open(options: RecognitionOptions): RecognitionStream {
    const { name, parallel } = this.#options;
    if (this.#open.size >= parallel)
      throw new RecognitionError(`${name} has ${parallel} calls to listen to already.`, 'request');
    const stream = new VoskStream(this.#options, options, this.#gate, () => this.#open.delete(stream));
    this.#open.add(stream);
    return stream;
  }
}

class VoskStream implements RecognitionStream {
  readonly events = new Emitter<RecognitionEvents>();
  readonly #server: VoskOptions;
  readonly #gate: Gate;
  readonly #onClose: () => void;
  readonly #socket: WebSocket;
  readonly #endpointer: Endpointer;
  readonly #drained: (() => void)[] = [];
  /** Waits for the connection. */
  #early: (Buffer | string)[] = [];
  /** Milliseconds of sound of each message that has no answer yet. */
  readonly #pending: number[] = [];
  #pendingMs = 0;
  #timer: TimerHandle | undefined;
  #open = false;
  #ending = false;
  #closed = false;

  constructor(server: VoskOptions, options: RecognitionOptions, gate: Gate, onClose: () => void) {
    this.#server = server;
    this.#gate = gate;
    this.#onClose = onClose;
    this.#endpointer = new Endpointer({ rate: server.rate, endSilenceMs: options.endSilenceMs });
    this.#socket = new WebSocket(server.url, {
      maxPayload: MAX_MESSAGE,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#watch(`${server.name} cannot be reached.`);
    this.#socket.on('open', () => this.#begin(options.phrases));
    this.#socket.on('message', (data, isBinary) => this.#onMessage(isBinary ? '' : String(data)));
    this.#socket.on('error', () => this.#fail(`${server.name} cannot be reached.`));
    this.#socket.on('close', () => this.#fail(`${server.name} closed the connection.`));
  }

  get provider(): string {
    return this.#server.name;
  }

  get rate(): PcmRate {
    return this.#server.rate;
  }

  write(samples: Int16Array): void {
    if (this.#closed || this.#ending) return;
    for (const { kind } of this.#endpointer.push(samples))
      this.events.emit(kind === 'start' ? 'speechStarted' : 'speechEnded', {});
    this.#send(bytesOf(samples), (samples.length * 1000) / this.rate);
    if (this.#pendingMs > MAX_PENDING_MS) this.#fail(`${this.provider} does not keep up with what is said.`);
  }

  /** A second of silence makes the server's own end-pointer finish the utterance. */
  flush(): void {
    if (this.#closed || this.#ending || !this.#endpointer.speaking) return;
    this.write(new Int16Array(this.rate));
    if (this.#endpointer.flush().length > 0) this.events.emit('speechEnded', {});
  }

  drained(): Promise<void> {
    if (this.#closed || this.#pending.length < AHEAD) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    if (this.#endpointer.flush().length > 0) this.events.emit('speechEnded', {});
    this.#send(END_OF_SOUND, 0);
    this.#ending = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.clock.clearTimeout(this.#timer);
    this.#early = [];
    // A connection that is still being made says 'error' when it is ended; the listener takes it.
    this.#socket.terminate();
    for (const resolve of this.#drained.splice(0)) resolve();
    this.#onClose();
  }

  #begin(phrases: readonly string[]): void {
    if (this.#closed) return;
    this.#open = true;
    this.#server.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const list =
      phrases.length === 0 ? {} : { phrase_list: [...phrases.map((one) => one.toLowerCase()), '[unk]'] };
    // This one is not answered.
    this.#socket.send(JSON.stringify({ config: { sample_rate: this.rate, words: true, ...list } }));
    for (const data of this.#early.splice(0)) this.#socket.send(data);
    if (this.#pending.length > 0) this.#watch(`${this.provider} does not answer.`);
    this.events.emit('ready', {});
  }

  #send(data: Buffer | string, ms: number): void {
    this.#pending.push(ms);
    this.#pendingMs += ms;
    if (!this.#open) {
      this.#early.push(data);
      return;
    }
    this.#socket.send(data);
    if (this.#timer === undefined) this.#watch(`${this.provider} does not answer.`);
  }

  #onMessage(text: string): void {
    if (this.#closed) return;
    const message = readVoskMessage(text, this.#endpointer.position / this.rate);
    if (message === undefined) {
      this.#fail(`${this.provider} sent something that is no recognition.`);
      return;
    }
    this.#gate.note('well');
    this.#pendingMs -= this.#pending.shift() ?? 0;
    this.#server.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length > 0) this.#watch(`${this.provider} does not answer.`);
    if (message.kind === 'result') this.events.emit('result', message.result);
    else if (message.kind === 'interim') this.events.emit('interim', { text: message.text });
    if (this.#pending.length < AHEAD) for (const resolve of this.#drained.splice(0)) resolve();
    if (this.#ending && this.#pending.length === 0 && !this.#closed) {
      this.close();
      this.events.emit('ended', {});
    }
  }

  #watch(message: string): void {
    const { clock, timeoutMs } = this.#server;
    this.#timer = clock.setTimeout(() => this.#fail(message), timeoutMs);
  }

  #fail(error: string): void {
    if (this.#closed) return;
    this.close();
    this.#gate.note('failed');
    this.events.emit('failed', { error, fatal: true });
  }
}
