import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { parseUri } from '../message/uri.ts';
import { nodeDns } from './node-dns.ts';
import { createResolver } from './resolve.ts';
import { orderSrv, type SrvRecord } from './srv-order.ts';
import type { Dns, NaptrRecord } from './types.ts';

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

const naptr = (order: number, preference: number, service: string, replacement: string): NaptrRecord => ({
  order,
  preference,
  flags: 's',
  service,
  replacement,
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
    ['sips:192.0.2.1', ['tls 192.0.2.1 5061']],
    ['sips:192.0.2.1:5071;transport=tcp', ['tls 192.0.2.1 5071']],
    ['sip:[2001:db8::1];transport=tls', ['tls 2001:db8::1 5061']],
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

  test('[RFC 3263 §4.1] NAPTR chooses transport and SRV name, by order and then by preference', async () => {
    const dns = {
      ...dnsOf(
        {
          '_sips._tcp.example.com': [record(1, 0, 'tls.example.net', 5061)],
          '_sip._tcp.pool.example.net': [record(1, 0, 'tcp.example.net')],
          '_sip._udp.example.com': [record(1, 0, 'udp.example.net')],
        },
        {
          'tls.example.net': ['192.0.2.1'],
          'tcp.example.net': ['192.0.2.2'],
          'udp.example.net': ['192.0.2.3'],
          'example.com': ['192.0.2.9'],
        },
      ),
      naptr: async () => [
        naptr(50, 60, 'SIP+D2U', '_sip._udp.example.com'),
        naptr(50, 50, 'SIP+D2T', '_sip._tcp.pool.example.net'),
        naptr(10, 90, 'SIPS+D2T', '_sips._tcp.example.com'),
        naptr(1, 1, 'SIP+D2S', '_sip._sctp.example.com'),
        naptr(1, 1, 'SIPS+D2W', '_sips._ws.example.com'),
        { ...naptr(1, 1, 'SIP+D2U', '_sip._udp.other.example.com'), flags: 'u' },
      ],
    };
    expect(await told(dns, 'sip:example.com')).toEqual([
      'tls 192.0.2.1 5061',
      'tcp 192.0.2.2 5060',
      'udp 192.0.2.3 5060',
    ]);
    // A sips: URI leaves what is not secure aside; a transport or a port in the URI leaves NAPTR aside.
    expect(await told(dns, 'sips:example.com')).toEqual(['tls 192.0.2.1 5061']);
    expect(await told(dns, 'sip:example.com;transport=udp')).toEqual(['udp 192.0.2.3 5060']);
    expect(await told(dns, 'sip:example.com:5090')).toEqual(['udp 192.0.2.9 5090']);
  });

  test('[RFC 3263 §4.1] NAPTR that cannot be asked, or names nothing that we speak, is as none', async () => {
    const tables = dnsOf(
      { '_sip._udp.example.com': [record(1, 0, 'udp.example.net')] },
      { 'udp.example.net': ['192.0.2.3'] },
    );
    const broken = { ...tables, naptr: () => Promise.reject(new Error('SERVFAIL')) };
    expect(await told(broken, 'sip:example.com')).toEqual(['udp 192.0.2.3 5060']);
    const foreign = { ...tables, naptr: async () => [naptr(1, 1, 'SIP+D2S', '_sip._sctp.example.com')] };
    expect(await told(foreign, 'sip:example.com')).toEqual(['udp 192.0.2.3 5060']);
  });

  test('[RFC 3263 §4.2] sips: and transport=tls ask for _sips._tcp; else the name itself at 5061', async () => {
    const dns = dnsOf(
      { '_sips._tcp.example.com': [record(1, 0, 'tls.example.net', 5071)] },
      { 'tls.example.net': ['192.0.2.1'], 'plain.example.com': ['192.0.2.2', '2001:db8::2'] },
    );
    expect(await told(dns, 'sips:example.com')).toEqual(['tls 192.0.2.1 5071']);
    expect(await told(dns, 'sip:example.com;transport=tls')).toEqual(['tls 192.0.2.1 5071']);
    expect(dns.asked.filter((name) => name.startsWith('_sip._'))).toEqual([]);
    expect(await told(dns, 'sips:plain.example.com')).toEqual(['tls 192.0.2.2 5061', 'tls 2001:db8::2 5061']);
  });

  test('[RFC 5922 §7.1] a TLS target knows the domain that was asked for, not the name that SRV led to', async () => {
    const dns = dnsOf(
      { '_sips._tcp.example.com': [record(1, 0, 'tls.example.net', 5071)] },
      { 'tls.example.net': ['192.0.2.1'] },
    );
    const resolver = createResolver({ dns, random: seededRandom(1) });
    expect(await resolver.resolve(parseUri('sips:a@Example.com'))).toEqual([
      { transport: 'tls', host: '192.0.2.1', port: 5071, domain: 'example.com' },
    ]);
  });

  test('[row 23] a UDP target knows the TCP port that DNS names for the same machine', async () => {
    const dns = dnsOf(
      {
        '_sip._udp.example.com': [record(1, 0, 'a.example.com'), record(2, 0, 'b.example.com')],
        '_sip._tcp.example.com': [record(1, 0, 'a.example.com', 5070)],
      },
      { 'a.example.com': ['192.0.2.1'], 'b.example.com': ['192.0.2.2'] },
    );
    const resolver = createResolver({ dns, random: seededRandom(1) });
    expect(await resolver.resolve(parseUri('sip:example.com'))).toEqual([
      { transport: 'udp', host: '192.0.2.1', port: 5060, tcpPort: 5070 },
      { transport: 'udp', host: '192.0.2.2', port: 5060 },
      { transport: 'tcp', host: '192.0.2.1', port: 5070 },
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
    ['sips:a@example.com;transport=udp', 'over TLS only'],
    ['sip:a@example.com;transport=sctp', 'use udp, tcp or tls'],
    ['sip:a@example.com;transport=ws', 'use udp, tcp or tls'],
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
