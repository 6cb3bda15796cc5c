import type { Body } from '../sip/dialog/types.ts';

const KEY = /^[0-9A-D*#]$/i;
/** Some phones write the event number of RFC 4733 §3.2 instead of the key. */
const EVENT_NAMES: Readonly<Record<string, string>> = { '10': '*', '11': '#' };

/** The key pressed, if the INFO carries one (`application/dtmf-relay`, `application/dtmf`; a custom, not an RFC). */
export function digitOfInfo(mimeType: string, body: string): string | undefined {
  if (mimeType === 'application/dtmf-relay') return key(/^\s*Signal\s*=\s*(\S{1,2})\s*$/im.exec(body)?.[1]);
  if (mimeType === 'application/dtmf') return key(body.trim());
  return undefined;
}

/** Media type without parameters, in lower case. */
export function mimeTypeOf(body: Body): string {
  return (body.contentType.split(';')[0] ?? '').trim().toLowerCase();
}

function key(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const named = EVENT_NAMES[text] ?? text;
  return KEY.test(named) ? named.toUpperCase() : undefined;
}
