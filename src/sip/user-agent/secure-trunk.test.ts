/** Trunks over TLS, and calls that are too large for UDP, on a virtual network: its certificates are lists of names. */
import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { Phone, type PhoneOptions } from '../../phone/phone.ts';
import type { SecureClient } from '../transport/types.ts';
import { SERVER } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, type SceneOptions, scene } from './test-support/scene.ts';
import { trunk } from './test-support/settings.ts';
import type { CallTarget } from './types.ts';

const CARRIER = '198.51.100.1';
const OFFER =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';
const number = PhoneNumber.parse('+79121234567');
const identity = { kind: 'number', number: PhoneNumber.parse('+74951234567'), displayName: '' } as const;

let stage: Scene;
let phones: Phone[];

afterEach(async () => {
  for (const phone of phones) phone.close();
  expect(await stage.close()).toEqual(NOTHING_LEFT);
});

async function start(options: SceneOptions = {}): Promise<void> {
  phones = [];
  stage = await scene({
    hosts: { 'carrier.example': [CARRIER], 'tls.example.net': [CARRIER] },
    tls: { clientCertificates: 'request' },
    ...options,
  });
}

/** A carrier that answers, with the names in its certificates. */
async function carrier(
  names: string,
  options: Partial<PhoneOptions> & { readonly port?: number } = {},
): Promise<Phone> {
  const client: SecureClient = {
    serverName: 'sip.maskline.test',
    expectedName: 'sip.maskline.test',
    material: { certificate: names },
  };
  const phone = new Phone({
    network: stage.network.host(CARRIER),
    clock: stage.clock,
    random: seededRandom(3),
    local: { host: CARRIER, port: options.port ?? 5061 },
    transport: 'tls',
    tls: { client, server: { material: () => ({ certificate: names }), clientCertificates: 'off' } },
    identity: { username: '+79121234567', domain: 'carrier.example' },
    answer: { answerAfterMs: 0 },
    ...options,
  });
  phones.push(phone);
  await phone.open();
  return phone;
}

function dial(target: CallTarget, headers: readonly [string, string][] = []) {
  const session = stage.agent.invite({ target, identity, headers, maxForwards: 70 }, async () => OFFER);
  const seen = { accepted: false, ended: '' };
  session.events.on('accepted', () => {
    seen.accepted = true;
  });
  session.events.on('ended', (end) => {
    seen.ended = end.by === 'fault' ? String((end as { code?: string }).code ?? 'fault') : end.by;
  });
  return { session, seen };
}

const received = (phone: Phone): string[] =>
  phone.log.filter((one) => one.direction === 'received').map(({ bytes }) => Buffer.from(bytes).toString());

describe('outbound', () => {
  test('[RFC 3261 §26.3.1] a whole call through a TLS trunk: Via, Contact and BYE stay on its connection', async () => {
    await start({ trunks: [trunk({ transport: 'tls' })] });
    const peer = await carrier('carrier.example');
    const { session, seen } = dial({ kind: 'trunk', number });
    await stage.clock.advance(200);
    expect(seen.accepted).toBe(true);
    const [invite] = received(peer);
    expect(invite).toMatch(/^INVITE sip:\+79121234567@carrier\.example;transport=tls SIP\/2\.0\r\n/);
    expect(invite).toContain(`Via: SIP/2.0/TLS ${SERVER.host}:5061;`);
    expect(invite).toContain(`Contact: <sip:maskline@${SERVER.host}:5061;transport=tls>`);
    session.end();
    await stage.clock.advance(200);
    expect(received(peer).map((text) => text.split(' ')[0])).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(stage.transport.openConnections).toBe(1);
  });

  test('[RFC 5922 §7.2] a carrier that shows another name is not spoken to', async () => {
    await start({ trunks: [trunk({ transport: 'tls' })] });
    const peer = await carrier('evil.example');
    const { seen } = dial({ kind: 'trunk', number });
    await stage.clock.advance(200);
    expect(seen).toEqual({ accepted: false, ended: expect.stringMatching(/./) });
    expect(received(peer)).toEqual([]);
  });

  test('[RFC 5922 §7.1] [RFC 3263 §4.2] SRV leads elsewhere; the certificate still names the domain', async () => {
    await start({
      trunks: [trunk({ transport: 'tls' })],
      srv: { '_sips._tcp.carrier.example': [{ name: 'tls.example.net', port: 5071 }] },
    });
    const peer = await carrier('carrier.example', { port: 5071 });
    const { session, seen } = dial({ kind: 'trunk', number });
    await stage.clock.advance(200);
    expect(seen.accepted).toBe(true);
    expect(received(peer)).toHaveLength(2);
    session.end();
    await stage.clock.advance(200);
  });

  test('[RFC 3261 §26.2.2] [RFC 3261 §8.1.1.8] a sips: target goes over TLS with a sips: Contact', async () => {
    await start();
    const peer = await carrier('carrier.example');
    const { session, seen } = dial({ kind: 'uri', uri: 'sips:bob@carrier.example' });
    await stage.clock.advance(200);
    expect(seen.accepted).toBe(true);
    const [invite] = received(peer);
    expect(invite).toMatch(/^INVITE sips:bob@carrier\.example SIP\/2\.0\r\n/);
    expect(invite).toContain(`Contact: <sips:maskline@${SERVER.host}:5061>`);
    session.end();
    await stage.clock.advance(200);
  });

  test('[row 25] [row 39] a connection that breaks ends its call now, and what has rung is not rung elsewhere', async () => {
    await start({
      trunks: [
        trunk({ name: 'first', transport: 'tls', priority: 1 }),
        trunk({ name: 'second', host: 'tls.example.net', transport: 'tls', port: 5071, priority: 2 }),
      ],
    });
    const ringing = await carrier('carrier.example', { answer: { answerAfterMs: 60_000 } });
    const second = await carrier('tls.example.net', { port: 5071 });
    const { seen } = dial({ kind: 'trunk', number });
    await stage.clock.advance(50);
    expect(received(ringing)).toHaveLength(1);
    ringing.disconnect();
    await stage.clock.advance(50);
    expect(seen.ended).not.toBe('');
    expect(received(second)).toEqual([]);
  });

  test('two domains at one address have a connection each; one domain has one', async () => {
    await start();
    await carrier('carrier.example, tls.example.net');
    const uris = ['sips:a@carrier.example', 'sips:b@carrier.example', 'sips:c@tls.example.net'];
    const calls = uris.map((uri) => dial({ kind: 'uri', uri }));
    await stage.clock.advance(300);
    expect(calls.map(({ seen }) => seen.accepted)).toEqual([true, true, true]);
    expect(stage.transport.openConnections).toBe(2);
    for (const { session } of calls) session.end();
    await stage.clock.advance(300);
  });
});

