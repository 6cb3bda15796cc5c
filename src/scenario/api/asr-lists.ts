/**
 * The constants that name languages, profiles and models of recognition. Each vendor's profile stands for its language;
 * models are of those vendors' services and mean nothing here.
 */
import { checkedName } from './asr-names.ts';
import { vendors } from './voices.ts';

const PROVIDERS = [
  'Amazon',
  'Deepgram',
  'Google',
  'Microsoft',
  'SaluteSpeech',
  'TBank',
  'Yandex',
  'YandexV3',
];

/** `ASRLanguage.RUSSIAN_RU` is `ru-RU`. */
export const ASRLanguage: Readonly<Record<string, string>> = checkedName('ASRLanguage');

/** `ASRProfileList.Google.ru_RU` is `ru-RU`. */
export const ASRProfileList = vendors('ASRProfileList', PROVIDERS, (name) =>
  checkedName(`ASRProfileList.${name}`),
);

/** `ASRModelList.Google.phone_call` is a name that nothing is done with. */
export const ASRModelList = vendors('ASRModelList', PROVIDERS, (vendor) => models(vendor));

function models(vendor: string): Readonly<Record<string, string>> {
  return new Proxy(Object.freeze({}), {
    get: (_, key) =>
      typeof key !== 'string' || key === 'then' || key === 'toJSON' ? undefined : `${vendor}.${key}`,
  });
}
