/**
 * Which trunk a source address belongs to. Addresses only: a name that resolves today may belong to somebody else
 * tomorrow.
 */
import { BlockList, isIP } from 'node:net';
import { carriesName } from '../transport/certificate-names.ts';
import type { TrunkSettings } from './types.ts';

/** One source of one trunk. */
interface Source {
  readonly trunk: TrunkSettings;
  readonly family: Block['family'];
  readonly prefix: number;
  readonly list: BlockList;
}

/** What is known of one list of trunks. */
interface Known {
  readonly sources: readonly Source[];
  readonly byHost: Map<string, TrunkSettings | undefined>;
}

/** The flood guard asks for each datagram: the directory hands out the same list until a trunk is changed. */
const compiled = new WeakMap<readonly TrunkSettings[], Known>();

/** Addresses remembered per list, about 200 kB; beyond that, as under a flood of forged ones, all are forgotten. */
const MAX_HOSTS = 1_000;

/**
 * The trunk that calls from this address; the more specific block wins over the wider one, so that one customer's
 * gateway can stand inside another trunk's range. A list that was given once must not be changed.
 */
export function trunkBySource(trunks: readonly TrunkSettings[], host: string): TrunkSettings | undefined {
  const { sources, byHost } = knownOf(trunks);
  const known = byHost.get(host);
  if (known !== undefined || byHost.has(host)) return known;
  const trunk = findBySource(sources, host);
  if (byHost.size >= MAX_HOSTS) byHost.clear();
  byHost.set(host, trunk);
  return trunk;
}

/** The trunk whose `clientName` a verified certificate carries (RFC 5922 §7.2: letter for letter). */
export function trunkByCertificate(
  trunks: readonly TrunkSettings[],
  peerNames: readonly string[] | undefined,
): TrunkSettings | undefined {
  if (peerNames === undefined || peerNames.length === 0) return undefined;
  return trunks.find(({ tls }) => {
    const wanted = tls?.clientName?.replace(/^sip:/i, '');
    return wanted !== undefined && carriesName(peerNames, wanted);
  });
}

function findBySource(sources: readonly Source[], host: string): TrunkSettings | undefined {
  const address = plainAddress(host);
  const version = isIP(address);
  if (version === 0) return undefined;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  let best: Source | undefined;
  for (const source of sources) {
    if (source.family !== family || source.prefix <= (best?.prefix ?? -1)) continue;
    if (source.list.check(address, family)) best = source;
  }
  return best?.trunk;
}

function knownOf(trunks: readonly TrunkSettings[]): Known {
  let known = compiled.get(trunks);
  if (known === undefined) {
    const sources = trunks.flatMap((trunk) => trunk.allowedSources.flatMap((text) => sourceOf(trunk, text)));
    known = { sources, byHost: new Map() };
    compiled.set(trunks, known);
  }
  return known;
}

function sourceOf(trunk: TrunkSettings, text: string): Source[] {
  const block = parseBlock(text);
  if (block === undefined) return [];
  const list = new BlockList();
  list.addSubnet(block.address, block.prefix, block.family);
  return [{ trunk, family: block.family, prefix: block.prefix, list }];
}

interface Block {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`. Undefined for anything else; such an entry matches nobody. */
export function parseBlock(text: string): Block | undefined {
  const found = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim());
  if (found === null) return undefined;
  const address = plainAddress(found[1]!);
  const family = isIP(address);
  if (family === 0) return undefined;
  const full = family === 6 ? 128 : 32;
  const prefix = found[2] === undefined ? full : Number(found[2]);
  return prefix > full ? undefined : { address, prefix, family: family === 6 ? 'ipv6' : 'ipv4' };
}

/** A dual-stack socket reports IPv4 peers as `::ffff:192.0.2.1`; brackets are of URIs. */
export function plainAddress(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
