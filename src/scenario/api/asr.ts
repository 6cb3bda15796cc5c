/**
 * `VoxEngine.createASR` and what it makes (voximplant.com/docs/references/voxengine/asr). Recognition runs from the
 * beginning and goes on after each result until `stop()`; it hears what is sent to it with `sendMediaTo`.
 */
import type { AsrEvent } from '../parts/asr-protocol.ts';
import { ASRLanguage, ASRModelList, ASRProfileList } from './asr-lists.ts';
import { recognisedLanguage } from './asr-names.ts';
import { uuid } from './deterministic.ts';
import { checkedEnum } from './enums.ts';
import { eventNames, Listeners } from './events.ts';
import { text } from './headers.ts';
import { send, warn } from './host-link.ts';
import { DEFAULT_LANGUAGE, speechOptions } from './language.ts';
import { registerUnit } from './media-unit.ts';
import type { ApiPart } from './part.ts';

const EVENTS = {
  ASRError: 'ASR.Error',
  Started: 'ASR.Started',
  CaptureStarted: 'ASR.CaptureStarted',
  SpeechCaptured: 'ASR.SpeechCaptured',
  Result: 'ASR.Result',
  InterimResult: 'ASR.InterimResult',
  Stopped: 'ASR.Stopped',
};
const names = eventNames('ASREvents', EVENTS);

const MAX_PHRASES = 500;
const MAX_PHRASE = 256;

const recognisers = new Map<string, ASR>();

class ASR {
  readonly #id: string;
  readonly #language: string;
  readonly #dictionary: readonly string[];
  readonly #listeners = new Listeners(names);
  #stopped = false;

  constructor(id: string, language: string, dictionary: readonly string[]) {
    this.#id = id;
    this.#language = language;
    this.#dictionary = dictionary;
    registerUnit(this, { kind: 'asr', id }, { sends: false });
  }
  id(): string {
    return this.#id;
  }
  language(): string {
    return this.#language;
  }
  dictionary(): string[] {
    return [...this.#dictionary];
  }
  addEventListener(event: unknown, callback: unknown): void {
    this.#listeners.add(event, callback);
  }
  removeEventListener(event: unknown, callback?: unknown): void {
    this.#listeners.remove(event, callback);
  }
  /** Results of what was said before do not come any more; `Stopped` does, once. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    send({ type: 'asr-stop', asrId: this.#id });
  }
  static deliver(asr: ASR, name: string, payload: object): void {
    asr.#listeners.emit(name, { asr, name, ...payload });
  }
}

const deliver = ASR.deliver;
Reflect.deleteProperty(ASR, 'deliver');

/** What services of other clouds do beside recognition. */
const OTHERWISE = [
  'profanityFilter',
  'enableSeparateRecognitionPerChannel',
  'alternativeLanguageCodes',
  'diarizationConfig',
  'maxAlternatives',
  'adaptation',
  'enableSpokenPunctuation',
  'enableSpokenEmojis',
  'transcriptNormalization',
  'request',
];

type Options = Readonly<Record<string, unknown>>;

/** `createASR({ profile, … })`, or the older `createASR(language, dictionary)` and `createASR({ lang, dict })`. */
function createASR(parameters?: unknown, dictionary?: unknown): ASR {
  const isOptions = parameters !== null && typeof parameters === 'object' && !Array.isArray(parameters);
  const options: Options = isOptions ? (parameters as Options) : { profile: parameters, dict: dictionary };
  for (const name of OTHERWISE) {
    const value = options[name];
    if (value !== undefined && value !== false)
      warn(`createASR: ${name} is of other clouds' services; recognition goes on without it.`);
  }
  const language = languageOf(options.profile ?? options.lang ?? options.language);
  const phrases = phrasesOf(options);
  const id = uuid();
  const asr = new ASR(id, language, phrases);
  recognisers.set(id, asr);
  send({
    type: 'asr-create',
    asrId: id,
    language,
    phrases,
    interim: options.interimResults === true,
    singleUtterance: options.singleUtterance !== false,
  });
  return asr;
}

function languageOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') {
    const language = recognisedLanguage(value) ?? speechOptions(value).language;
    return /^[A-Za-z0-9-]{0,35}$/.test(language) ? language : DEFAULT_LANGUAGE;
  }
  if (value === '') return '';
  warn(
    `createASR needs a profile, such as ASRProfileList.Google.en_US; ${DEFAULT_LANGUAGE} will be recognised.`,
  );
  return DEFAULT_LANGUAGE;
}

/** `phraseHints`, the older `dict`, and the phrases of `speechContexts` are one list here. */
function phrasesOf({ phraseHints, dict, speechContexts }: Options): string[] {
  const contexts = list(speechContexts).flatMap((one) =>
    list((one as { phrases?: unknown } | null)?.phrases),
  );
  const all = [...list(phraseHints), ...list(dict), ...contexts];
  if (all.length > MAX_PHRASES) warn(`createASR: phrases after the first ${MAX_PHRASES} are left out.`);
  return all
    .slice(0, MAX_PHRASES)
    .map((phrase) => text(phrase).slice(0, MAX_PHRASE))
    .filter((phrase) => phrase !== '');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function on(name: string, payload: (event: AsrEvent) => object): (event: AsrEvent) => void {
  return (event) => {
    const asr = recognisers.get(event.asrId);
    if (event.type === 'asr-stopped') recognisers.delete(event.asrId);
    if (asr !== undefined) deliver(asr, name, payload(event));
  };
}

const nothing = (): object => ({});

export const asr: ApiPart = {
  globals: { ASREvents: checkedEnum('ASREvents', EVENTS), ASRLanguage, ASRProfileList, ASRModelList },
  members: { VoxEngine: { createASR } },
  modules: ['asr'],
  deliver: {
    'asr-started': on(EVENTS.Started, nothing),
    'asr-capture-started': on(EVENTS.CaptureStarted, nothing),
    'asr-speech-captured': on(EVENTS.SpeechCaptured, nothing),
    'asr-interim': on(EVENTS.InterimResult, (event) =>
      event.type === 'asr-interim' ? { text: event.text } : {},
    ),
    'asr-result': on(EVENTS.Result, (event) => (event.type === 'asr-result' ? event.result : {})),
    'asr-error': on(EVENTS.ASRError, (event) => (event.type === 'asr-error' ? { error: event.error } : {})),
    'asr-stopped': on(EVENTS.Stopped, (event) =>
      event.type === 'asr-stopped' ? { cost: '0', duration: event.durationSeconds } : {},
    ),
  },
};
