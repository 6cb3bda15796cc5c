import { NO_PARAMS, type Params } from './params.ts';
import { isPlainUser, lowerCase, plainHostEnd, plainNumber, plainUriParams } from './plain.ts';
import type { SipUri, Uri } from './types.ts';

/** What the readers have found. */
interface Parts {
  readonly scheme: 'sip' | 'sips';
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
  readonly headers: Params;
}

/**
 * A SIP URI as it was read. Its text is private, so that it stays behind when the value is copied and changed
 * (`{ ...uri, port }`), and a Contact becomes a Request-URI with not a byte changed otherwise.
 */
export class ReadSipUri implements SipUri {
  readonly scheme: 'sip' | 'sips';
  declare readonly user?: string;
  declare readonly password?: string;
  readonly host: string;
  declare readonly port?: number;
  readonly params: Params;
  readonly headers: Params;
  readonly #text: string;

  constructor(parts: Parts, text: string) {
    this.scheme = parts.scheme;
    if (parts.user !== undefined) this.user = parts.user;
    if (parts.password !== undefined) this.password = parts.password;
    this.host = parts.host;
    if (parts.port !== undefined) this.port = parts.port;
    this.params = parts.params;
    this.headers = parts.headers;
    this.#text = text;
  }

  static textOf(uri: Uri): string | undefined {
    return #text in uri ? uri.#text : undefined;
  }
}

/** `sip:user@host:port;params`, in the plain form; see plain.ts. */
export function plainSipUri(text: string): ReadSipUri | undefined {
  if (!text.startsWith('sip:')) return undefined;
  const at = text.indexOf('@', 4);
  if (at >= 0 && !isPlainUser(text, 4, at)) return undefined;
  const start = at < 0 ? 4 : at + 1;
  const hostEnd = plainHostEnd(text, start);
  if (hostEnd < 0) return undefined;
  const semicolon = text.indexOf(';', hostEnd);
  const end = semicolon < 0 ? text.length : semicolon;
  let port: number | undefined;
  if (end !== hostEnd) {
    if (text.charCodeAt(hostEnd) !== 0x3a) return undefined;
    port = plainNumber(text, hostEnd + 1, end);
    if (port < 0 || port > 65_535) return undefined;
  }
  const params = plainUriParams(text, end);
  if (params === undefined) return undefined;
  const parts = {
    scheme: 'sip' as const,
    user: at < 0 ? undefined : text.slice(4, at),
    password: undefined,
    host: lowerCase(text.slice(start, hostEnd)),
    port,
    params,
    headers: NO_PARAMS,
  };
  return new ReadSipUri(parts, text);
}
