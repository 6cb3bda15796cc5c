import { SipSyntaxError } from './errors.ts';
import { lowerCase, plainHostEnd, plainNumber } from './plain.ts';
import { formatParams, parseParams, trimBlanks } from './scan.ts';
import type { Via } from './types.ts';
import { formatHostPort, parseHostPort } from './uri.ts';

/** `SIP/2.0/UDP host:port`. White space may stand around each slash and colon; the version is judged elsewhere. */
const VIA =
  /^[A-Za-z0-9.!%*_+`'~-]+\s*\/\s*[A-Za-z0-9.!%*_+`'~-]+\s*\/\s*([A-Za-z0-9.!%*_+`'~-]+)\s+([^;\s]+(?:\s*:\s*\d+)?)\s*(;[\s\S]*)?$/;

/** `SIP/2.0/UDP host:port` without white space and IPv6; see plain.ts. */
function plainVia(text: string): Via | undefined {
  if (!text.startsWith('SIP/2.0/')) return undefined;
  let blank = 8;
  while (isUpperCase(text.charCodeAt(blank))) blank++;
  if (blank === 8 || text.charCodeAt(blank) !== 0x20) return undefined;
  const hostEnd = plainHostEnd(text, blank + 1);
  if (hostEnd < 0) return undefined;
  const semicolon = text.indexOf(';', hostEnd);
  const end = semicolon < 0 ? text.length : semicolon;
  const transport = text.slice(8, blank);
  const host = lowerCase(text.slice(blank + 1, hostEnd));
  if (end === hostEnd) return { transport, host, params: parseParams(text, end) };
  const port = text.charCodeAt(hostEnd) === 0x3a ? plainNumber(text, hostEnd + 1, end) : -1;
  return port < 0 || port > 65_535 ? undefined : { transport, host, port, params: parseParams(text, end) };
}

const isUpperCase = (code: number): boolean => code >= 0x41 && code <= 0x5a;

/** Reads one Via value (RFC 3261 §20.42). Throws `SipSyntaxError`. */
export function parseVia(text: string): Via {
  const plain = plainVia(text);
  if (plain !== undefined) return plain;
  const match = VIA.exec(trimBlanks(text));
  if (match === null) throw new SipSyntaxError('a Via is not of the form SIP/2.0/transport host:port');
  const [, transport, sentBy, params] = match;
  return {
    transport: transport!.toUpperCase(),
    ...parseHostPort(sentBy!.replace(/\s+/g, '')),
    params: parseParams(params ?? ''),
  };
}

export function formatVia(via: Via): string {
  return `SIP/2.0/${via.transport} ${formatHostPort(via.host, via.port)}${formatParams(via.params)}`;
}
