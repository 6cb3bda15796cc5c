import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { VirtualNetwork } from '../../test/kit/virtual-network.ts';
import type { TransportName } from '../sip/transport/types.ts';
import { Phone, type PhoneOptions, sipUriOf } from './phone.ts';

const NO_CALL = { by: 'remote', status: 486 };

async function twoPhones(
  ann: Partial<PhoneOptions> = {},
  ben: Partial<PhoneOptions> = {},
  transport: TransportName = 'udp',
) {
  const clock = new VirtualClock();
  const network = new VirtualNetwork({ clock, random: seededRandom(7) });
  const make = (name: string, ip: string, toneHz: number, seed: number, more: Partial<PhoneOptions>): Phone =>
    new Phone({
      network: network.host(ip),
      clock,
      random: seededRandom(seed),
      transport,
      local: { host: ip, port: 5060 },
      identity: { username: name, displayName: `${name} "the" phone`, domain: ip },
      audio: { toneHz },
      ...more,
    });
  const phones = {
    clock,
    network,
    ann: make('ann', '10.0.0.1', 440, 1, ann),
    ben: make('ben', '10.0.0.2', 950, 2, ben),
    target: sipUriOf('ben', { host: '10.0.0.2', port: 5060 }),
    close: () => {
      phones.ann.close();
      phones.ben.close();
    },
  };
  await phones.ann.open();
  await phones.ben.open();
  return phones;
}

/** Start lines that a phone sent or received, shortened. */
function lines(phone: Phone, direction: 'sent' | 'received'): string[] {
  return phone.log
    .filter((entry) => entry.direction === direction)
    .map((entry) => {
      const line = Buffer.from(entry.bytes).toString('utf8').split('\r\n')[0]!;
      return line.startsWith('SIP/2.0') ? line.slice(8, 11) : line.split(' ')[0]!;
    });
}

