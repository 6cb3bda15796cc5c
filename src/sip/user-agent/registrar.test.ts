import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { Registrar } from './registrar.ts';
import { MemoryLocations } from './test-support/memory-locations.ts';
import { flowFrom, requestOf } from './test-support/messages.ts';
import { account } from './test-support/settings.ts';
import type { Binding } from './types.ts';

const bob = account('bob', 'zanzibar');
const source = flowFrom('203.0.113.9', 40123);

function registrar() {
  const clock = new VirtualClock();
  const locations = new MemoryLocations();
  const subject = new Registrar({ locations, clock });
  let sequence = 0;
  const send = (
    fields: readonly string[],
    options: { cseq?: number; callId?: string; to?: string; flow?: typeof source } = {},
  ) => {
    sequence = options.cseq ?? sequence + 1;
    const request = requestOf([
      'REGISTER sip:maskline.test SIP/2.0',
      'Via: SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1',
      'Max-Forwards: 70',
      `To: ${options.to ?? 'Bob <sip:bob@maskline.test>'}`,
      'From: Bob <sip:bob@maskline.test>;tag=1',
      `Call-ID: ${options.callId ?? 'reg-1'}`,
      `CSeq: ${sequence} REGISTER`,
      ...fields,
    ]);
    return subject.register(request, options.flow ?? source, bob);
  };
  const list = () => locations.list(bob.id);
  return { clock, locations, subject, send, list };
}

const contactsOf = (reply: Awaited<ReturnType<Registrar['register']>>): string[] =>
  (reply.options?.fields ?? []).filter(([name]) => name === 'Contact').map(([, value]) => value);

