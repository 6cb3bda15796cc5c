import { isIP } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { SipUri, Uri } from '../message/types.ts';
import { isSipUri } from '../message/uri.ts';
import { LookUps } from './look-ups.ts';
import { orderSrv, type SrvRecord } from './srv-order.ts';
import type { Dns, ResolvedTarget, Resolver } from './types.ts';

type TransportName = ResolvedTarget['transport'];

const DEFAULT_PORT = 5060;

/** What we speak, in the order of our preference where the URI leaves it open (RFC 3263 §4.1). */
const TRANSPORTS: readonly TransportName[] = ['udp', 'tcp'];

/** RFC 2782: a target of "." says that the service is decidedly not there. */
const NOT_THERE = new Set(['', '.']);

/**
 * A resolver on the given DNS. With a clock, answers are held for half a minute; without one only look-ups that run at
 * the same time share their answer. NAPTR (§4.1) is not asked for: SRV success tells which transports a domain has.
 */
export function createResolver(options: {
  readonly dns: Dns;
  readonly random: Random;
  readonly clock?: Clock;
}): Resolver {
  const { dns, random, clock } = options;
  const srv = new LookUps((name) => dns.srv(name), clock);
  const addresses = new LookUps((name) => dns.addresses(name), clock);

  const resolve = async (uri: Uri): Promise<readonly ResolvedTarget[]> => {
    const { host, port, transport } = question(uri);
    const found =
      isIP(host) !== 0
        ? [{ transport: transport ?? 'udp', host, port: port ?? DEFAULT_PORT }]
        : port !== undefined
          ? await byAddress(host, port, transport ?? 'udp')
          : await bySrv(host, transport);
    if (found.length === 0)
      throw new Error(`No address was found for ${host}; check the name and the DNS server.`);
    return unique(found);
  };

  /** §4.2: SRV of each transport that is wanted; addresses of the name itself where there is none. */
  const bySrv = async (host: string, transport: TransportName | undefined): Promise<ResolvedTarget[]> => {
    const wanted = transport === undefined ? TRANSPORTS : [transport];
    const services = await Promise.all(
      // A resolver that cannot answer SRV questions at all must not keep us from the address.
      wanted.map((name) => srv.get(`_sip._${name}.${host}`).catch((): readonly SrvRecord[] => [])),
    );
    if (services.every((records) => records.length === 0)) {
      return byAddress(host, DEFAULT_PORT, transport ?? 'udp');
    }
    const targets = services.flatMap((records, index) =>
      orderSrv(
        records.filter((record) => !NOT_THERE.has(record.name)),
        random,
      ).map((record) => ({ record, transport: wanted[index]! })),
    );
    const lists = await Promise.all(
      // One target without an address leaves the others.
      targets.map(({ record, transport: name }) => byAddress(record.name, record.port, name).catch(() => [])),
    );
    return lists.flat();
  };

  const byAddress = async (host: string, port: number, transport: TransportName): Promise<ResolvedTarget[]> =>
    (isIP(host) === 0 ? await addresses.get(host) : [host]).map((ip) => ({ transport, host: ip, port }));

  return { resolve };
}

function question(uri: Uri): {
  host: string;
  port: number | undefined;
  transport: TransportName | undefined;
} {
  if (!isSipUri(uri))
    throw new Error(`A ${uri.scheme}: URI names no host to send to; a trunk must be chosen for it.`);
  if (uri.scheme === 'sips') throw new Error('A sips: URI asks for TLS, which is not supported yet.');
  // RFC 3261 §19.1.1: maddr overrides the host.
  const host = (uri.params.get('maddr') ?? uri.host).replace(/^\[|\]$/g, '').toLowerCase();
  return { host, port: uri.port, transport: transportOf(uri) };
}

function transportOf(uri: SipUri): TransportName | undefined {
  const name = uri.params.get('transport')?.toLowerCase();
  if (name === undefined) return undefined;
  const known = TRANSPORTS.find((transport) => transport === name);
  if (known === undefined)
    throw new Error(`The transport ${name.slice(0, 16)} of a URI is not supported; use udp or tcp.`);
  return known;
}

function unique(targets: readonly ResolvedTarget[]): ResolvedTarget[] {
  const seen = new Set<string>();
  return targets.filter((target) => {
    const key = `${target.transport}|${target.host}|${target.port}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