describe('two phones', () => {
  for (const transport of ['udp', 'tcp'] as const) {
    test(`call over ${transport}, hear each other's tone, press keys, hold, hang up; nothing is left`, async () => {
      const { clock, network, ann, ben, target, close } = await twoPhones(
        {},
        { answer: { ringAfterMs: 50, answerAfterMs: 1_000 } },
        transport,
      );
      const call = ann.call(target);
      await clock.advance(500);
      expect(call.state).toBe('ringing');
      const incoming = await ben.nextCall();
      expect(incoming.shown).toEqual({
        displayName: 'ann "the" phone',
        number: 'ann',
        assertedIdentity: undefined,
      });
      await clock.advance(1_500);
      expect([call.state, incoming.state]).toEqual(['connected', 'connected']);

      expect(call.rtp.heard.isTone(950)).toBe(true);
      expect(call.rtp.heard.isTone(440)).toBe(false);
      expect(incoming.rtp.heard.isTone(440)).toBe(true);
      expect(incoming.rtp.heard.strongestOf([300, 440, 950])?.hz).toBe(440);
      expect(incoming.rtp.heard.longestGapMs).toBeLessThanOrEqual(20);
      expect(incoming.rtp.heard.lost).toBe(0);

      call.rtp.pressKeys('12#');
      await clock.advance(1_000);
      expect(incoming.rtp.digits).toBe('12#');

      const held = call.hold();
      await clock.advance(100);
      expect(await held).toBe(200);
      expect([call.localDirection, incoming.localDirection]).toEqual(['sendonly', 'recvonly']);
      const packets = call.rtp.heard.packets;
      await clock.advance(500);
      expect(call.rtp.heard.packets).toBe(packets);
      const taken = call.hold(false);
      await clock.advance(100);
      expect(await taken).toBe(200);
      await clock.advance(500);
      expect(call.rtp.heard.packets).toBeGreaterThan(packets);

      incoming.hangup();
      await clock.advance(50);
      expect(call.end).toMatchObject({ by: 'remote', reason: 'BYE' });
      expect(incoming.end).toMatchObject({ by: 'local' });
      await clock.advance(40_000);
      close();
      await clock.advance(1_000);
      expect(clock.pending).toBe(0);
      expect(network.counts).toEqual({ datagram: 0, listeners: 0, streams: 0 });
    });
  }

  test('a call is declined, and waits that can no longer come true reject with the reason', async () => {
    const { clock, ann, ben, target, close } = await twoPhones(
      {},
      { answer: { decline: { afterMs: 200, status: 486 } } },
    );
    const call = ann.call(target);
    const connected = call.waitFor('connected');
    const rejected = expect(connected).rejects.toThrow(/ended by remote, 486: Busy Here/);
    await clock.advance(300);
    await rejected;
    expect(call.end).toMatchObject(NO_CALL);
    expect(lines(ann, 'sent')).toEqual(['INVITE', 'ACK']);
    expect(lines(ben, 'sent')).toEqual(['100', '180', '486']);
    close();
    expect(clock.pending).toBe(0);
  });

  test('a wait that is not over in time says what it saw', async () => {
    const { clock, ann, target, close } = await twoPhones({}, { answer: {} });
    const call = ann.call(target);
    const waiting = expect(call.waitFor('connected', 2_000)).rejects.toThrow(
      'waited 2000 ms for state connected; the call went trying → ringing',
    );
    await clock.advance(2_000);
    await waiting;
    close();
  });

  test('hanging up while it rings: CANCEL, 487, ACK', async () => {
    const { clock, ann, ben, target, close } = await twoPhones();
    const call = ann.call(target);
    await clock.advance(100);
    call.hangup();
    await clock.advance(100);
    expect(lines(ann, 'sent')).toEqual(['INVITE', 'CANCEL', 'ACK']);
    expect(lines(ben, 'sent')).toEqual(['100', '180', '200', '487']);
    expect(call.end).toMatchObject({ by: 'local', status: 487 });
    close();
  });

  test('a CANCEL waits for a provisional response', async () => {
    const { clock, ann, ben, target, close } = await twoPhones({}, { answer: { ignore: true } });
    const call = ann.call(target);
    await clock.advance(100);
    call.hangup();
    await clock.advance(10_000);
    expect(lines(ann, 'sent')).not.toContain('CANCEL');
    expect(ben.calls).toHaveLength(1);
    await clock.advance(30_000);
    expect(call.end).toMatchObject({ by: 'timeout', status: 408 });
    close();
  });

  test('early media is heard before the answer', async () => {
    const { clock, ann, target, close } = await twoPhones({}, { answer: { earlyMediaAfterMs: 100 } });
    const call = ann.call(target);
    await clock.advance(1_000);
    expect(call.state).toBe('early-media');
    expect(call.rtp.heard.isTone(950)).toBe(true);
    expect(call.rtp.packetsSent).toBe(0);
    close();
  });

  test('a late offer: SDP in 200 and ACK, sound both ways', async () => {
    const { clock, ann, ben, target, close } = await twoPhones({}, { answer: { answerAfterMs: 10 } });
    const call = ann.call(target, { lateOffer: true });
    await clock.advance(1_000);
    expect(call.state).toBe('connected');
    expect(call.rtp.heard.isTone(950)).toBe(true);
    expect((await ben.nextCall()).rtp.heard.isTone(440)).toBe(true);
    close();
  });
});

