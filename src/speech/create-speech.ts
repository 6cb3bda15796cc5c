/** Makes the providers that the settings name. Nothing is started or connected before it is needed. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import { CachedSynthesis } from './cache.ts';
import { EspeakSynthesis } from './espeak.ts';
import { OpenAiSynthesis, OpenAiTranscriber } from './openai.ts';
import { PiperSynthesis } from './piper.ts';
import { PocketsphinxTranscriber } from './pocketsphinx.ts';
import type { Recogniser, Recognition } from './recognition.ts';
import { ScratchFolder } from './scratch.ts';
import { SherpaSynthesis, SherpaTranscriber } from './sherpa.ts';
import {
  RecognitionChoice,
  type RecognitionEntry,
  SynthesisChain,
  type SynthesisEntry,
} from './speech-service.ts';
import type { Synthesis } from './synthesis.ts';
import { UtteranceRecogniser } from './utterance-stream.ts';
import { VoskRecogniser } from './vosk.ts';

/** One entry of `speech.synthesis`; the settings have the same shape. */
export interface SynthesisSettings {
  readonly provider: 'espeak-ng' | 'openai' | 'piper' | 'sherpa-onnx';
  readonly languages: readonly string[];
  readonly voices: Readonly<Record<string, string>>;
  readonly url?: string | undefined;
  readonly key: string;
  readonly model?: string | undefined;
  readonly format: 'wav' | 'pcm';
  readonly program?: string | undefined;
  readonly arguments: readonly string[];
  readonly timeoutSeconds: number;
  readonly parallel: number;
}

/** One entry of `speech.recognition`. */
export interface RecognitionSettings {
  readonly provider: 'vosk' | 'openai' | 'pocketsphinx' | 'sherpa-onnx';
  readonly languages: readonly string[];
  readonly url?: string | undefined;
  readonly key: string;
  readonly model?: string | undefined;
  readonly program?: string | undefined;
  readonly arguments: readonly string[];
  readonly rate: 8000 | 16000;
  readonly timeoutSeconds: number;
  readonly parallel: number;
}

export interface SpeechSettings {
  readonly synthesis: readonly SynthesisSettings[];
  readonly recognition: readonly RecognitionSettings[];
}

interface Tools {
  readonly clock: Clock;
  /** Where prompts are kept and scratch files lie. */
  readonly cacheFolder: string;
}

export interface Speech {
  readonly synthesis: Synthesis;
  readonly recognition: Recognition;
}

export function createSpeech(settings: SpeechSettings, tools: Tools): Speech {
  return {
    synthesis: new SynthesisChain(synthesisEntries(settings, tools, 'cached')),
    recognition: new RecognitionChoice(recognitionEntries(settings, tools)),
  };
}

/** `fresh`: without what was said before, to find out whether a provider speaks. */
export function synthesisEntries(
  { synthesis }: SpeechSettings,
  tools: Tools,
  kind: 'cached' | 'fresh',
): readonly SynthesisEntry[] {
  const scratch = new ScratchFolder(join(tools.cacheFolder, 'synthesis'));
  return synthesis.map((one) => {
    const made = makeSynthesis(one, tools.clock, scratch);
    const entry = { languages: one.languages, name: one.provider };
    if (kind === 'fresh') return { ...entry, synthesis: made };
    const { clock, cacheFolder } = tools;
    const cached = new CachedSynthesis({
      synthesis: made,
      name: identity(one),
      folder: join(cacheFolder, 'speech'),
      clock,
    });
    return { ...entry, synthesis: cached };
  });
}

export function recognitionEntries(
  { recognition }: SpeechSettings,
  tools: Tools,
): readonly RecognitionEntry[] {
  const scratch = new ScratchFolder(join(tools.cacheFolder, 'recognition'));
  return recognition.map((one) => ({
    languages: one.languages,
    recogniser: makeRecogniser(one, tools.clock, scratch),
  }));
}

function makeSynthesis(one: SynthesisSettings, clock: Clock, scratch: ScratchFolder): Synthesis {
  const { voices, parallel, program, model = '', url = '', key, format, arguments: args } = one;
  const common = { clock, parallel, timeoutMs: one.timeoutSeconds * 1000 };
  switch (one.provider) {
    case 'espeak-ng':
      return new EspeakSynthesis({ ...common, voices, ...(program === undefined ? {} : { program }) });
    case 'openai':
      return new OpenAiSynthesis({ ...common, name: nameOf(url), url, key, model, voices, format });
    case 'piper':
      return new PiperSynthesis({ ...common, program: program ?? 'piper', model });
    case 'sherpa-onnx':
      return new SherpaSynthesis({
        ...common,
        program: program ?? 'sherpa-onnx-offline-tts',
        arguments: args,
        voices,
        scratch,
      });
  }
}

function makeRecogniser(one: RecognitionSettings, clock: Clock, scratch: ScratchFolder): Recogniser {
  const { parallel, program, model, url = '', key, arguments: args, rate } = one;
  const common = { clock, parallel, timeoutMs: one.timeoutSeconds * 1000 };
  switch (one.provider) {
    case 'vosk':
      return new VoskRecogniser({ ...common, name: 'The Vosk server', url, rate });
    case 'openai':
      return new UtteranceRecogniser(
        new OpenAiTranscriber({ ...common, name: nameOf(url), url, key, model: model ?? 'whisper-1' }),
        clock,
      );
    case 'pocketsphinx':
      return new UtteranceRecogniser(
        new PocketsphinxTranscriber({
          ...common,
          program: program ?? 'pocketsphinx_continuous',
          model: model ?? '/usr/share/pocketsphinx/model/en-us',
          scratch,
        }),
        clock,
      );
    case 'sherpa-onnx':
      return new UtteranceRecogniser(
        new SherpaTranscriber({
          ...common,
          program: program ?? 'sherpa-onnx-offline',
          arguments: args,
          scratch,
        }),
        clock,
      );
  }
}

function nameOf(url: string): string {
  return URL.canParse(url) ? `The speech server ${new URL(url).host}` : 'The speech server';
}

/** What makes a difference to how it sounds; neither keys nor time-outs. The number goes up when our own part changes. */
function identity(one: SynthesisSettings): string {
  const { provider, url, model, voices, program, arguments: args } = one;
  const parts = JSON.stringify([2, provider, url, model, voices, program, args]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 16);
}