describe('registrar', () => {
  test('[RFC 3261 §10.3] adds, answers with the list, and keeps the source for calls past NAT', async () => {
    const { send, list } = registrar();
    const reply = await send(['Contact: <sip:bob@10.0.0.5:5060>', 'Expires: 600']);
    expect(reply.status).toBe(200);
    expect(contactsOf(reply)).toEqual(['<sip:bob@10.0.0.5:5060>;expires=600']);
    const [binding] = await list();
    expect(binding).toMatchObject({
      contact: 'sip:bob@10.0.0.5:5060',
      source: { transport: 'udp', host: '203.0.113.9', port: 40123 },
      q: 1,
    } satisfies Partial<Binding>);
  });

  test('[RFC 3261 §10.2.4] refreshes the same binding, also from another source', async () => {
    const { clock, send, list } = registrar();
    await send(['Contact: <sip:bob@10.0.0.5>;expires=100']);
    await clock.advance(60_000);
    const reply = await send(['Contact: <sip:bob@10.0.0.5>;expires=100'], {
      flow: flowFrom('203.0.113.9', 9),
    });
    expect(contactsOf(reply)).toEqual(['<sip:bob@10.0.0.5>;expires=100']);
    expect(await list()).toHaveLength(1);
    expect((await list())[0]?.source.port).toBe(9);
  });

  test('[RFC 3261 §19.1.4] an equal URI in another spelling is the same binding', async () => {
    const { send, list } = registrar();
    await send(['Contact: <sip:%62ob@Phone.Example>']);
    await send(['Contact: <sip:bob@phone.example>']);
    expect((await list()).map(({ contact }) => contact)).toEqual(['sip:bob@phone.example']);
  });

  test('[RFC 3261 §10.2.2] removes one with expires=0, and all with *', async () => {
    const { send, list } = registrar();
    await send(['Contact: <sip:bob@one>, <sip:bob@two>, <sip:bob@three>']);
    const reply = await send(['Contact: <sip:bob@two>;expires=0']);
    expect(contactsOf(reply)).toHaveLength(2);
    expect(contactsOf(await send(['Contact: *', 'Expires: 0']))).toEqual([]);
    expect(await list()).toEqual([]);
  });

  test('[RFC 3261 §10.2.3] without Contact it is a query; expired bindings are not listed', async () => {
    const { clock, send } = registrar();
    await send(['Contact: <sip:bob@one>;expires=60, <sip:bob@two>;expires=600;q=0.5']);
    await clock.advance(61_000);
    expect(contactsOf(await send([]))).toEqual(['<sip:bob@two>;q=0.5;expires=539']);
  });

  test('the preferred binding is the one with the higher q, then the newest', async () => {
    const { clock, send, subject } = registrar();
    await send(['Contact: <sip:bob@low>;q=0.1;expires=3600']);
    await send(['Contact: <sip:bob@old>;expires=3600']);
    await clock.advance(1000);
    await send(['Contact: <sip:bob@new>;expires=3600']);
    expect((await subject.bindings(bob.id)).map(({ contact }) => contact)).toEqual([
      'sip:bob@new',
      'sip:bob@old',
      'sip:bob@low',
    ]);
  });

  test.each([
    ['* beside another', ['Contact: *, <sip:bob@one>', 'Expires: 0']],
    ['* without Expires', ['Contact: *']],
    ['* with another Expires', ['Contact: *', 'Expires: 60']],
    ['too many', [`Contact: ${Array.from({ length: 9 }, (_, i) => `<sip:bob@h${i}>`).join(', ')}`]],
    ['too long', [`Contact: <sip:bob@one;x=${'a'.repeat(600)}>`]],
    ['malformed', ['Contact: <sip:bob@']],
  ])('[RFC 3261 §10.3] 400: %s', async (_, fields) => {
    const { send, list } = registrar();
    expect((await send(fields)).status).toBe(400);
    expect(await list()).toEqual([]);
  });

  test('[RFC 3261 §10.2.8] too brief: 423 with Min-Expires, and nothing is stored', async () => {
    const { send, list } = registrar();
    const reply = await send(['Contact: <sip:bob@one>;expires=3600, <sip:bob@two>;expires=30']);
    expect(reply).toEqual({ status: 423, options: { fields: [['Min-Expires', '60']] } });
    expect(await list()).toEqual([]);
  });

  test('too long is cut, nonsense is the default', async () => {
    const { send } = registrar();
    const reply = await send(['Contact: <sip:bob@one>;expires=999999, <sip:bob@two>;expires=soon']);
    expect(contactsOf(reply)).toEqual(['<sip:bob@one>;expires=7200', '<sip:bob@two>;expires=3600']);
  });

  test('[RFC 3261 §10.3] an overtaken request of the same Call-ID changes nothing; another Call-ID may', async () => {
    const { send, list } = registrar();
    await send(['Contact: <sip:bob@one>;expires=600'], { cseq: 5 });
    expect((await send(['Contact: <sip:bob@two>, <sip:bob@one>;expires=0'], { cseq: 5 })).status).toBe(500);
    expect((await send(['Contact: *', 'Expires: 0'], { cseq: 4 })).status).toBe(500);
    expect((await list()).map(({ contact }) => contact)).toEqual(['sip:bob@one']);
    expect((await send(['Contact: <sip:bob@one>;expires=0'], { cseq: 1, callId: 'reg-2' })).status).toBe(200);
    expect(await list()).toEqual([]);
  });

  test('nobody registers for another account', async () => {
    const { send } = registrar();
    expect((await send(['Contact: <sip:x@one>'], { to: '<sip:alice@maskline.test>' })).status).toBe(403);
    expect((await send(['Contact: <sip:x@one>'], { to: '<tel:+123456789>' })).status).toBe(403);
  });

  test('an account has a bounded number of phones', async () => {
    const { send, list } = registrar();
    for (let i = 0; i < 10; i++) expect((await send([`Contact: <sip:bob@h${i}>`])).status).toBe(200);
    expect((await send(['Contact: <sip:bob@h10>'])).status).toBe(403);
    expect((await send(['Contact: <sip:bob@h10>, <sip:bob@h0>;expires=0'])).status).toBe(200);
    expect(await list()).toHaveLength(10);
  });

  test('what cannot be called is not stored', async () => {
    const { send } = registrar();
    const reply = await send(['Contact: <mailto:bob@one>, <sip:bob@one>, <sips:bob@one>']);
    expect(contactsOf(reply)).toEqual(['<sip:bob@one>;expires=3600']);
  });

  test('two requests at once are taken one by one', async () => {
    const { send, list } = registrar();
    const replies = await Promise.all([
      send(['Contact: <sip:bob@one>'], { cseq: 2 }),
      send(['Contact: <sip:bob@one>;expires=0'], { cseq: 1 }),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([200, 500]);
    expect(await list()).toHaveLength(1);
  });
});
