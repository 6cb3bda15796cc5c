/** Single keys of `maskline scenario run` on a terminal, and the commands that they stand for. */

export const TERMINAL_KEYS = `  c call in      r ring      a answer      b busy      h hang up      0-9 * # press a key
  s start a session          p phones, and what they hear              space 1 s, . 10 s, m 1 minute pass
  : a whole command, such as ": http 200 {…}", ": press 1 42#" or ": call +44… +44…"      ? this      q quit`;

const KEYS: Readonly<Record<string, string>> = {
  ...{ c: 'call', r: 'ring', a: 'answer', b: 'busy', h: 'hangup', s: 'start', p: 'phones', q: 'quit' },
  ...{ ' ': 'wait 1', '.': 'wait 10', m: 'wait 60' },
};

/** Undefined for a key that means nothing. Digits are pressed on the newest phone that is connected. */
export function lineOfKey(key: string): string | undefined {
  return /^[0-9*#]$/.test(key) ? `press ${key}` : KEYS[key];
}
