/**
 * The arithmetic of digest authentication (RFC 7616 §3.4, RFC 2617 §3.2.2). Pure: strings and bytes in, hex out.
 */
import { createHash } from 'node:crypto';

/** Algorithms that we can compute, weakest first (RFC 8760 §2.1). `-sess` variants are a flag of their own. */
export const ALGORITHMS = ['MD5', 'SHA-256', 'SHA-512-256'] as const;
export type DigestAlgorithm = (typeof ALGORITHMS)[number];

/** Protection asked for; `none` is the form of RFC 2069, without `qop`, `nc` and `cnonce`. */
export type Qop = 'none' | 'auth' | 'auth-int';

/** H(username:realm:password) per algorithm (RFC 8760 §2.4: the server stores one per algorithm). */
export interface Ha1Set {
  readonly md5: string;
  readonly sha256: string;
}

const HASH_NAMES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

/** An algorithm as it stands in a header field: its name, and whether HA1 covers the nonces as well. */
export interface NamedAlgorithm {
  readonly algorithm: DigestAlgorithm;
  readonly session: boolean;
}

/** Reads the `algorithm` parameter; absent means MD5 (RFC 7616 §3.3). Undefined when we cannot compute it. */
export function readAlgorithm(text: string | undefined): NamedAlgorithm | undefined {
  const upper = (text ?? 'MD5').toUpperCase();
  const session = upper.endsWith('-SESS');
  const base = session ? upper.slice(0, -'-SESS'.length) : upper;
  const algorithm = ALGORITHMS.find((known) => known === base);
  return algorithm === undefined ? undefined : { algorithm, session };
}

/** The hash as lower-case hexadecimal, as `response` wants it. */
export function hashHex(algorithm: DigestAlgorithm, data: string | Uint8Array): string {
  return createHash(HASH_NAMES[algorithm]).update(data).digest('hex');
}

/** H(username:realm:password). */
export function ha1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return hashHex(algorithm, `${username}:${realm}:${password}`);
}

/** What a server keeps instead of the password. It holds for this realm only. */
export function ha1Set(username: string, realm: string, password: string): Ha1Set {
  return {
    md5: ha1('MD5', username, realm, password),
    sha256: ha1('SHA-256', username, realm, password),
  };
}

export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  /** `-sess`: HA1 is hashed once more with the nonces (RFC 7616 §3.4.2). */
  readonly session?: boolean;
  /** H(username:realm:password) in `algorithm`. */
  readonly ha1: string;
  readonly nonce: string;
  readonly method: string;
  /** The digest-uri exactly as the header field carries it. */
  readonly uri: string;
  readonly qop: Qop;
  /** Eight hexadecimal digits as sent; needed with `auth` and `auth-int`. */
  readonly nc?: string;
  readonly cnonce?: string;
  /** Covered by `auth-int` only (RFC 7616 §3.4.3). */
  readonly body?: Uint8Array;
}

/** The `response` value (RFC 7616 §3.4.1). */
export function digestResponse(input: DigestInput): string {
  const { algorithm, nonce, method, uri, qop, nc = '', cnonce = '' } = input;
  const secret = input.session === true ? hashHex(algorithm, `${input.ha1}:${nonce}:${cnonce}`) : input.ha1;
  const a2 =
    qop === 'auth-int'
      ? `${method}:${uri}:${hashHex(algorithm, input.body ?? new Uint8Array())}`
      : `${method}:${uri}`;
  const ha2 = hashHex(algorithm, a2);
  // RFC 2617 §3.2.2.1: without qop the older form, for peers that only know RFC 2069.
  if (qop === 'none') return hashHex(algorithm, `${secret}:${nonce}:${ha2}`);
  return hashHex(algorithm, `${secret}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`);
}