describe('inbound', () => {
  const known = trunk({ transport: 'tls', tls: { verify: true, clientName: 'carrier.example' } });

  test('[RFC 5922 §7.1] a call is of the trunk whose certificate is shown; without it, of nobody', async () => {
    await start({ trunks: [known] });
    const good = await carrier('carrier.example', { registrar: { host: SERVER.host, port: 5061 } });
    const call = good.call('sip:+74951234567@sip.maskline.test');
    await stage.clock.advance(200);
    expect(stage.calls.map(({ peer }) => peer)).toEqual([{ kind: 'trunk', trunk: known }]);
    stage.calls[0]!.session.reject(486);
    await stage.clock.advance(200);
    expect(call.end?.status).toBe(486);
    const other = await carrier('other.example', {
      port: 5062,
      registrar: { host: SERVER.host, port: 5061 },
    });
    const refused = other.call('sip:+74951234567@sip.maskline.test');
    await stage.clock.advance(200);
    expect(refused.end?.status).toBe(401);
    expect(stage.calls).toHaveLength(1);
  });
});

test('[RFC 5922 §7.1] a call over the connection that we made is of the trunk that it was made to', async () => {
  const carrierTrunk = trunk({ transport: 'tls', tls: { verify: true, clientName: 'carrier.example' } });
  await start({ trunks: [carrierTrunk] });
  const peer = await carrier('carrier.example');
  const { session } = dial({ kind: 'trunk', number });
  await stage.clock.advance(200);
  session.end();
  await stage.clock.advance(200);
  // The carrier calls back over the same connection, as registrars do.
  const { host, port } = peer.log[0]!.remote;
  const back = peer.call(`sip:+74951234567@${host}:${port}`);
  await stage.clock.advance(200);
  expect(stage.calls.map((call) => call.peer)).toEqual([{ kind: 'trunk', trunk: carrierTrunk }]);
  stage.calls[0]!.session.reject(486);
  await stage.clock.advance(200);
  expect(back.end?.status).toBe(486);
});

describe('[row 23] an INVITE that is too large for UDP', () => {
  const large: [string, string][] = [['X-Large', 'a'.repeat(1_000)]];
  const srv = { '_sip._udp.carrier.example': [{ name: 'tls.example.net', port: 5060 }] };
  const both = { ...srv, '_sip._tcp.carrier.example': [{ name: 'tls.example.net', port: 5070 }] };
  const uri = 'sip:bob@carrier.example';

  async function firstVia(peer: Phone, headers: readonly [string, string][]): Promise<string | undefined> {
    const { session } = dial({ kind: 'uri', uri }, headers);
    await stage.clock.advance(200);
    session.end();
    await stage.clock.advance(200);
    return /Via: (\S+)/.exec(received(peer)[0] ?? '')?.[1];
  }

  test('[RFC 3261 §18.1.1] goes over TCP where DNS names TCP for the same machine', async () => {
    await start({ srv: both });
    const peer = await carrier('', { transport: 'tcp', port: 5070 });
    expect(await firstVia(peer, large)).toBe('SIP/2.0/TCP');
    expect(stage.transport.counters).toMatchObject({ largeOverTcp: 1, largeDatagrams: 0 });
  });

  test('goes over UDP, counted, where DNS names UDP alone, and where TCP does not answer', async () => {
    await start({ srv });
    const peer = await carrier('', { transport: 'udp', port: 5060 });
    expect(await firstVia(peer, large)).toBe('SIP/2.0/UDP');
    expect(stage.transport.counters).toMatchObject({ largeOverTcp: 0, largeDatagrams: 1 });
    for (const phone of phones) phone.close();
    await stage.close();
    await start({ srv: both });
    const silent = await carrier('', { transport: 'udp', port: 5060 });
    expect(await firstVia(silent, large)).toBe('SIP/2.0/UDP');
  });

  test('a small one goes over UDP in any case', async () => {
    await start({ srv: both });
    await carrier('', { transport: 'tcp', port: 5070 });
    const peer = await carrier('', { transport: 'udp', port: 5060 });
    expect(await firstVia(peer, [])).toBe('SIP/2.0/UDP');
    expect(stage.transport.counters).toMatchObject({ largeOverTcp: 0, largeDatagrams: 0 });
  });
});
