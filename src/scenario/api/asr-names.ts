/** Names of languages as `ASRLanguage` and `ASRProfileList` spell them. */
import { warn } from './host-link.ts';
import { DEFAULT_LANGUAGE, languageFrom, nearLanguage } from './language.ts';

/** `ENGLISH_US`, `CHINESE_MANDARIN_CN` → BCP 47. */
function fromCapitals(name: string): string | undefined {
  const parts = /^([A-Z]+)(?:_[A-Z]+)*?_([A-Z]{2})$/.exec(name);
  return parts === null ? undefined : languageFrom(parts[2] as string, parts[1] as string);
}

/** `ru_RU`, `cmn_Hans_CN`, `zh`, `es_419` → BCP 47; `auto` and `multi` leave it to the provider. */
function fromLocale(name: string): string | undefined {
  if (/^(?:auto|multi)$/i.test(name)) return '';
  const parts = /^([a-z]{2,3})(?:[_-][A-Z][a-z]{3})?(?:[_-]([A-Z]{2}|\d{3}))?$/.exec(name);
  if (parts === null) return undefined;
  return parts[2] === undefined ? parts[1] : `${parts[1]}-${parts[2]}`;
}

/** BCP 47 for whatever spelling; undefined when it says nothing. */
export function recognisedLanguage(name: string): string | undefined {
  return fromLocale(name) ?? fromCapitals(name);
}

/** A list whose members are languages. Reading one that says none warns and gives the default. */
export function checkedName(list: string): Readonly<Record<string, string>> {
  return new Proxy(Object.freeze({}), {
    get: (_, key) => {
      if (typeof key !== 'string' || key === 'then' || key === 'toJSON') return undefined;
      const language = recognisedLanguage(key);
      if (language !== undefined) return language;
      const [, name = '', rest = ''] = /^([A-Z]+)((?:_[A-Z]+)*)$/.exec(key) ?? [];
      const near = nearLanguage(name);
      const hint = near === undefined || near === name ? '' : ` Did you mean ${list}.${near}${rest}?`;
      warn(`${list}.${key} is not known here; ${DEFAULT_LANGUAGE} will be recognised.${hint}`);
      return DEFAULT_LANGUAGE;
    },
  });
}
