/** A trunk, as it is stored and as every part of this folder sees it. */
import { DEFAULT_MEDIA_POLICY, type MediaPolicy } from './media-policy.ts';

/** A SIP peer that carries calls from and to the phone network. Stored; see storage. */
export interface TrunkSettings {
  readonly id: string;
  readonly name: string;
  /** `host[:port]` of the peer, a name or an address; where outbound calls go. */
  readonly host: string;
  readonly port?: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Only what differs from: certificate checked by the machine's authorities, against `host`. */
  readonly tls?: TrunkTls;
  /** Addresses or CIDR blocks from which its calls come without digest. Empty: it must authenticate by digest. */
  readonly allowedSources: readonly string[];
  /** Credentials that the peer uses towards us (digest by HA1); absent when known by address. */
  readonly inboundAuth?: { readonly username: string; readonly ha1: Ha1Set };
  /** Credentials that we use towards the peer: for 401/407, and for REGISTER. */
  readonly outboundAuth?: { readonly username: string; readonly password: string; readonly realm?: string };
  /** Send REGISTER to the provider and keep it fresh. */
  readonly register: boolean;
  /** Host in From and To of outbound calls; default: the trunk's host. */
  readonly fromDomain?: string;
  /** E.164 prefixes (`+7`, `+1212`) that this trunk serves; empty: all. The longest match wins, then `priority`. */
  readonly prefixes: readonly string[];
  /** Smaller is tried first among trunks that match equally. */
  readonly priority: number;
  /** Country for national spellings in what the trunk sends, ISO 3166. */
  readonly country?: string;
  /** How numbers are written towards the trunk: `+7912…` or `7912…`. */
  readonly numberFormat: 'e164' | 'e164-without-plus';
  /** Put the shown number into P-Asserted-Identity too, for carriers that require it (PITFALLS row 29). */
  readonly assertIdentity: boolean;
  readonly media: MediaPolicy;
}

/** TLS towards a trunk and from it. The files are PEM, by absolute path; the node reads them. */
export interface TrunkTls {
  /** Authorities that may sign its certificate; default: those of the machine. */
  readonly ca?: string;
  /** Our client certificate and its key. */
  readonly certificate?: string;
  readonly key?: string;
  readonly verify: boolean;
  /** Name that its certificate must carry; default: the trunk's host (RFC 5922 §7.1). */
  readonly serverName?: string;
  /** subjectAltName of its client certificate by which its requests are known. */
  readonly clientName?: string;
}

/** Digest secrets as RFC 8760 wants them stored: per algorithm, never the password. */
export interface Ha1Set {
  readonly md5: string;
  readonly sha256: string;
}

/**
 * What a trunk is where nobody said otherwise. Rows that an older version wrote are completed with it; the settings'
 * schema has the same defaults.
 */
export const TRUNK_DEFAULTS: Omit<TrunkSettings, 'id' | 'name' | 'host'> = {
  transport: 'udp',
  allowedSources: [],
  register: false,
  prefixes: [],
  priority: 10,
  numberFormat: 'e164',
  assertIdentity: false,
  media: DEFAULT_MEDIA_POLICY,
};
