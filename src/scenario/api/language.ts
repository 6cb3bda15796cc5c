/**
 * What a script says of the language and the voice that it wants, in all spellings: `Language.RU_RUSSIAN_FEMALE`, a voice
 * of `VoiceList`, BCP 47, or an options object with one of them.
 */
import { warn } from './host-link.ts';
import { nearest } from './nearest.ts';
import { type Gender, genderOf, languageOfName, type Voice, VoiceList } from './voices.ts';

export { VoiceList };

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
  SLOVAK: 'sk',
  HUNGARIAN: 'hu',
  ROMANIAN: 'ro',
  GREEK: 'el',
  HEBREW: 'he',
  JAPANESE: 'ja',
  KOREAN: 'ko',
  CHINESE: 'cmn',
  MANDARIN: 'cmn',
  HINDI: 'hi',
  ARABIC: 'ar',
  KAZAKH: 'kk',
  UKRAINIAN: 'uk',
  CATALAN: 'ca',
  BULGARIAN: 'bg',
  CROATIAN: 'hr',
  SERBIAN: 'sr',
  SLOVENIAN: 'sl',
  ICELANDIC: 'is',
  WELSH: 'cy',
  THAI: 'th',
  PERSIAN: 'fa',
  FILIPINO: 'fil',
  INDONESIAN: 'id',
  VIETNAMESE: 'vi',
};
const LANGUAGES = Object.keys(LANGUAGE_CODES);

export const DEFAULT_LANGUAGE = 'en-US';

/** ISO 3166, where people say otherwise. */
const COUNTRIES: Readonly<Record<string, string>> = {
  UK: 'GB',
  EN: 'US',
  GE: 'DE',
  JA: 'JP',
  SW: 'SE',
  CZ: 'CZ',
};

/** `RU` and `RUSSIAN` → `ru-RU`. */
export function languageFrom(country: string, language: string): string | undefined {
  const code = LANGUAGE_CODES[language];
  return code === undefined ? undefined : `${code}-${COUNTRIES[country] ?? country}`;
}

/** A language's name that was misspelled. */
export function nearLanguage(name: string): string | undefined {
  return nearest(name, LANGUAGES);
}

/** `XX_LANGUAGE_GENDER` → BCP 47, e.g. `RU_RUSSIAN_FEMALE` → `ru-RU`. */
function fromOldName(name: string): string | undefined {
  const parts = /^([A-Z]{2})_([A-Z]+)/.exec(name);
  return parts === null ? undefined : languageFrom(parts[1] as string, parts[2] as string);
}

function genderOfOldName(name: string): Gender | undefined {
  const parts = /_(FEMALE|MALE)(?:_|$)/.exec(name);
  return parts === null ? undefined : parts[1] === 'FEMALE' ? 'female' : 'male';
}

/** Every name in capitals is a constant of its own value, as it is in VoxEngine's. */
export const Language: Readonly<Record<string, string>> = new Proxy(Object.freeze({}), {
  get: (_, key) => {
    if (typeof key !== 'string' || key === 'then' || key === 'toJSON') return undefined;
    if (fromOldName(key) === undefined) {
      const [, country = '', language = '', rest = ''] = /^([A-Z]{2})_([A-Z]+)(.*)$/.exec(key) ?? [];
      const near = nearLanguage(language);
      const hint = near === undefined ? '' : ` Did you mean Language.${country}_${near}${rest}?`;
      warn(`Language.${key} is not known here; ${DEFAULT_LANGUAGE} will be spoken.${hint}`);
    }
    return key;
  },
});

/** What the host's synthesis is told. */
export interface SpokenBy {
  readonly language: string;
  readonly voice: string;
  readonly gender?: Gender;
}

/** Second argument of `say` and `createTTSPlayer`: `Language.X`, a voice, a BCP 47 tag, or `{ voice | language }`. */
export function speechOptions(value: unknown): SpokenBy {
  if (typeof value === 'string') return fromText(value);
  if (value === null || typeof value !== 'object') return spoken(DEFAULT_LANGUAGE, '');
  const options = value as { voice?: unknown; language?: unknown; provider?: unknown; name?: unknown };
  if (typeof options.provider === 'string' && typeof options.name === 'string')
    return fromVoice(options as unknown as Voice);
  if (options.voice !== null && typeof options.voice === 'object') return fromVoice(options.voice as Voice);
  return fromText(String(options.voice ?? options.language ?? DEFAULT_LANGUAGE));
}

function spoken(language: string, voice: string, gender?: Gender): SpokenBy {
  return gender === undefined ? { language, voice } : { language, voice, gender };
}

function fromText(text: string): SpokenBy {
  const old = fromOldName(text);
  if (old !== undefined) return spoken(old, '', genderOfOldName(text));
  if (/^[A-Z]{2}_[A-Z]/.test(text)) return spoken(DEFAULT_LANGUAGE, '', genderOfOldName(text));
  if (/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/.test(text)) return spoken(text.slice(0, 35), '');
  const language = languageOfName(text);
  if (language !== undefined) return spoken(language, '', genderOf(text, language));
  return spoken(DEFAULT_LANGUAGE, text.slice(0, 128));
}

function fromVoice(voice: Voice): SpokenBy {
  const named = /^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/.test(String(voice.language));
  const language = named ? String(voice.language) : DEFAULT_LANGUAGE;
  if (voice.provider !== 'Default')
    warn(`Voices of ${voice.provider} are not here; the configured synthesis speaks ${language} instead.`);
  const { gender } = voice;
  return spoken(language, '', gender === 'female' || gender === 'male' ? gender : undefined);
}
