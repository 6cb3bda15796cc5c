import type { Uri } from '../message/types.ts';

/** One place to try, in the order to try them (RFC 3263 §4). */
export interface ResolvedTarget {
  readonly transport: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
}

/** The DNS questions we ask, so that tests answer them. `node-dns.ts` asks the machine's resolver. */
export interface Dns {
  srv(name: string): Promise<readonly { priority: number; weight: number; name: string; port: number }[]>;
  addresses(name: string): Promise<readonly string[]>;
}

/** `resolve.ts`: `createResolver({ dns, random }): Resolver`. */
export interface Resolver {
  /** Ordered targets; rejects with a readable error when there is none. Numeric hosts cost no look-up. */
  resolve(uri: Uri): Promise<readonly ResolvedTarget[]>;
}
