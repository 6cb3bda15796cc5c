import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { parseUri } from '../message/uri.ts';
import { nodeDns } from './node-dns.ts';
import { createResolver } from './resolve.ts';
import { orderSrv, type SrvRecord } from './srv-order.ts';
import type { Dns } from './types.ts';

/** DNS by tables, which notes what it is asked. */
function dnsOf(
  srv: Record<string, SrvRecord[] | Error>,
  addresses: Record<string, string[] | Error> = {},
): Dns & { asked: string[] } {
  const asked: string[] = [];
  const answer = async <T>(table: Record<string, T[] | Error>, name: string): Promise<T[]> => {
    asked.push(name);
    const found = table[name] ?? [];
    if (found instanceof Error) throw found;
    return found;
  };
  return { asked, srv: (name) => answer(srv, name), addresses: (name) => answer(addresses, name) };
}

const record = (priority: number, weight: number, name: string, port = 5060): SrvRecord => ({
  priority,
  weight,
  name,
  port,
});

async function told(dns: Dns, uri: string): Promise<string[]> {
  const targets = await createResolver({ dns, random: seededRandom(1) }).resolve(parseUri(uri));
  return targets.map(({ transport, host, port }) => `${transport} ${host} ${port}`);
}

describe('[row 22] where a URI leads', () => {
  test.each([
    ['sip:192.0.2.1', ['udp 192.0.2.1 5060']],
    ['sip:a@192.0.2.1:5080;transport=TCP', ['tcp 192.0.2.1 5080']],
    ['sip:[2001:db8::1]:5070', ['udp 2001:db8::1 5070']],
    ['sip:a@example.com;maddr=192.0.2.9', ['udp 192.0.2.9 5060']],
  ])('[RFC 3263 §4.1] %s costs no look-up', async (uri, targets) => {
    const dns = dnsOf({});
    expect(await told(dns, uri)).toEqual(targets);
    expect(dns.asked).toEqual([]);
  });

  test('[RFC 3263 §4.2] an explicit port asks for addresses only', async () => {
    const dns = dnsOf({}, { 'sip.example.com': ['192.0.2.1', '2001:db8::1'] });
    expect(await told(dns, 'sip:SIP.example.com:5070')).toEqual([
      'udp 192.0.2.1 5070',
      'udp 2001:db8::1 5070',
    ]);
    expect(dns.asked).toEqual(['sip.example.com']);
  });

  test('SRV comes before addresses, UDP before TCP, and each SRV target has its own look-up', async () => {
    const dns = dnsOf(
      {
        '_sip._udp.example.com': [
          record(20, 0, 'backup.example.com'),
          record(10, 0, 'main.example.com', 5062),
        ],
        '_sip._tcp.example.com': [record(10, 0, 'main.example.com', 5064)],
      },
      { 'main.example.com': ['192.0.2.1', '192.0.2.2'], 'backup.example.com': ['192.0.2.3'] },
    );
    expect(await told(dns, 'sip:example.com')).toEqual([
      'udp 192.0.2.1 5062',
      'udp 192.0.2.2 5062',
      'udp 192.0.2.3 5060',
      'tcp 192.0.2.1 5064',
      'tcp 192.0.2.2 5064',
    ]);
    expect(await told(dns, 'sip:example.com;transport=tcp')).toEqual([
      'tcp 192.0.2.1 5064',
      'tcp 192.0.2.2 5064',
    ]);
  });

  test('without SRV, or where SRV cannot be asked, the name itself is looked up', async () => {
    const addresses = { 'example.com': ['192.0.2.7'] };
    expect(await told(dnsOf({}, addresses), 'sip:example.com')).toEqual(['udp 192.0.2.7 5060']);
    expect(await told(dnsOf({}, addresses), 'sip:example.com;transport=tcp')).toEqual(['tcp 192.0.2.7 5060']);
    const broken = dnsOf({ '_sip._udp.example.com': new Error('SERVFAIL') }, addresses);
    expect(await told(broken, 'sip:example.com')).toEqual(['udp 192.0.2.7 5060']);
  });

  test('a target without an address leaves the others; a target twice is tried once; "." is no target', async () => {
    const dns = dnsOf(
      {
        '_sip._udp.example.com': [record(1, 0, 'gone.example.com'), record(2, 0, 'b.example.com')],
        '_sip._tcp.example.com': [record(0, 0, '.')],
      },
      { 'gone.example.com': new Error('SERVFAIL'), 'b.example.com': ['192.0.2.1', '192.0.2.1'] },
    );
    expect(await told(dns, 'sip:example.com')).toEqual(['udp 192.0.2.1 5060']);
    await expect(told(dns, 'sip:example.com;transport=tcp')).rejects.toThrow('No address was found');
  });

  test.each([
    ['sips:a@example.com', 'TLS'],
    ['sip:a@example.com;transport=sctp', 'use udp or tcp'],
    ['tel:+123456789', 'a trunk must be chosen'],
    ['sip:nowhere.example.com', 'check the name and the DNS server'],
  ])('%s is an error that says what to do', async (uri, message) => {
    await expect(told(dnsOf({}), uri)).rejects.toThrow(message);
  });
});

describe('look-ups', () => {
  test('[row 22] concurrent ones are asked once, answers are held for 30 s, failures are not', async () => {
    const clock = new VirtualClock();
    const addresses: Record<string, string[] | Error> = { 'a.example.com': new Error('SERVFAIL') };
    const dns = dnsOf({}, addresses);
    const resolver = createResolver({ dns, random: seededRandom(1), clock });
    const uri = parseUri('sip:a.example.com:5060');
    const both = await Promise.allSettled([resolver.resolve(uri), resolver.resolve(uri)]);
    expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    expect(dns.asked).toHaveLength(1);
    addresses['a.example.com'] = ['192.0.2.1'];
    await Promise.all([resolver.resolve(uri), resolver.resolve(uri)]);
    await clock.advance(29_999);
    await resolver.resolve(uri);
    expect(dns.asked).toHaveLength(2);
    await clock.advance(2);
    await resolver.resolve(uri);
    expect(dns.asked).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  test('the machine knows localhost, and says nothing of a name that cannot be', async () => {
    expect(await nodeDns.addresses('localhost')).toEqual(expect.arrayContaining(['127.0.0.1']));
  });
});

describe('[RFC 2782] SRV order', () => {
  test('by priority first, whatever the weights', () => {
    const records = [record(20, 1000, 'c'), record(10, 0, 'a'), record(15, 5, 'b')];
    for (let seed = 0; seed < 20; seed++) {
      expect(orderSrv(records, seededRandom(seed)).map((one) => one.name)).toEqual(['a', 'b', 'c']);
    }
  });

  test('by weight within a priority: three to one, and a weight of 0 almost never first', () => {
    const random = seededRandom(5);
    const first = { a: 0, b: 0, z: 0 };
    for (let i = 0; i < 4000; i++) {
      const order = orderSrv([record(1, 300, 'a'), record(1, 0, 'z'), record(1, 100, 'b')], random);
      expect(new Set(order.map((one) => one.name)).size).toBe(3);
      first[order[0]!.name as 'a' | 'b' | 'z']++;
    }
    expect(first.a / first.b).toBeGreaterThan(2.6);
    expect(first.a / first.b).toBeLessThan(3.4);
    expect(first.z).toBeLessThan(40);
  });
});