describe('misbehaviour', () => {
  test('dropped ACKs: the 200 is repeated until one comes', async () => {
    const { clock, ann, ben, target, close } = await twoPhones(
      { misbehaviour: { dropAcks: 2 } },
      { answer: { answerAfterMs: 10 } },
    );
    ann.call(target);
    await clock.advance(3_000);
    expect(lines(ben, 'sent').filter((line) => line === '200')).toHaveLength(3);
    expect(lines(ann, 'sent').filter((line) => line === 'ACK')).toHaveLength(1);
    expect((await ben.nextCall()).state).toBe('connected');
    close();
  });

  test('ACKs that never come: the answering side gives up with BYE after 64·T1', async () => {
    const { clock, ann, ben, target, close } = await twoPhones(
      { misbehaviour: { dropAcks: Number.POSITIVE_INFINITY } },
      { answer: { answerAfterMs: 10 } },
    );
    ann.call(target);
    await clock.advance(35_000);
    expect((await ben.nextCall()).end).toMatchObject({ by: 'timeout' });
    expect(lines(ben, 'sent').at(-1)).toBe('BYE');
    close();
  });

  test('a late ACK leaves when it is told to', async () => {
    const { clock, ann, ben, target, close } = await twoPhones(
      { misbehaviour: { ackDelayMs: 300 } },
      { answer: { answerAfterMs: 10 } },
    );
    ann.call(target);
    await clock.advance(200);
    expect((await ben.nextCall()).state).toBe('answered');
    await clock.advance(200);
    expect(ben.calls[0]!.state).toBe('connected');
    close();
  });

  test('a 200 that crosses the CANCEL is acknowledged and ended', async () => {
    const { clock, ann, ben, target, close } = await twoPhones({}, { misbehaviour: { onCancel: 'answer' } });
    const call = ann.call(target);
    await clock.advance(100);
    call.hangup();
    await clock.advance(200);
    expect(lines(ann, 'sent')).toEqual(['INVITE', 'CANCEL', 'ACK', 'BYE', 'ACK'].slice(0, 4));
    expect(ben.calls[0]!.end).toMatchObject({ by: 'remote', reason: 'BYE' });
    close();
  });

  test('two answers with different tags: the second dialog gets ACK and BYE, the first lives on', async () => {
    const { clock, ann, ben, target, close } = await twoPhones(
      {},
      { answer: { answerAfterMs: 10 }, misbehaviour: { secondAnswer: true } },
    );
    const call = ann.call(target);
    await clock.advance(400);
    expect(lines(ann, 'sent')).toEqual(['INVITE', 'ACK', 'ACK', 'BYE']);
    expect([call.state, ben.calls[0]!.state]).toEqual(['connected', 'connected']);
    close();
  });

  test('forked 183s come with tags of their own', async () => {
    const { clock, ann, ben, target, close } = await twoPhones(
      {},
      { misbehaviour: { forkedProvisionals: 3 } },
    );
    ann.call(target);
    await clock.advance(100);
    const tags = ben.log
      .filter((entry) => entry.direction === 'sent')
      .map((entry) => Buffer.from(entry.bytes).toString('utf8'))
      .filter((text) => text.startsWith('SIP/2.0 183'))
      .map((text) => /^To:.*;tag=(\w+)/m.exec(text)?.[1]);
    expect(new Set(tags).size).toBe(3);
    close();
  });

  test('everything twice: the other side takes it once', async () => {
    const { clock, ann, ben, target, close } = await twoPhones(
      { misbehaviour: { sendTwice: true } },
      { answer: { answerAfterMs: 10 }, misbehaviour: { sendTwice: true } },
    );
    const call = ann.call(target);
    await clock.advance(500);
    expect(ben.calls).toHaveLength(1);
    call.hangup();
    await clock.advance(100);
    expect(ben.calls[0]!.state).toBe('ended');
    close();
  });

  test('re-INVITE refused: the call goes on as it was', async () => {
    const { clock, ann, target, close } = await twoPhones(
      {},
      { answer: { answerAfterMs: 10 }, misbehaviour: { refuseReinvite: 488 } },
    );
    const call = ann.call(target);
    await clock.advance(200);
    const held = call.hold();
    await clock.advance(200);
    expect(await held).toBe(488);
    expect(call.state).toBe('connected');
    close();
  });

  test('tamper sees the bytes and can withhold them', async () => {
    const { clock, ann, ben, target, close } = await twoPhones({
      misbehaviour: { tamper: (bytes) => (Buffer.from(bytes).includes('INVITE') ? [] : [bytes]) },
    });
    ann.call(target);
    await clock.advance(5_000);
    expect(ben.calls).toHaveLength(0);
    expect(ann.log).toHaveLength(0);
    close();
  });
});
