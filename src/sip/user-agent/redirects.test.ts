import { afterEach, describe, expect, test } from 'vitest';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { answering, call, contactOf, OFFER } from './test-support/dialling.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { trunk } from './test-support/settings.ts';
import type { TrunkSettings } from './types.ts';

const SAME = 'sip:+79121234567';

describe('[RFC 3261 §8.1.3.4] a 3xx', () => {
  let stage: Scene;
  let carrier: RawPeer;
  let other: RawPeer;

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function start(contacts: string, changes: Partial<TrunkSettings> = {}) {
    stage = await scene({
      trunks: [trunk({ country: 'RU', ...changes })],
      hosts: {
        'carrier.example': ['198.51.100.1'],
        'gw.carrier.example': ['198.51.100.2'],
        'partner.example': ['198.51.100.2'],
      },
    });
    carrier = await stage.peer('198.51.100.1');
    other = await stage.peer('198.51.100.2');
    carrier.onRequest = answering(carrier, []);
    carrier.onRequest = (request) => {
      if (request.method === 'INVITE')
        carrier.reply(request, 302, { fields: [['Contact', contacts]], toTag: 'moved' });
    };
    other.onRequest = answering(other, [486]);
  }

  test.each([
    ['below its own name', `<${SAME}@gw.carrier.example>`, {}],
    ['in another spelling of the number', '<sip:89121234567@gw.carrier.example;user=phone>', {}],
    ['to a host that was allowed', `<${SAME}@partner.example>`, { redirectDomains: ['partner.example'] }],
    ['to an address that was allowed', `<${SAME}@198.51.100.2:5060>`, { redirectDomains: ['198.51.100.2'] }],
    ['to another number, where allowed', '<sip:+79990001122@gw.carrier.example>', { redirectNumbers: true }],
    ['by q, the preferred first', `<${SAME}@nowhere.test>;q=0.9, <${SAME}@gw.carrier.example>;q=0.8`, {}],
  ])('is followed %s', async (_, contacts, changes) => {
    await start(contacts, changes);
    const { ends } = call(stage);
    await stage.clock.advance(50);
    expect(other.got('INVITE')).toHaveLength(1);
    expect(carrier.got('ACK')).toHaveLength(1);
    expect(ends).toMatchObject([{ status: 486, by: 'remote' }]);
    expect(other.got('INVITE')[0]?.headers.get('To')).toBe('<sip:+79121234567@carrier.example>');
  });

  test.each([
    ['a host of somebody else', `<${SAME}@partner.example>`, {}],
    ['a host that only ends alike', `<${SAME}@notcarrier.example>`, {}],
    ['another number', '<sip:+79990001122@gw.carrier.example>', {}],
    [
      'a number that the trunk does not serve',
      '<sip:+15005550006@gw.carrier.example>',
      { redirectNumbers: true, prefixes: ['+7'] },
    ],
    ['maddr', `<${SAME}@gw.carrier.example;maddr=198.51.100.2>`, {}],
    ['a tel: URI', '<tel:+79121234567>', {}],
    ['sips', '<sips:+79121234567@gw.carrier.example>', {}],
    ['mail', '<mailto:driver@carrier.example>', {}],
    ['nonsense', '<sip:', {}],
    ['itself', `<${SAME}@carrier.example>`, {}],
  ])('[row 44] does not lead to %s: the call fails', async (_, contacts, changes) => {
    await start(contacts, changes);
    const { ends } = call(stage);
    await stage.clock.advance(50);
    expect(other.texts).toEqual([]);
    expect(carrier.got('INVITE')).toHaveLength(1);
    expect(ends).toMatchObject([{ status: 302, by: 'remote', retryable: false }]);
  });

  test('[row 44] does not lead to a number that whoever dialled may not call, where the trunk would', async () => {
    await start('<sip:+79990001122@gw.carrier.example>', { redirectNumbers: true });
    const asked: PhoneNumber[] = [];
    const mayLeadTo = (number: PhoneNumber): boolean => asked.push(number) === 0;
    const { ends } = call(stage, { mayLeadTo });
    await stage.clock.advance(50);
    expect(asked).toEqual([PhoneNumber.parse('+79990001122')]);
    expect(other.texts).toEqual([]);
    expect(ends).toMatchObject([{ by: 'remote' }]);
  });

  test('[row 39] nor anywhere once it has rung', async () => {
    await start(`<${SAME}@gw.carrier.example>`);
    const redirect = carrier.onRequest!;
    carrier.onRequest = (request) => {
      if (request.method === 'INVITE')
        carrier.reply(request, 180, { fields: contactOf(carrier), toTag: 'moved' });
      redirect(request);
    };
    call(stage);
    await stage.clock.advance(50);
    expect(other.texts).toEqual([]);
  });

  test('[row 44] a chain of redirects ends, and nobody is asked twice', async () => {
    await start(`<${SAME}@gw.carrier.example;n=0>`);
    let n = 0;
    other.onRequest = (request) => {
      if (request.method !== 'INVITE') return;
      n += 1;
      other.reply(request, 302, { fields: [['Contact', `<${SAME}@gw.carrier.example;n=${n}>`]] });
    };
    const { ends } = call(stage);
    await stage.clock.advance(500);
    expect(other.got('INVITE')).toHaveLength(3);
    expect(ends).toMatchObject([{ status: 302 }]);
    other.requests.length = 0;
    other.onRequest = (request) => {
      if (request.method !== 'INVITE') return;
      other.reply(request, 302, {
        fields: [['Contact', `<${SAME}@gw.carrier.example;n=0>, <${SAME}@carrier.example>`]],
      });
    };
    call(stage);
    await stage.clock.advance(500);
    expect(other.got('INVITE')).toHaveLength(1);
  });

  test('header fields, password and method of the Contact do not get into our request', async () => {
    await start('<sip:+79121234567:pw@gw.carrier.example;method=BYE?X-Evil=1&Replaces=a>');
    call(stage);
    await stage.clock.advance(50);
    expect(other.got('INVITE')[0]?.uri).toBe('sip:+79121234567@gw.carrier.example');
    expect(other.texts.join()).not.toMatch(/Evil|Replaces|pw/);
  });

  test('the place that it leads to may answer the call', async () => {
    await start(`<${SAME}@gw.carrier.example>`);
    other.onRequest = (request) => {
      if (request.method === 'INVITE') other.reply(request, 200, { fields: contactOf(other), body: OFFER });
      else if (request.method === 'BYE') other.reply(request, 200);
    };
    const { session, seen } = call(stage);
    await stage.clock.advance(50);
    expect(seen).toEqual(['accepted']);
    session.end();
    await stage.clock.advance(50);
    expect(other.got('BYE')).toHaveLength(1);
  });

  test('of a URI that was called: to its own host and its own user, nowhere else', async () => {
    for (const [contact, asked] of [
      ['sip:desk@198.51.100.1:5060;x=1', 2],
      ['sip:boss@198.51.100.1', 1],
      ['sip:desk@198.51.100.2', 1],
    ] as const) {
      await start(`<${contact}>`);
      call(stage, { target: { kind: 'uri', uri: 'sip:desk@198.51.100.1' } });
      await stage.clock.advance(500);
      expect([contact, carrier.got('INVITE').length, other.texts]).toEqual([contact, asked, []]);
      if (contact !== 'sip:desk@198.51.100.2') expect(await stage.close()).toEqual(NOTHING_LEFT);
    }
  });
});
