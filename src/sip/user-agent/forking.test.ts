import { afterEach, describe, expect, test } from 'vitest';
import { answering, call, contactOf, OFFER, PASSENGER, registered } from './test-support/dialling.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { account } from './test-support/settings.ts';

/** Bob has three phones. */
describe('an account with several phones', () => {
  let stage: Scene;
  let phones: [RawPeer, RawPeer, RawPeer];

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  const toBob = { target: { kind: 'user', username: 'bob' } } as const;

  async function start() {
    stage = await scene({ users: [account('bob', 'p', { number: PASSENGER })] });
    phones = [
      await stage.peer('203.0.113.1'),
      await stage.peer('203.0.113.2'),
      await stage.peer('203.0.113.3'),
    ];
    for (const [index, phone] of phones.entries()) {
      phone.onRequest = answering(phone, [180]);
      await registered(stage, phone, 'user-bob', { q: 1 - index / 10, callId: `r${index}` });
    }
  }

  const count = (method: string): number[] => phones.map((phone) => phone.got(method).length);

  test('[row 5] [RFC 3261 §16.6] all of them ring, each under its own Call-ID; the first 2xx has the call, the others are cancelled', async () => {
    await start();
    const { session, seen, ends } = call(stage, toBob);
    await stage.clock.advance(50);
    expect(count('INVITE')).toEqual([1, 1, 1]);
    expect(new Set(phones.map((phone) => phone.got('INVITE')[0]?.headers.get('Call-ID'))).size).toBe(3);
    expect(seen).toEqual(['180', '180', '180']);
    expect(session.state).toBe('proceeding');
    const [one, two, three] = phones;
    two.reply(two.got('INVITE')[0]!, 200, { fields: contactOf(two), body: OFFER });
    await stage.clock.advance(50);
    expect(seen.slice(3)).toEqual(['accepted']);
    expect(count('CANCEL')).toEqual([1, 0, 1]);
    expect(count('ACK')).toEqual([1, 1, 1]);
    expect(session.state).toBe('confirmed');
    session.end();
    await stage.clock.advance(50);
    expect(count('BYE')).toEqual([0, 1, 0]);
    expect(ends).toMatchObject([{ by: 'local', answered: true }]);
    expect(one.got('INVITE')).toHaveLength(1);
    expect(three.got('INVITE')).toHaveLength(1);
  });

  test('[row 1] [row 5] a second phone is picked up while its CANCEL is on the way: ACK and BYE, and the call is not disturbed', async () => {
    await start();
    const { session, seen } = call(stage, toBob);
    await stage.clock.advance(50);
    const [one, two] = phones;
    for (const phone of [one, two]) {
      phone.onRequest = (request) => {
        if (request.method === 'CANCEL') phone.reply(request, 200);
        if (request.method === 'BYE') phone.reply(request, 200);
      };
    }
    one.reply(one.got('INVITE')[0]!, 200, { fields: contactOf(one), body: OFFER });
    two.reply(two.got('INVITE')[0]!, 200, { fields: contactOf(two), body: OFFER });
    await stage.clock.advance(50);
    expect(seen.filter((what) => what === 'accepted')).toHaveLength(1);
    expect(session.state).toBe('confirmed');
    expect(count('ACK').slice(0, 2)).toEqual([1, 1]);
    expect([count('BYE')[0]! + count('BYE')[1]!, count('CANCEL')[2]]).toEqual([1, 1]);
    session.end();
    await stage.clock.advance(50);
    expect(count('BYE').slice(0, 2)).toEqual([1, 1]);
  });

  test('[row 40] the caller hangs up: every phone stops ringing, and the call ends once', async () => {
    await start();
    const { session, ends } = call(stage, toBob);
    await stage.clock.advance(50);
    session.end();
    session.end();
    await stage.clock.advance(50);
    expect(count('CANCEL')).toEqual([1, 1, 1]);
    expect(ends).toMatchObject([{ by: 'local', status: 487, answered: false, retryable: false }]);
  });

  test('[RFC 3261 §16.7] a 6xx speaks for all phones', async () => {
    await start();
    const { ends } = call(stage, toBob);
    await stage.clock.advance(50);
    phones[1].reply(phones[1].got('INVITE')[0]!, 603);
    await stage.clock.advance(50);
    expect(count('CANCEL')).toEqual([1, 0, 1]);
    expect(ends).toMatchObject([{ by: 'remote', status: 603 }]);
  });

  test.each([
    [[480, 486, 408], 486],
    [[503, 480, 404], 480],
    [[500, 503, 500], 500],
  ])(
    '[RFC 3261 §16.7] all refuse with %j: the call ends with %s, once all have',
    async (statuses, status) => {
      await start();
      const { ends } = call(stage, toBob);
      await stage.clock.advance(50);
      for (const [index, phone] of phones.entries()) {
        expect(ends).toEqual([]);
        phone.reply(phone.got('INVITE')[0]!, statuses[index]!);
        await stage.clock.advance(50);
      }
      expect(ends).toMatchObject([{ by: 'remote', status }]);
      expect(count('INVITE')).toEqual([1, 1, 1]);
    },
  );

  test('a phone that is gone does not hold up the others, nor hide what they say', async () => {
    await start();
    phones[0].onRequest = undefined;
    const gone = call(stage, toBob);
    await stage.clock.advance(50);
    for (const phone of phones.slice(1)) phone.reply(phone.got('INVITE')[0]!, 486);
    await stage.clock.advance(40_000);
    expect(gone.ends).toMatchObject([{ by: 'remote', status: 486 }]);
  });

  test('[row 44] [RFC 3261 §8.1.3.4] a phone that forwards to another number is not followed', async () => {
    await start();
    phones[0].onRequest = answering(phones[0], [302], [['Contact', '<sip:+15005550006@203.0.113.2>']]);
    const { session, ends } = call(stage, { target: { kind: 'trunk', number: PASSENGER } });
    await stage.clock.advance(50);
    expect(count('INVITE')).toEqual([1, 1, 1]);
    phones[1].reply(phones[1].got('INVITE')[0]!, 486);
    phones[2].reply(phones[2].got('INVITE')[0]!, 480);
    await stage.clock.advance(50);
    expect(ends).toMatchObject([{ status: 486 }]);
    expect(session.state).toBe('ended');
  });
});
