import type { Uri } from '../message/types.ts';

/** One place to try, in the order to try them (RFC 3263 §4). */
export interface ResolvedTarget {
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  /** TLS: the host of the URI, before any look-up; what the certificate must name (RFC 5922 §7.1). */
  readonly domain?: string;
  /** UDP: the same machine takes TCP too, at this port, as DNS says. */
  readonly tcpPort?: number;
}

/** RFC 3403 §4; only terminal records with flag `s` are of use here (RFC 3263 §4.1). */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  /** `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`, and others that we do not speak. */
  readonly service: string;
  /** The name to ask for SRV. */
  readonly replacement: string;
}

/** The DNS questions we ask, so that tests answer them. `node-dns.ts` asks the machine's resolver. */
export interface Dns {
  /** Absent: there are none. */
  naptr?(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly { priority: number; weight: number; name: string; port: number }[]>;
  /** A and AAAA. */
  addresses(name: string): Promise<readonly string[]>;
}

/** `resolve.ts`: `createResolver({ dns, random }): Resolver`. */
export interface Resolver {
  /** Ordered targets; rejects with a readable error when there is none. Numeric hosts cost no look-up. */
  resolve(uri: Uri): Promise<readonly ResolvedTarget[]>;
}
