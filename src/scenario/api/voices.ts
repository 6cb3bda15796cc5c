/**
 * `VoiceList.Google.ru_RU_Standard_A` names a voice of other people's clouds. What can be honoured of it is the language
 * that the name begins with, and whether it is a woman's or a man's voice, where that is known.
 */
import { warn } from './host-link.ts';
import { nearest } from './nearest.ts';

/** A voice of `VoiceList`. */
export interface Voice {
  readonly provider: string;
  readonly name: string;
  readonly language: string;
  readonly gender: Gender | undefined;
}

export type Gender = 'female' | 'male';

const FEMALE = [
  'alena jane omazh dasha julia lera masha marina oksana saule madina amira alyona tatyana svetlana dariya ekaterina irina',
  'joanna kendra kimberly salli ivy ruth danielle amy emma olivia nicole aria ayanda raveena kajal celine lea gabrielle',
  'marlene vicki hannah conchita lucia mia lupe penelope bianca carla vitoria camila ines ewa maja ola filiz zeina',
  'astrid liv naja hala jenny michelle ana jessa sara katja vivienne denise elvira dalia francisca zofia agnieszka emel',
  'nec may ost natalya marfa rachel bella elli domi dorothy charlotte lily sarah female',
];
const MALE = [
  'filipp ermil madirus zahar alexander kirill anton maxim dmitry dorofeev boris taras sergey nikolay',
  'matthew justin joey kevin stephen gregory brian arthur russell mathieu remi hans daniel enrique sergio miguel pedro',
  'andres giorgio adriano ricardo cristiano jacek jan ruben mads karl takumi guy eric davis tony jason ryan conrad henri',
  'alvaro jorge antonio marek ahmet bys tur adam antoni arnold josh sam callum harry liam male',
];
const BY_NAME = new Map<string, Gender>([
  ...FEMALE.flatMap((line) => line.split(' ')).map((name) => [name, 'female'] as const),
  ...MALE.flatMap((line) => line.split(' ')).map((name) => [name, 'male'] as const),
]);

/** Google's letters mean something else in each language. */
const BY_LETTER: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'ru-RU': { female: 'ACE', male: 'BD' },
  'en-US': { female: 'CEFGH', male: 'ABDIJ' },
  'en-GB': { female: 'ACF', male: 'BDO' },
};

export function genderOf(name: string, language: string): Gender | undefined {
  const last = name.split('_').at(-1) ?? '';
  if (/^[A-Z]$/.test(last)) {
    const letters = BY_LETTER[language];
    if (letters?.female?.includes(last)) return 'female';
    return letters?.male?.includes(last) === true ? 'male' : undefined;
  }
  const plain = last.replace(/(?:Multilingual)?Neural.*$/, '').toLowerCase();
  return BY_NAME.get(plain);
}

/** `ru_RU_alena`, `ru-RU-SvetlanaNeural` → `ru-RU`. */
export function languageOfName(name: string): string | undefined {
  const parts = /^([a-z]{2,3})[_-](?:[A-Z][a-z]{3}[_-])?([A-Z]{2})(?:[_-]|$)/.exec(name);
  return parts === null ? undefined : `${parts[1]}-${parts[2]}`;
}

function voice(provider: string, name: string): Voice {
  const language = languageOfName(name) ?? '';
  return Object.freeze({ provider, name, language, gender: genderOf(name, language) });
}

function vendor(provider: string): unknown {
  return new Proxy(Object.freeze({}), {
    get: (_, key) => {
      if (typeof key !== 'string' || key === 'then' || key === 'toJSON') return undefined;
      return key === 'Neural' ? vendor(`${provider}.Neural`) : voice(provider, key);
    },
  });
}

/** An unknown vendor has voices like any other: a script must not break over a name. */
export function vendors<T>(
  list: string,
  names: readonly string[],
  make: (name: string) => T,
): Readonly<Record<string, T>> {
  const known: Record<string, T> = Object.fromEntries(names.map((name) => [name, make(name)]));
  return new Proxy(Object.freeze(known), {
    get(target, key) {
      if (typeof key === 'symbol' || key in target) return Reflect.get(target, key) as unknown;
      if (key === 'then' || key === 'toJSON') return undefined;
      const near = nearest(key, names);
      warn(`${list}.${key} does not exist.${near === undefined ? '' : ` Did you mean ${list}.${near}?`}`);
      return target[near ?? 'Default'] ?? make(key);
    },
  });
}

export const VoiceList = vendors(
  'VoiceList',
  [
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
  ],
  vendor,
);
