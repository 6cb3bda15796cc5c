/**
 * Our own challenges, as header fields of a 401 or 407 (RFC 3261 §22.1, RFC 8760 §2.3).
 */
import { formatDigestHeader, quoted } from './auth-header.ts';
import type { DigestAlgorithm } from './digest.ts';

/** What we accept, strongest first. A trunk or node that must not fall to MD5 leaves it out. */
export type OfferedAlgorithms = readonly Exclude<DigestAlgorithm, 'SHA-512-256'>[];
export const SHA256_THEN_MD5: OfferedAlgorithms = ['SHA-256', 'MD5'];
export const SHA256_ONLY: OfferedAlgorithms = ['SHA-256'];
/** For phones that give up at a challenge which they do not know, whatever stands beside it (libre before 2.0). */
export const MD5_ONLY: OfferedAlgorithms = ['MD5'];

export interface ChallengeOptions {
  readonly realm: string;
  readonly nonce: string;
  /** True when the digest was right and only the nonce was old: the phone tries again without asking its owner. */
  readonly stale: boolean;
  readonly algorithms?: OfferedAlgorithms;
  /** 401 asks as user agent server or registrar, 407 as proxy; the header names differ. */
  readonly status?: 401 | 407;
}

/**
 * One field per algorithm, the preferred one first (RFC 8760 §2.3: order is preference; a client takes the first that
 * it knows). `auth-int` is not asked for, since middle boxes that touch SDP would break every call; it is verified
 * when a peer chooses it.
 */
export function challengeFields(options: ChallengeOptions): [name: string, value: string][] {
  const name = options.status === 407 ? 'Proxy-Authenticate' : 'WWW-Authenticate';
  return (options.algorithms ?? SHA256_THEN_MD5).map((algorithm) => [
    name,
    formatDigestHeader([
      ['realm', quoted(options.realm)],
      ['nonce', quoted(options.nonce)],
      ...(options.stale ? [['stale', 'true'] as const] : []),
      ['algorithm', algorithm],
      ['qop', quoted('auth')],
    ]),
  ]);
}
