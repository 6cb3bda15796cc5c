import type { Vault } from './vault.ts';

/** Place of sealed values; part of what seals them, so it never changes. */
export const SECRETS_PLACE = 'webhooks.secrets';

/** How long an old secret signs beside the new one: time enough to bring the new one to every server. */
const OVERLAP_MS = 24 * 3_600_000;

interface KeptSecret {
  readonly secret: string;
  /** Milliseconds since the epoch; null: it is the current one. */
  readonly until: number | null;
}

/** Those that are good, the current one first. */
export function openSecrets(sealed: string, vault: Vault, now: number): readonly string[] {
  return kept(sealed, vault)
    .filter(({ until }) => until === null || until > now)
    .map(({ secret }) => secret);
}

export function sealSecret(secret: string, vault: Vault): string {
  return seal([{ secret, until: null }], vault);
}

/** Puts a new secret before the others, which stay good for a day; what was to end sooner does. */
export function addSecret(sealed: string, secret: string, vault: Vault, now: number): string {
  const old = kept(sealed, vault)
    .filter(({ until }) => until === null || until > now)
    .map((one) => ({ secret: one.secret, until: one.until ?? now + OVERLAP_MS }));
  // More than a few would mean a header without end: somebody rotates in a loop.
  return seal([{ secret, until: null }, ...old.slice(0, 3)], vault);
}

function kept(sealed: string, vault: Vault): readonly KeptSecret[] {
  return JSON.parse(vault.open(sealed, SECRETS_PLACE)) as readonly KeptSecret[];
}

function seal(secrets: readonly KeptSecret[], vault: Vault): string {
  return vault.seal(JSON.stringify(secrets), SECRETS_PLACE);
}
