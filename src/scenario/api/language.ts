/**
 * `Language.RU_RUSSIAN_FEMALE` and `VoiceList.Google.ru_RU_Standard_A` name voices of other people's clouds. What can be
 * honoured of them is the language: country and language name, or the locale at the front.
 */
import { warn } from './host-link.ts';

/** A voice of `VoiceList`: provider, name and the language that the name begins with. */
export interface Voice {
  readonly provider: string;
  readonly name: string;
  readonly language: string;
}

const LANGUAGE_CODES: Readonly<Record<string, string>> = {
  ENGLISH: 'en',
  RUSSIAN: 'ru',
  SPANISH: 'es',
  GERMAN: 'de',
  FRENCH: 'fr',
  ITALIAN: 'it',
  PORTUGUESE: 'pt',
  POLISH: 'pl',
  TURKISH: 'tr',
  DUTCH: 'nl',
  SWEDISH: 'sv',
  DANISH: 'da',
  NORWEGIAN: 'nb',
  FINNISH: 'fi',
  CZECH: 'cs',
  HUNGARIAN: 'hu',
  ROMANIAN: 'ro',
  GREEK: 'el',
  JAPANESE: 'ja',
  KOREAN: 'ko',
  CHINESE: 'cmn',
  HINDI: 'hi',
  ARABIC: 'ar',
  KAZAKH: 'kk',
  UKRAINIAN: 'uk',
  CATALAN: 'ca',
  BULGARIAN: 'bg',
  INDONESIAN: 'id',
  VIETNAMESE: 'vi',
};

const DEFAULT_LANGUAGE = 'en-US';

/** `XX_LANGUAGE_GENDER` → BCP 47, e.g. `RU_RUSSIAN_FEMALE` → `ru-RU`. */
function fromOldName(name: string): string | undefined {
  const parts = /^([A-Z]{2})_([A-Z]+)/.exec(name);
  const code = parts === null ? undefined : LANGUAGE_CODES[parts[2] as string];
  return code === undefined ? undefined : `${code}-${(parts as RegExpExecArray)[1]}`;
}

function fromVoiceName(name: string): string | undefined {
  const parts = /^([a-z]{2,3})[_-]([A-Z]{2})(?:[_-]|$)/.exec(name);
  return parts === null ? undefined : `${parts[1]}-${parts[2]}`;
}

/** Every name in capitals is a constant of its own value, as it is in VoxEngine's. */
export const Language: Readonly<Record<string, string>> = new Proxy(Object.freeze({}), {
  get: (_, key) => {
    if (typeof key !== 'string' || !/^[A-Z]{2}_[A-Z_0-9]+$/.test(key)) return undefined;
    if (fromOldName(key) === undefined)
      warn(`Language.${key} is not known here; ${DEFAULT_LANGUAGE} will be spoken.`);
    return key;
  },
});

function vendor(provider: string): unknown {
  return new Proxy(Object.freeze({}), {
    get: (_, key) => {
      if (typeof key !== 'string' || key === 'then' || key === 'toJSON') return undefined;
      if (key === 'Neural') return vendor(`${provider}.Neural`);
      return Object.freeze({
        provider,
        name: key,
        language: fromVoiceName(key) ?? fromOldName(key) ?? DEFAULT_LANGUAGE,
      });
    },
  });
}

const VENDORS = [
  'Amazon',
  'Default',
  'ElevenLabs',
  'Google',
  'IBM',
  'Microsoft',
  'SaluteSpeech',
  'TBank',
  'Yandex',
  'YandexV3',
];
export const VoiceList: Readonly<Record<string, unknown>> = Object.freeze(
  Object.fromEntries(VENDORS.map((name) => [name, vendor(name)])),
);

/** Second argument of `say` and `createTTSPlayer`: `Language.X`, a voice, a BCP 47 tag, or `{ voice | language }`. */
export function speechOptions(value: unknown): { readonly language: string; readonly voice: string } {
  if (typeof value === 'string') return fromText(value);
  if (value === null || typeof value !== 'object') return { language: DEFAULT_LANGUAGE, voice: '' };
  const options = value as { voice?: unknown; language?: unknown; provider?: unknown; name?: unknown };
  if (typeof options.provider === 'string' && typeof options.name === 'string')
    return fromVoice(options as unknown as Voice);
  if (options.voice !== null && typeof options.voice === 'object') return fromVoice(options.voice as Voice);
  return fromText(String(options.voice ?? options.language ?? DEFAULT_LANGUAGE));
}

function fromText(text: string): { language: string; voice: string } {
  const old = fromOldName(text);
  if (old !== undefined) return { language: old, voice: '' };
  if (/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/.test(text)) return { language: text, voice: '' };
  return { language: fromVoiceName(text) ?? DEFAULT_LANGUAGE, voice: text.slice(0, 128) };
}

function fromVoice(voice: Voice): { language: string; voice: string } {
  if (voice.provider !== 'Default') {
    warn(
      `Voices of ${voice.provider} are not here; the configured synthesis speaks ${voice.language} instead.`,
    );
  }
  return { language: String(voice.language), voice: '' };
}
