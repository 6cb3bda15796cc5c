import { isIP } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { Uri } from '../message/types.ts';
import { LookUps } from './look-ups.ts';
import {
  defaultPort,
  defaultTransport,
  type Question,
  questionOf,
  serviceOf,
  servicesIn,
  type Transport,
} from './question.ts';
import { orderSrv, type SrvRecord } from './srv-order.ts';
import type { Dns, NaptrRecord, ResolvedTarget, Resolver } from './types.ts';

/** What we ask SRV for where neither URI nor NAPTR chose, in the order of our preference (RFC 3263 §4.1). */
const TRANSPORTS: readonly Transport[] = ['udp', 'tcp'];

/** RFC 2782: a target of "." says that the service is decidedly not there. */
const NOT_THERE = new Set(['', '.']);

interface Place {
  readonly transport: Transport;
  readonly host: string;
  readonly port: number;
}

/**
 * A resolver on the given DNS. With a clock, answers are held for half a minute; without one only look-ups that run at
 * the same time share their answer.
 */
export function createResolver(options: {
  readonly dns: Dns;
  readonly random: Random;
  readonly clock?: Clock;
}): Resolver {
  const { dns, random, clock } = options;
  const naptr = new LookUps(async (name) => (await dns.naptr?.(name)) ?? [], clock);
  const srv = new LookUps((name) => dns.srv(name), clock);
  const addresses = new LookUps((name) => dns.addresses(name), clock);

  const resolve = async (uri: Uri): Promise<readonly ResolvedTarget[]> => {
    const question = questionOf(uri);
    const found = await places(question);
    if (found.length === 0)
      throw new Error(`No address was found for ${question.host}; check the name and the DNS server.`);
    return unique(withTcpPorts(found)).map((target) =>
      target.transport === 'tls' ? { ...target, domain: question.host } : target,
    );
  };

  const places = async (question: Question): Promise<Place[]> => {
    const { host, port } = question;
    const transport = question.transport ?? defaultTransport(question);
    if (isIP(host) !== 0) return [{ transport, host, port: port ?? defaultPort(transport) }];
    // §4.1: a port without a transport means the default one; §4.2: a port means no SRV.
    if (port !== undefined) return byAddress(host, port, transport);
    const services = question.transport === undefined ? await byNaptr(question) : undefined;
    const bySrv = await throughSrv(
      services ?? wantedOf(question).map((name) => ({ transport: name, name: serviceOf(name, host) })),
    );
    // §4.2: without any SRV record, the name itself.
    return bySrv ?? byAddress(host, defaultPort(transport), transport);
  };

  /** §4.1: what the domain itself prefers; undefined where it says nothing that we can use. */
  const byNaptr = async ({ host, secure }: Question) => {
    // A resolver that cannot answer such questions at all must not keep us from the address.
    const records = await naptr.get(host).catch((): readonly NaptrRecord[] => []);
    const services = servicesIn(records, secure);
    return services.length === 0 ? undefined : services;
  };

  /** Undefined when there is not one record. */
  const throughSrv = async (
    services: readonly { readonly transport: Transport; readonly name: string }[],
  ): Promise<Place[] | undefined> => {
    const answers = await Promise.all(
      services.map(({ name }) => srv.get(name).catch((): readonly SrvRecord[] => [])),
    );
    if (answers.every((records) => records.length === 0)) return undefined;
    const targets = answers.flatMap((records, index) =>
      orderSrv(
        records.filter((record) => !NOT_THERE.has(record.name)),
        random,
      ).map((record) => ({ record, transport: services[index]!.transport })),
    );
    const lists = await Promise.all(
      // One target without an address leaves the others.
      targets.map(({ record, transport }) => byAddress(record.name, record.port, transport).catch(() => [])),
    );
    return lists.flat();
  };

  const byAddress = async (host: string, port: number, transport: Transport): Promise<Place[]> =>
    (isIP(host) === 0 ? await addresses.get(host) : [host]).map((ip) => ({ transport, host: ip, port }));

  return { resolve };
}

function wantedOf(question: Question): readonly Transport[] {
  if (question.transport !== undefined) return [question.transport];
  return question.secure ? ['tls'] : TRANSPORTS;
}

/** RFC 3261 §18.1.1: what is too large for a datagram may go over TCP where DNS names both for one machine. */
function withTcpPorts(places: readonly Place[]): ResolvedTarget[] {
  const tcp = new Map(places.filter(({ transport }) => transport === 'tcp').map((at) => [at.host, at.port]));
  return places.map((place) => {
    const tcpPort = place.transport === 'udp' ? tcp.get(place.host) : undefined;
    return tcpPort === undefined ? place : { ...place, tcpPort };
  });
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
