/** `PhoneNumber.getInfo`: an answer without a turn, since it depends on nothing but its arguments. */
import { text } from './headers.ts';
import { parseJson, phoneInfo } from './host-link.ts';
import type { ApiPart } from './part.ts';

function getInfo(number: unknown, country?: unknown): unknown {
  return parseJson(phoneInfo(text(number).slice(0, 250), text(country).slice(0, 8)));
}

export const phoneNumber: ApiPart = { globals: { PhoneNumber: { getInfo } } };
