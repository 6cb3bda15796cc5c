/** Which providers serve a language, in the order of the settings. */

export interface Served {
  /** BCP 47 or its first part; empty: every language. */
  readonly languages: readonly string[];
}

/** An empty language, when nobody knows it, is served by all. */
export function serves({ languages }: Served, language: string): boolean {
  if (languages.length === 0 || language === '') return true;
  const wanted = language.toLowerCase();
  return languages.some((one) => {
    const entry = one.toLowerCase();
    return wanted === entry || wanted.startsWith(`${entry}-`);
  });
}
