import { lookup, Resolver } from 'node:dns/promises';
import type { Dns } from './types.ts';

/** Answers that say "there is none", as against "I could not find out". */
const NONE = new Set(['ENOTFOUND', 'ENODATA']);

/** A caller waits: a name server that is silent must not cost the 20 s that Node would give it. */
const resolver = new Resolver({ timeout: 1_500, tries: 2 });

function noneOf(error: unknown): readonly [] {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && NONE.has(error.code))
    return [];
  throw error;
}

/**
 * The machine's DNS. Addresses come from the machine's own look-up, so that /etc/hosts and container names work; IPv4
 * first, because that is what carriers have.
 */
export const nodeDns: Dns = {
  naptr: (name) => resolver.resolveNaptr(name).catch(noneOf),
  srv: (name) => resolver.resolveSrv(name).catch(noneOf),
  addresses: async (name) => {
    const found = await lookup(name, { all: true, order: 'ipv4first' }).catch(noneOf);
    return found.map((entry) => entry.address);
  },
};
