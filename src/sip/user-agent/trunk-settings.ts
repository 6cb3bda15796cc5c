/** A trunk, as it is stored and as every part of this folder sees it. */
import type { ReliableProvisional } from '../dialog/types.ts';
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
  /** E.164 beginnings of the numbers that may be shown over this trunk; empty: all, and calls without a number. */
  readonly shownPrefixes: readonly string[];
  /** Smaller is tried first among trunks that match equally. */
  readonly priority: number;
  /** Share of the calls among trunks of equal priority (RFC 2782). */
  readonly weight: number;
  /** Final statuses after which the next trunk is tried, as long as nothing has rung. */
  readonly failoverOn: readonly number[];
  /** Seconds after which a call with nothing but 100 is cancelled and tried elsewhere; 0: never. */
  readonly progressSeconds: number;
  /** Hosts besides `host` to which a 3xx may lead. */
  readonly redirectDomains: readonly string[];
  /** Whether a 3xx may lead to another number than the one that was called. */
  readonly redirectNumbers: boolean;
  /** Calls at once on this node, both directions; 0: no limit. */
  readonly maxCalls: number;
  /** Outbound calls at once on this node; 0: no limit. */
  readonly maxOutboundCalls: number;
  /** Outbound calls that may begin per second on this node; 0: no limit. */
  readonly callsPerSecond: number;
  /** Seconds between two OPTIONS; 0: none are sent. */
  readonly optionsSeconds: number;
  /** ISO 3166 country of national spellings, both ways. */
  readonly country?: string;
  /** How numbers are written towards the trunk: `+7912…`, `7912…`, or as they are dialled in `country` (PITFALLS row 24). */
  readonly numberFormat: 'e164' | 'e164-without-plus' | 'national';
  /** For `national`, before a national number; absent: as the country does. */
  readonly trunkPrefix?: string;
  /** For `national`, before a number of another country; absent: as the country does. */
  readonly internationalPrefix?: string;
  /** Taken off a dialled number as written, then `dialPrefix` is put before it. */
  readonly stripPrefix: string;
  readonly dialPrefix: string;
  /** The same for the numbers that the trunk sends. */
  readonly inboundStripPrefix: string;
  readonly inboundDialPrefix: string;
  /** `user=phone` on URIs that hold a number. */
  readonly userPhone: boolean;
  /** Where the shown number is written (PITFALLS row 29). */
  readonly callerIdIn: CallerIdField;
  /** User part of From where `callerIdIn` is another field; absent: our account at the trunk, else the shown number. */
  readonly fromUser?: string;
  /** Put the shown number into P-Asserted-Identity too, for carriers that require it (PITFALLS row 29). */
  readonly assertIdentity: boolean;
  /** Where a caller's number is read from, the first that holds one. */
  readonly trustCallerIn: readonly CallerIdField[];
  /** Digest with MD5, both ways (PITFALLS row 28). */
  readonly allowMd5: boolean;
  /** Whether its 18x, and ours towards it, are acknowledged by PRACK (RFC 3262). */
  readonly reliableProvisional: ReliableProvisional;
  readonly media: MediaPolicy;
}

/** The header fields that can hold who calls. Diversion and History-Info are no choice: they name third parties. */
export type CallerIdField = 'from' | 'p-asserted-identity' | 'remote-party-id';

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
  shownPrefixes: [],
  priority: 10,
  weight: 10,
  // Of the 5xx those that say that this server could not. 513 and 580 would be answered alike everywhere.
  failoverOn: [408, 500, 501, 502, 503, 504, 505],
  progressSeconds: 0,
  redirectDomains: [],
  redirectNumbers: false,
  maxCalls: 0,
  maxOutboundCalls: 0,
  callsPerSecond: 0,
  optionsSeconds: 60,
  numberFormat: 'e164',
  stripPrefix: '',
  dialPrefix: '',
  inboundStripPrefix: '',
  inboundDialPrefix: '',
  userPhone: false,
  callerIdIn: 'from',
  assertIdentity: false,
  trustCallerIn: ['p-asserted-identity', 'from'],
  allowMd5: true,
  reliableProvisional: 'supported',
  media: DEFAULT_MEDIA_POLICY,
};
