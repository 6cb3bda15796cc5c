/**
 * The number that a URI names (PITFALLS row 24): `tel:` with separators and `phone-context`, `sip:` with an escaped or
 * national user part, or an account name.
 */
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { Params, Uri } from '../message/types.ts';
import { isSipUri, isTelUri } from '../message/uri.ts';
import { type InboundSpelling, respell } from './number-format.ts';

/** Undefined when the URI names nobody: no user part, or a scheme without one. */
export function numberOfUri(uri: Uri, spelling: InboundSpelling = {}): PhoneNumber | undefined {
  if (isTelUri(uri)) return subscriber(uri.number, uri.params.get('phone-context') ?? undefined, spelling);
  if (!isSipUri(uri) || uri.user === undefined || uri.user === '') return undefined;
  // RFC 3261 §19.1.6: the user part may hold a whole telephone-subscriber with its parameters.
  const [number, ...params] = uri.user.split(';');
  if (params.length === 0 || !/^[+\d().\-\s]+$/.test(number!)) return read(uri.user, spelling);
  return subscriber(number!, contextIn(params) ?? contextOf(uri.params), spelling);
}

function contextIn(params: readonly string[]): string | undefined {
  const found = params.find((param) => /^phone-context=/i.test(param));
  return found?.slice(found.indexOf('=') + 1);
}

function contextOf(params: Params): string | undefined {
  return params.get('phone-context') ?? undefined;
}

/** RFC 3966 §5.1.5: a context that begins with `+` is put before a local number; a domain as context says nothing. */
function subscriber(number: string, context: string | undefined, spelling: InboundSpelling): PhoneNumber {
  const local = !number.startsWith('+');
  const global = context !== undefined && /^\+[\d().-]+$/.test(context);
  return read(local && global ? `${context}${number}` : number, spelling);
}

function read(text: string, spelling: InboundSpelling): PhoneNumber {
  return PhoneNumber.parse(respell(text, spelling), spelling.country);
}
