/**
 * Reading and writing the value of WWW-Authenticate, Authorization and their Proxy- twins (RFC 3261 §25.1,
 * `challenge` and `credentials`). These four are the header fields that are never comma lists (§7.3.1).
 */

/** Parameters of a digest header field; names are lower case, quoting is undone. */
export type AuthParams = ReadonlyMap<string, string>;

/** A longer value is an attack or a mistake; ours have about 300 characters. */
const MAX_LENGTH = 4096;

const PARAM = /\s*([\w!%*+.`'~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/y;

/** Reads `Digest a=b, c="d"`. Undefined for another scheme, a malformed list or a parameter that stands twice. */
export function parseDigestHeader(text: string): AuthParams | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const scheme = /^\s*Digest\s+/i.exec(text);
  if (scheme === null) return undefined;
  const params = new Map<string, string>();
  const rest = text.slice(scheme[0].length).trimEnd();
  PARAM.lastIndex = 0;
  while (PARAM.lastIndex < rest.length) {
    const found = PARAM.exec(rest);
    if (found === null) return undefined;
    const name = found[1]!.toLowerCase();
    if (params.has(name)) return undefined;
    params.set(name, found[2] === undefined ? (found[3] ?? '') : found[2].replace(/\\(.)/g, '$1'));
  }
  return params.size === 0 ? undefined : params;
}

/** A value that is written between quotation marks. */
export function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** Writes `Digest a=b, c="d"`; values come already quoted where the grammar wants it. */
export function formatDigestHeader(params: readonly (readonly [name: string, value: string])[]): string {
  return `Digest ${params.map(([name, value]) => `${name}=${value}`).join(', ')}`;
}
