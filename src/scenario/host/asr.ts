/** Recognisers of a session: sound by a `MediaListener` to a `RecognitionStream`, and what it says to the script. */
import type { TimerHandle } from '../../kernel/clock.ts';
import type { MediaListener } from '../../media/engine.ts';
import type { Recognised, RecognitionStream } from '../../speech/recognition.ts';
import { SpeechError } from '../../speech/speech-error.ts';
import type { AsrCommand } from '../parts/asr-protocol.ts';
import type { HostPart } from './host-part.ts';
import type { SessionContext } from './session-context.ts';

type Create = Extract<AsrCommand, { type: 'asr-create' }>;

interface Recogniser {
  readonly command: Create;
  stream: RecognitionStream | undefined;
  listener: MediaListener | undefined;
  /** Samples heard, and their rate. */
  heard: number;
  rate: number;
  speaking: boolean;
  /** No sound came for a while, though somebody was speaking: `stopMediaTo`, or the call ended. */
  pause: TimerHandle | undefined;
}

const CHUNK_MS = 100;
const PAUSE_MS = 500;
/** Silence after which somebody has said what they wanted to say. */
const UTTERANCE_MS = 700;
/** With `singleUtterance: false` a result may hold several sentences. */
const LONG_PAUSE_MS = 2000;
const MAX_TEXT = 8192;

export class SessionRecognisers implements HostPart {
  readonly #context: SessionContext;
  readonly #open = new Map<string, Recogniser>();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  run(command: AsrCommand): void {
    if (command.type === 'asr-create') this.#create(command);
    else this.#stop(command.asrId);
  }

  close(): void {
    for (const one of this.#open.values()) this.#silence(one);
    this.#open.clear();
  }

  #create(command: Create): void {
    const { services, post } = this.#context;
    const { asrId, language, phrases, singleUtterance } = command;
    if (this.#open.has(asrId)) return;
    const one: Recogniser = {
      command,
      stream: undefined,
      listener: undefined,
      heard: 0,
      rate: 8000,
      speaking: false,
      pause: undefined,
    };
    if (this.#open.size >= services.limits.recognisers) {
      this.#fail(one, `A session has at most ${services.limits.recognisers} recognisers.`);
      return;
    }
    const { recognition } = services;
    if (recognition === undefined) {
      this.#fail(one, 'No recognition is configured.');
      return;
    }
    try {
      const endSilenceMs = singleUtterance ? UTTERANCE_MS : LONG_PAUSE_MS;
      one.stream = recognition.open({ language, phrases, endSilenceMs });
    } catch (error) {
      this.#fail(one, error instanceof SpeechError ? error.message : 'The recognition could not be begun.');
      return;
    }
    this.#open.set(asrId, one);
    this.#listen(one, one.stream);
    const { events } = one.stream;
    events.on('ready', () => post({ type: 'asr-started', asrId }));
    events.on('speechStarted', () => {
      one.speaking = true;
      post({ type: 'asr-capture-started', asrId });
    });
    events.on('speechEnded', () => {
      one.speaking = false;
      post({ type: 'asr-speech-captured', asrId });
    });
    events.on('interim', ({ text }) => {
      if (command.interim) post({ type: 'asr-interim', asrId, text: text.slice(0, MAX_TEXT) });
    });
    events.on('result', (result) => this.#result(command, result));
    events.on('failed', ({ error, fatal }) => {
      if (fatal) this.#fail(one, error);
      else post({ type: 'asr-error', asrId, error });
    });
  }

  #listen(one: Recogniser, stream: RecognitionStream): void {
    const { media, graph } = this.#context;
    one.rate = stream.rate;
    one.listener = media.createListener({ rate: stream.rate, chunkMs: CHUNK_MS });
    one.listener.events.on('audio', ({ samples }) => {
      one.heard += samples.length;
      stream.write(samples);
      this.#watchPause(one, stream);
    });
    graph.addSink(`asr:${one.command.asrId}`, one.listener);
  }

  #watchPause(one: Recogniser, stream: RecognitionStream): void {
    const { clock } = this.#context.services;
    clock.clearTimeout(one.pause);
    one.pause = one.speaking ? clock.setTimeout(() => stream.flush(), PAUSE_MS) : undefined;
  }

  #result({ asrId, language }: Create, { text, confidence, endSeconds }: Recognised): void {
    this.#context.post({
      type: 'asr-result',
      asrId,
      result: {
        text: text.slice(0, MAX_TEXT),
        // Whoever tells none is believed: scripts compare it with what they find acceptable.
        confidence: Math.round((confidence ?? 1) * 100),
        resultEndTime: Math.round(endSeconds * 1000) / 1000,
        channelTag: 1,
        languageCode: language,
      },
    });
  }

  #stop(asrId: string): void {
    const one = this.#open.get(asrId);
    this.#open.delete(asrId);
    if (one !== undefined) this.#silence(one);
    // One that has failed is gone already; its script waits for the event all the same.
    const durationSeconds = one === undefined ? 0 : one.heard / one.rate;
    this.#context.post({ type: 'asr-stopped', asrId, durationSeconds });
  }

  /** It recognises no more. */
  #fail(one: Recogniser, error: string): void {
    this.#open.delete(one.command.asrId);
    this.#silence(one);
    this.#context.post({ type: 'asr-error', asrId: one.command.asrId, error });
  }

  #silence(one: Recogniser): void {
    this.#context.services.clock.clearTimeout(one.pause);
    one.pause = undefined;
    one.stream?.close();
    one.listener?.close();
    one.stream = undefined;
    one.listener = undefined;
    this.#context.graph.remove(`asr:${one.command.asrId}`);
  }
}
