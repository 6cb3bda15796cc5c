/**
 * Any server with OpenAI's two speech endpoints, `/audio/speech` and `/audio/transcriptions`: the cloud itself, or one
 * of the many that speak its protocol on the own machine.
 */
import type { Clock } from '../kernel/clock.ts';
import { Gate } from './gate.ts';
import { formBody, jsonBody, post, type SpeechServer } from './http.ts';
import { levelled, samplesOf, to8k, wavOf, wavTo8k } from './pcm.ts';
import { type RecognisedWord, RecognitionError, type RecognitionOptions } from './recognition.ts';
import {
  checkText,
  PLAIN,
  type SayOptions,
  type Synthesis,
  SynthesisError,
  type VoiceTable,
  voiceOf,
} from './synthesis.ts';
import type { Transcriber, UtteranceText } from './utterance-stream.ts';

export interface OpenAiOptions extends SpeechServer {
  readonly clock: Clock;
  readonly model: string;
  readonly timeoutMs: number;
  readonly parallel: number;
}

/** Ten minutes of 16 bit at 48 kHz. */
const MAX_SOUND = 10 * 60 * 48_000 * 2;
const MAX_TEXT = 1024 * 1024;
/** Of `response_format: pcm`. */
const PCM_RATE = 24_000;

export class OpenAiSynthesis implements Synthesis {
  readonly #options: OpenAiOptions & { readonly voices: VoiceTable; readonly format: 'wav' | 'pcm' };
  readonly #gate: Gate;

  constructor(options: OpenAiOptions & { readonly voices: VoiceTable; readonly format: 'wav' | 'pcm' }) {
    this.#options = options;
    const { name, clock, parallel, timeoutMs } = options;
    this.#gate = new Gate({ name, clock, parallel, timeoutMs });
  }

  async say(text: string, options: SayOptions): Promise<Int16Array> {
    checkText(text);
    if (text.trim() === '') return new Int16Array(0);
    const { model, voices, format, name } = this.#options;
    const { speed, gainDb } = options.tuning ?? PLAIN;
    const body = jsonBody({
      model,
      input: text,
      voice: voiceOf(voices, options) ?? 'alloy',
      response_format: format,
      // Its own bounds. Pitch is not among what can be asked for.
      speed: Math.min(4, Math.max(0.25, speed)),
    });
    const sound = await this.#gate.run((signal) =>
      post(this.#options, '/audio/speech', body, { signal, maxBytes: MAX_SOUND }),
    );
    if (sound.length < 2) throw new SynthesisError(`${name} gave no sound.`);
    if (format === 'pcm') return levelled(await to8k(samplesOf(sound), PCM_RATE), gainDb);
    try {
      return levelled(await wavTo8k(sound), gainDb);
    } catch {
      throw new SynthesisError(`${name} gave something that is no WAV.`);
    }
  }
}

export class OpenAiTranscriber implements Transcriber {
  readonly rate = 16_000;
  readonly gate: Gate;
  readonly #options: OpenAiOptions;

  constructor(options: OpenAiOptions) {
    this.#options = options;
    const { name, clock, parallel, timeoutMs } = options;
    this.gate = new Gate({ name, clock, parallel, timeoutMs });
  }

  get name(): string {
    return this.#options.name;
  }

  async transcribe(
    samples: Int16Array,
    { language, phrases }: RecognitionOptions,
    signal: AbortSignal,
  ): Promise<UtteranceText> {
    const { model } = this.#options;
    const form = new FormData();
    form.set(
      'file',
      new Blob([new Uint8Array(wavOf(samples, this.rate))], { type: 'audio/wav' }),
      'speech.wav',
    );
    form.set('model', model);
    // ISO 639-1, without the country.
    const code = language.split('-')[0] ?? '';
    if (code.length === 2) form.set('language', code);
    if (phrases.length > 0) form.set('prompt', phrases.join(', ').slice(0, 1000));
    // The models that came after Whisper give no times.
    form.set('response_format', /whisper/i.test(model) ? 'verbose_json' : 'json');
    const answer = await post(this.#options, '/audio/transcriptions', await formBody(form), {
      signal,
      maxBytes: MAX_TEXT,
    });
    return readTranscription(answer, this.name, samples.length / this.rate);
  }
}

interface Segment {
  readonly start?: unknown;
  readonly end?: unknown;
  readonly text?: unknown;
  readonly avg_logprob?: unknown;
}

function readTranscription(answer: Buffer, name: string, seconds: number): UtteranceText {
  let value: { text?: unknown; segments?: unknown; words?: unknown } | null;
  try {
    value = JSON.parse(answer.toString('utf8')) as typeof value;
  } catch {
    value = null;
  }
  if (typeof value?.text !== 'string')
    throw new RecognitionError(`${name} gave something that is no transcription.`);
  const list = (one: unknown): readonly unknown[] => (Array.isArray(one) ? one.slice(0, 5000) : []);
  const segments = list(value.segments) as readonly Segment[];
  const parts = (value.words === undefined ? segments : list(value.words)) as readonly (Segment & {
    word?: unknown;
  })[];
  const logs = segments.map(({ avg_logprob: log }) => log).filter((log) => typeof log === 'number');
  const words: RecognisedWord[] = parts.flatMap(({ word, text = word, start, end }) =>
    typeof text === 'string' && isTime(start, seconds) && isTime(end, seconds)
      ? [{ text: text.trim(), startSeconds: start, endSeconds: end, confidence: undefined }]
      : [],
  );
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  return {
    text: value.text.trim(),
    confidence: logs.length === 0 ? undefined : Math.min(1, Math.max(0, Math.exp(mean))),
    words,
  };
}

/** Whisper's times may lie a little beyond the end. */
function isTime(value: unknown, seconds: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= seconds + 30;
}
