import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import type { Flow } from '../transport/types.ts';
import { contactFor } from './contact.ts';
import { trunkByCertificate } from './peer-match.ts';
import { Registrar } from './registrar.ts';
import { MemoryLocations } from './test-support/memory-locations.ts';
import { flowFrom, requestOf } from './test-support/messages.ts';
import { account, trunk } from './test-support/settings.ts';

const ann = account('ann', 'secret');

/** A flow that a test can close. */
function connection(transport: 'ws' | 'tls' | 'tcp', port = 50_000): Flow & { isOpen: boolean } {
  return { ...flowFrom('203.0.113.9', port, transport), isOpen: true };
}

function registrar(locations = new MemoryLocations()) {
  const subject = new Registrar({ locations, clock: new VirtualClock() });
  let sequence = 0;
  const send = (flow: Flow, contact: string) => {
    sequence++;
    const request = requestOf([
      'REGISTER sip:maskline.test SIP/2.0',
      'Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1',
      'Max-Forwards: 70',
      'To: <sip:ann@maskline.test>',
      'From: <sip:ann@maskline.test>;tag=1',
      'Call-ID: reg-1',
      `CSeq: ${sequence} REGISTER`,
      `Contact: ${contact}`,
    ]);
    return subject.register(request, flow, ann);
  };
  const reachable = async () => (await subject.bindings(ann.id)).map(({ source }) => source.port);
  return { subject, locations, send, reachable };
}

const BROWSER = '<sip:ann@df7jal23ls0d.invalid;transport=ws>;+sip.instance="<urn:uuid:1>";reg-id=1';

describe('[RFC 5626 §5.3] a registration over TLS or WebSocket', () => {
  test.each(['ws', 'tls'] as const)('%s: is bound to its connection and goes with it', async (transport) => {
    const { subject, locations, send, reachable } = registrar();
    const flow = connection(transport);
    expect((await send(flow, BROWSER)).status).toBe(200);
    expect(await reachable()).toEqual([50_000]);
    // Not open any more, although nobody has told us yet.
    flow.isOpen = false;
    expect(await reachable()).toEqual([]);
    await subject.flowClosed(flow);
    expect(await locations.list(ann.id)).toEqual([]);
  });

  test('a refresh by a new connection moves it; the end of the old one changes nothing', async () => {
    const { subject, send, reachable } = registrar();
    const [old, fresh] = [connection('ws'), connection('ws', 50_001)];
    await send(old, BROWSER);
    await send(fresh, BROWSER);
    old.isOpen = false;
    await subject.flowClosed(old);
    expect(await reachable()).toEqual([50_001]);
  });

  test('somebody else at the same address and port does not get the calls', async () => {
    const { subject, send, reachable } = registrar();
    const flow = connection('ws');
    await send(flow, BROWSER);
    flow.isOpen = false;
    // A new connection from the same port: another object, nothing registered on it.
    await subject.flowClosed(connection('ws'));
    expect(await reachable()).toEqual([]);
  });

  test('a row of another process is not reached; one that closes while it is written leaves nothing', async () => {
    const first = registrar();
    await first.send(connection('ws'), BROWSER);
    const second = registrar(first.locations);
    expect(await second.reachable()).toEqual([]);
    const flow = connection('ws', 50_002);
    const answer = second.send(flow, '<sip:ann@other.invalid;transport=ws>');
    flow.isOpen = false;
    await answer;
    const rows = await first.locations.list(ann.id);
    expect(rows.map(({ source }) => source.port)).toEqual([50_000]);
  });

  test('over TCP it outlives its connection: the phone may be connected to', async () => {
    const { subject, send, reachable } = registrar();
    const flow = connection('tcp');
    await send(flow, '<sip:ann@203.0.113.9:5060;transport=tcp>');
    flow.isOpen = false;
    await subject.flowClosed(flow);
    expect(await reachable()).toEqual([50_000]);
  });
});

test('[RFC 3261 §26.2.2] a sips: Contact is taken over TLS and passed over without', async () => {
  const { send, reachable } = registrar();
  await send(connection('tcp'), '<sips:ann@203.0.113.9>');
  expect(await reachable()).toEqual([]);
  await send(connection('tls'), '<sips:ann@203.0.113.9>');
  expect(await reachable()).toEqual([50_000]);
});

test.each([
  ['udp', 'sip', 'sip:maskline@192.0.2.1:5060', {}],
  ['tls', 'sip', 'sip', { transport: 'tls' }],
  ['tls', 'sips', 'sips', {}],
  ['wss', 'sip', 'sip', { transport: 'ws' }],
  ['wss', 'sips', 'sips', { transport: 'ws' }],
] as const)('[RFC 3261 §8.1.1.8] our Contact over %s for %s:', (transport, scheme, written, params) => {
  const { uri } = contactFor(flowFrom('203.0.113.9', 5060, transport), undefined, scheme);
  expect(uri.scheme).toBe(written.split(':')[0]);
  expect(Object.fromEntries((uri as { params: ReadonlyMap<string, string> }).params)).toEqual(params);
});

test('[RFC 5922 §7.2] a trunk is known by the name in its certificate, letter for letter', () => {
  const carrier = trunk({ name: 'carrier', tls: { verify: true, clientName: 'sip:Carrier.example' } });
  const trunks = [trunk({ name: 'other' }), carrier];
  expect(trunkByCertificate(trunks, ['carrier.example'])?.name).toBe('carrier');
  expect(trunkByCertificate(trunks, ['sip.carrier.example'])).toBeUndefined();
  expect(trunkByCertificate(trunks, [])).toBeUndefined();
  expect(trunkByCertificate(trunks, undefined)).toBeUndefined();
});
