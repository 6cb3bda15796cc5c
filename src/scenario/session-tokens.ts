/** The secrets in the URLs of running sessions. Each lives as long as its session, and is kept as a hash only. */
import { createHash } from 'node:crypto';
import type { Random } from '../kernel/random.ts';
import type { AccessUrls } from './parts/access-protocol.ts';

/** 160 bits: not to be guessed in any number of attempts. */
const TOKEN_BYTES = 20;
const TOKEN_IN_URL = /(\/session\/)[0-9a-f]{40}/g;

export class SessionTokens {
  readonly #random: Random;
  readonly #base: () => string;
  /** Hash of the secret → session. */
  readonly #sessions = new Map<string, string>();
  readonly #hashes = new Map<string, string>();

  /** @param base where the node is reached from outside, without a slash at its end; empty when it is not. */
  constructor(random: Random, base: () => string) {
    this.#random = random;
    this.#base = base;
  }

  /** Undefined when nothing leads to the node from outside. */
  issue(sessionId: string): AccessUrls | undefined {
    const base = this.#base().replace(/\/+$/, '');
    if (base === '') return undefined;
    const token = this.#random.token(TOKEN_BYTES);
    const hash = hashOf(token);
    this.#sessions.set(hash, sessionId);
    this.#hashes.set(sessionId, hash);
    const url = `${base}/session/${token}`;
    // One address for both: whether it is secure is decided by what stands in front of the node.
    return { url, secureUrl: url };
  }

  /** The session that the secret belongs to. A wrong one costs the same work, and its hash says nothing of right ones. */
  sessionOf(token: string): string | undefined {
    return this.#sessions.get(hashOf(token));
  }

  revoke(sessionId: string): void {
    this.#sessions.delete(this.#hashes.get(sessionId) ?? '');
    this.#hashes.delete(sessionId);
  }
}

/** A line of a script without the secrets of sessions: who may read a log must not be able to speak to its session. */
export function hideTokens(line: string): string {
  return line.includes('/session/') ? line.replace(TOKEN_IN_URL, '$1…') : line;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
