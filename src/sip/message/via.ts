import { SipSyntaxError } from './errors.ts';
import { formatParams, parseParams } from './scan.ts';
import type { Via } from './types.ts';
import { formatHostPort, parseHostPort } from './uri.ts';

/** `SIP/2.0/UDP host:port`. White space may stand around each slash and colon; the version is judged elsewhere. */
const VIA =
  /^[A-Za-z0-9.!%*_+`'~-]+\s*\/\s*[A-Za-z0-9.!%*_+`'~-]+\s*\/\s*([A-Za-z0-9.!%*_+`'~-]+)\s+([^;\s]+(?:\s*:\s*\d+)?)\s*(;[\s\S]*)?$/;

/** Reads one Via value (RFC 3261 §20.42). Throws `SipSyntaxError`. */
export function parseVia(text: string): Via {
  const match = VIA.exec(text.trim());
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
