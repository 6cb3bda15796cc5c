import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { cseq } from '../message/fields.ts';
import type { SipMessage } from '../message/types.ts';
import { FakeFlow, join, peerResponse } from '../transaction/test-support.ts';
import { glareDelayMs } from './glare.ts';
import {
  CONTACT,
  callIn,
  callOut,
  type DialogBench,
  dialogBench,
  inviteParts,
  leftovers,
  listen,
  NOTHING,
} from './test-support.ts';
import type { InviteSession, ReOfferOutcome, UasSession } from './types.ts';

/** A call of ours that was answered, and what became of its offers. */
async function answered(b: DialogBench, allow?: string) {
  const call = await callOut(b, { onChallenge: () => [['Authorization', 'x']] });
  call.answer(200, { body: 'answer', ...(allow === undefined ? {} : { fields: [['Allow', allow]] }) });
  b.wire.sent.length = 0;
  return { ...call, ...offering(call.session) };
}

/** A call that came in, and was answered. */
function taken(b: DialogBench) {
  const call = callIn(b);
  call.session.accept({ sdp: 'answer' });
  call.inDialog('ACK');
  b.wire.sent.length = 0;
  return { ...call, ...offering(call.session) };
}

function offering(session: InviteSession) {
  const outcomes: ReOfferOutcome[] = [];
  const offer = (sdp: string): void => void session.reoffer(sdp).then((outcome) => outcomes.push(outcome));
  return { outcomes, offer };
}

const sdpText = (message: SipMessage): string => Buffer.from(message.body).toString();

describe('an offer of ours on a running session', () => {
  it('[row 11] [row 17] [RFC 3261 §14.1] is a re-INVITE with the next CSeq; the answer is told, the ACK sent, the target refreshed', async () => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('hold');
    const invite = b.wire.requests('INVITE')[0]!;
    expect(sdpText(invite)).toBe('hold');
    expect(invite.headers.get('Contact')).toContain('maskline@10.0.0.1');
    call.answerTo('INVITE', 100);
    call.answerTo('INVITE', 200, { body: 'held', contact: '<sip:new@10.0.0.2>' });
    call.answerTo('INVITE', 200, { body: 'held', contact: '<sip:new@10.0.0.2>' });
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'held' }]);
    expect(b.wire.story).toEqual(['INVITE', 'ACK', 'ACK']);
    const ack = b.wire.requests('ACK')[0]!;
    expect([ack.uri, cseq(ack).sequence]).toEqual(['sip:new@10.0.0.2', cseq(invite).sequence]);
    call.session.end();
    expect(b.wire.requests('BYE')[0]!.uri).toBe('sip:new@10.0.0.2');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it.each([488, 500, 603])(
    '[row 11] [RFC 3261 §14.1] refused with %i, the session goes on as before',
    async (status) => {
      const b = dialogBench();
      const call = taken(b);
      call.offer('hold');
      b.wire.receive(
        peerResponse(b.wire.requests('INVITE')[0]!, status, { contact: '<sip:no@10.0.0.9>' }),
        b.flow,
      );
      await b.clock.advance(0);
      expect(call.outcomes).toEqual([{ kind: 'refused', status }]);
      expect(call.session.state).toBe('confirmed');
      call.session.end();
      expect(b.wire.requests('BYE')[0]!.uri).toBe('sip:caller@10.0.0.2:5060');
      expect(await leftovers(b)).toEqual(NOTHING);
    },
  );

  it.each([408, 481])('[RFC 3261 §12.2.1.2] %i ends the session with BYE', async (status) => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('hold');
    call.answerTo('INVITE', status);
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'ended' }]);
    expect(b.wire.story).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(call.told.at(-1)).toBe('ended by fault 200 answered');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[RFC 3261 §12.2.1.2] so does silence; a 200 that comes after it is acknowledged all the same', async () => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('hold');
    await b.clock.advance(32_000);
    expect(call.outcomes).toEqual([{ kind: 'ended' }]);
    expect(b.wire.story.at(-1)).toBe('BYE');
    call.answerTo('INVITE', 200, { body: 'late' });
    expect(b.wire.story.at(-1)).toBe('ACK');
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });

  it('[row 27] 401 is answered with credentials, a new CSeq and the same offer', async () => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('hold');
    call.answerTo('INVITE', 401);
    const [first, second] = b.wire.requests('INVITE');
    expect(second!.headers.get('Authorization')).toBe('x');
    expect([cseq(second!).sequence - cseq(first!).sequence, sdpText(second!)]).toEqual([1, 'hold']);
    call.answerTo('INVITE', 200, { body: 'held' });
    await b.clock.advance(0);
    expect(b.wire.requests('ACK').at(-1)!.headers.get('Authorization')).toBe('x');
    expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'held' }]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('a 200 without an answer is a refusal: what was in force still is', async () => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('hold');
    call.answerTo('INVITE', 200);
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'refused', status: 488 }]);
    expect(b.wire.story).toEqual(['INVITE', 'ACK']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[RFC 3262 §4] a reliable 18x to it gets its PRACK, also after a challenge', async () => {
    const b = dialogBench();
    const call = await answered(b);
    const fields = [
      ['Require', '100rel'],
      ['RSeq', '5'],
    ] as const;
    call.offer('hold');
    for (const status of [401, 200]) {
      call.answerTo('INVITE', 183, { fields });
      const prack = b.wire.requests('PRACK').at(-1)!;
      const invite = b.wire.requests('INVITE').at(-1)!;
      expect(prack.headers.get('RAck')).toBe(`5 ${cseq(invite).sequence} INVITE`);
      call.answerTo('INVITE', status, { body: 'held' });
    }
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'held' }]);
    call.session.end();
    for (const prack of b.wire.requests('PRACK')) b.wire.receive(peerResponse(prack, 200), b.flow);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('one at a time: the second leaves when the first is answered, and both end with the session', async () => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('one');
    call.offer('two');
    call.offer('three');
    expect(b.wire.requests('INVITE').map(sdpText)).toEqual(['one']);
    call.answerTo('INVITE', 200, { body: 'a1' });
    expect(b.wire.requests('INVITE').map(sdpText)).toEqual(['one', 'two']);
    call.session.end();
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'a1' }, { kind: 'ended' }, { kind: 'ended' }]);
    call.offer('four');
    await b.clock.advance(0);
    expect(call.outcomes.at(-1)).toEqual({ kind: 'ended' });
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 3] [RFC 3261 §15] a BYE of either side during it: a 200 that crosses is acknowledged, and one BYE is enough', async () => {
    for (const who of ['us', 'peer']) {
      const b = dialogBench();
      const call = await answered(b);
      call.offer('hold');
      call.answerTo('INVITE', 100);
      if (who === 'us') call.session.end();
      else call.inDialog('BYE');
      b.wire.receive(peerResponse(b.wire.requests('INVITE')[0]!, 200, { body: 'held' }), b.flow);
      expect(b.wire.times('ACK')).toHaveLength(1);
      expect(b.wire.times('BYE')).toHaveLength(who === 'us' ? 1 : 0);
      expect(await leftovers(b)).toEqual(NOTHING);
      expect(call.ends).toHaveLength(1);
      expect(call.outcomes).toEqual([{ kind: 'ended' }]);
    }
  });

  it('[row 3] [row 8] the connection breaks under it: sent again over a new one, and a 200 to the first is acknowledged too', async () => {
    const again = new FakeFlow('tcp', { host: '10.0.0.2', port: 5061 });
    const b = dialogBench('tcp', { flowTo: () => Promise.resolve(again) });
    const call = await answered(b);
    call.offer('hold');
    b.wire.breakFlow(b.flow);
    await b.clock.advance(1);
    const [first, second] = b.wire.requests('INVITE');
    expect(cseq(second!).sequence).toBe(cseq(first!).sequence + 1);
    for (const invite of [first!, second!])
      b.wire.receive(peerResponse(invite, 200, { body: 'held' }), again);
    await b.clock.advance(1);
    expect(b.wire.requests('ACK').map((ack) => cseq(ack).sequence)).toEqual([
      cseq(first!).sequence,
      cseq(second!).sequence,
    ]);
    expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'held' }]);
    call.session.end();
    await b.clock.advance(1);
    b.wire.receive(peerResponse(b.wire.requests('BYE')[0]!, 200), again);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('one that rings without end is cancelled after 64·T1, and the session goes on', async () => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('hold');
    call.answerTo('INVITE', 180);
    await b.clock.advance(32_000);
    expect(b.wire.story).toEqual(['INVITE', 'CANCEL']);
    call.answerTo('CANCEL', 200);
    call.answerTo('INVITE', 487);
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'refused', status: 487 }]);
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('before the ACK of our answer it waits', async () => {
    const b = dialogBench();
    const call = callIn(b);
    const { offer } = offering(call.session);
    offer('hold');
    call.session.accept({ sdp: 'answer' });
    expect(b.wire.requests('INVITE')).toEqual([]);
    call.inDialog('ACK');
    expect(b.wire.requests('INVITE').map(sdpText)).toEqual(['hold']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('an offer that is made when it leaves is made again after glare; one that cannot be made is refused', async () => {
    const b = dialogBench('tcp');
    const call = await answered(b);
    let version = 1;
    void call.session.reoffer(() => `version ${++version}`);
    call.answerTo('INVITE', 491);
    await b.clock.advance(4_000);
    expect(b.wire.requests('INVITE').map(sdpText)).toEqual(['version 2', 'version 3']);
    call.answerTo('INVITE', 200, { body: 'ok' });
    const broken = call.session.reoffer(() => {
      throw new Error('no media');
    });
    await expect(broken).resolves.toEqual({ kind: 'refused', status: 500 });
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});

describe('glare', () => {
  it('[row 11] [RFC 3261 §14.1] the owner of the Call-ID waits 2.1 to 4 s, the other side 0 to 2 s, in 10 ms', () => {
    const random = seededRandom(1);
    for (let i = 0; i < 2_000; i += 1) {
      const [owner, other] = [glareDelayMs(random, true), glareDelayMs(random, false)];
      expect(owner >= 2_100 && owner <= 4_000 && owner % 10 === 0).toBe(true);
      expect(other >= 0 && other <= 2_000 && other % 10 === 0).toBe(true);
    }
  });

  it('[row 11] [RFC 3261 §14.2] an offer of the peer meets ours: 491, and ours goes on', async () => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('ours');
    call.inDialog('INVITE', { body: 'theirs' });
    call.inDialog('UPDATE', { cseq: 2, body: 'theirs' });
    expect(b.wire.story).toEqual(['INVITE', '491 INVITE', '491 UPDATE']);
    call.answerTo('INVITE', 200, { body: 'a' });
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'a' }]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it.each([
    ['uac', 2_100, 4_000],
    ['uas', 0, 2_000],
  ] as const)(
    '[row 11] ours gets 491 as %s: sent again after %i to %i ms, and the peer may offer meanwhile',
    async (role, from, to) => {
      const b = dialogBench('tcp');
      const call = role === 'uac' ? await answered(b) : taken(b);
      call.session.events.on('reoffer', (reOffer) => reOffer.accept('ours to theirs'));
      call.offer('ours');
      b.wire.receive(peerResponse(b.wire.requests('INVITE')[0]!, 491), b.flow);
      call.inDialog('INVITE', { cseq: 20, body: 'theirs' });
      call.inDialog('ACK', { cseq: 20 });
      expect(b.wire.times('200 INVITE')).toHaveLength(1);
      await b.clock.advance(from - 1);
      const before = b.wire.times('INVITE').length;
      await b.clock.advance(to - from + 1);
      expect(b.wire.times('INVITE')).toHaveLength(2);
      if (role === 'uac') expect(before).toBe(1);
      b.wire.receive(peerResponse(b.wire.requests('INVITE')[1]!, 200, { body: 'a' }), b.flow);
      await b.clock.advance(0);
      expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'a' }]);
      call.session.end();
      expect(await leftovers(b)).toEqual(NOTHING);
    },
  );

  it('a peer that says 491 for ever: refused after six times', async () => {
    const b = dialogBench();
    b.wire.onSend = (message) => {
      if (
        message.kind === 'request' &&
        message.method === 'INVITE' &&
        message.headers.get('To')?.includes('tag')
      )
        b.clock.setTimeout(() => b.wire.receive(peerResponse(message, 491), b.flow), 1);
    };
    const call = await answered(b);
    call.offer('ours');
    await b.clock.advance(30_000);
    expect(b.wire.times('INVITE')).toHaveLength(6);
    expect(call.outcomes).toEqual([{ kind: 'refused', status: 491 }]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 16] 500 with Retry-After: the peer has an offer open, and is asked again after it; without one it is a refusal', async () => {
    const b = dialogBench();
    const call = await answered(b);
    call.offer('ours');
    call.answerTo('INVITE', 500, { fields: [['Retry-After', '7']] });
    await b.clock.advance(6_999);
    expect(b.wire.times('INVITE')).toHaveLength(1);
    await b.clock.advance(1);
    expect(b.wire.times('INVITE')).toHaveLength(2);
    call.answerTo('INVITE', 500);
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'refused', status: 500 }]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('while an offer of the peer waits for the user, ours waits too', async () => {
    const b = dialogBench();
    const call = taken(b);
    const answers: (() => void)[] = [];
    call.session.events.on('reoffer', (reOffer) => answers.push(() => reOffer.accept('answer')));
    call.inDialog('INVITE', { cseq: 11, body: 'theirs' });
    call.offer('ours');
    expect(b.wire.times('INVITE')).toEqual([]);
    answers[0]!();
    expect(b.wire.times('INVITE')).toEqual([]);
    call.inDialog('ACK', { cseq: 11 });
    expect(b.wire.times('INVITE')).toHaveLength(1);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 11] [RFC 3261 §14.1] after a refusal of ours, our own offer waits for its ACK, or for the end of that transaction', async () => {
    for (const acknowledged of [true, false]) {
      const b = dialogBench();
      const call = taken(b);
      call.session.events.on('reoffer', (reOffer) => {
        call.offer('ours');
        reOffer.reject(488);
      });
      call.inDialog('INVITE', { cseq: 11, body: 'theirs', branch: 'z9hG4bKre' });
      expect(b.wire.times('INVITE')).toEqual([]);
      if (acknowledged) call.inDialog('ACK', { cseq: 11, branch: 'z9hG4bKre' });
      else await b.clock.advance(32_000);
      expect(b.wire.times('INVITE')).toHaveLength(1);
      b.wire.receive(peerResponse(b.wire.requests('INVITE')[0]!, 200, { body: 'held' }), b.flow);
      await b.clock.advance(0);
      expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'held' }]);
      call.session.end();
      expect(await leftovers(b)).toEqual(NOTHING);
    }
  });

  it('[row 11] two of us offer at the same moment, a hundred times: both get their answer in the end', async () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const clock = new VirtualClock();
      const caller = dialogBench('udp', {}, { clock, seed });
      const callee = dialogBench('udp', {}, { clock, seed: seed + 1000 });
      const dice = seededRandom(seed);
      join(caller, callee, { clock, latency: () => 1 + dice.int(40), lost: () => dice.int(100) < 10 });
      let inbound: UasSession | undefined;
      callee.dialogs.user = {
        onInvite: (transaction) => {
          inbound = callee.dialogs.acceptInvite(transaction, { contact: CONTACT });
          inbound.accept({ sdp: 'answer' });
        },
        onRequest: () => expect.unreachable(),
      };
      const out = caller.dialogs.invite(inviteParts(new FakeFlow('udp', { host: '10.0.0.2', port: 5060 })));
      const ends = [listen(out).ends];
      await clock.advance(20_000);
      ends.push(listen(inbound!).ends);
      for (const session of [out, inbound!])
        session.events.on('reoffer', (reOffer) => reOffer.accept(`answer to ${reOffer.sdp}`));
      const outcomes = Promise.all([out.reoffer('A'), inbound!.reoffer('B')]);
      await clock.advance(60_000);
      expect(await outcomes).toEqual([
        { kind: 'answered', sdp: 'answer to A' },
        { kind: 'answered', sdp: 'answer to B' },
      ]);
      out.end();
      expect(await leftovers(caller)).toEqual(NOTHING);
      expect(await leftovers(callee)).toEqual(NOTHING);
      expect(ends.map(({ length }) => length)).toEqual([1, 1]);
    }
  });
});

describe('UPDATE before the answer', () => {
  it('[row 16] [RFC 3311 §5.1] ours leaves as UPDATE once a reliable 18x has the answer, if the peer allows it', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    const { outcomes, offer } = offering(call.session);
    offer('update');
    const fields = [
      ['Require', '100rel'],
      ['RSeq', '1'],
      ['Allow', 'INVITE, UPDATE'],
    ] as const;
    call.answer(183, { body: 'early', fields });
    expect(b.wire.story).toEqual(['INVITE', 'PRACK']);
    call.answerTo('PRACK', 200);
    expect(b.wire.story).toEqual(['INVITE', 'PRACK', 'UPDATE']);
    call.answerTo('UPDATE', 200, { body: 'updated' });
    call.answer(200);
    await b.clock.advance(0);
    expect(outcomes).toEqual([{ kind: 'answered', sdp: 'updated' }]);
    expect(call.told).toEqual(['183 sdp', 'accepted -']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 16] another fork answers while the UPDATE is under way: the offer becomes a re-INVITE', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    const { outcomes, offer } = offering(call.session);
    const fields = [
      ['Require', '100rel'],
      ['RSeq', '1'],
      ['Allow', 'UPDATE'],
    ] as const;
    call.answer(183, { tag: 'a', body: 'early', fields });
    call.answerTo('PRACK', 200, { tag: 'a' });
    offer('update');
    const update = b.wire.requests('UPDATE')[0]!;
    call.answer(200, { tag: 'b', body: 'answer' });
    b.wire.receive(peerResponse(update, 481), b.flow);
    expect(call.session.state).toBe('confirmed');
    expect(b.wire.story.slice(-2)).toEqual(['ACK', 'INVITE']);
    call.answerTo('INVITE', 200, { tag: 'b', body: 'done' });
    await b.clock.advance(0);
    expect(outcomes).toEqual([{ kind: 'answered', sdp: 'done' }]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 16] [RFC 3311 §5.2] the peer may UPDATE before the answer, once the first exchange is complete', async () => {
    const b = dialogBench();
    const call = callIn(b, { body: 'offer', fields: [['Require', '100rel']] });
    call.session.events.on('reoffer', (reOffer) => reOffer.accept(`answer to ${reOffer.sdp}`));
    call.session.provisional(183, { sdp: 'early' });
    call.inDialog('UPDATE', { cseq: 11, body: 'before the PRACK is fine too' });
    const rseq = b.wire.responses('183 INVITE')[0]!.headers.get('RSeq');
    call.inDialog('PRACK', { cseq: 12, fields: [['RAck', `${rseq} 10 INVITE`]] });
    call.inDialog('UPDATE', { cseq: 13, body: 'more' });
    expect(b.wire.story).toEqual(['183 INVITE', '200 UPDATE', '200 PRACK', '200 UPDATE']);
    expect(sdpText(b.wire.responses('200 UPDATE')[1]!)).toBe('answer to more');
    call.session.accept({ sdp: 'answer' });
    call.inDialog('ACK');
    expect(sdpText(b.wire.responses('200 INVITE')[0]!)).toBe('');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it("[row 16] [RFC 3311 §5.2] an UPDATE that the user never answers gets 500 with Retry-After, and stands in nobody's way", async () => {
    const b = dialogBench();
    const call = taken(b);
    const late: (() => void)[] = [];
    call.session.events.on('reoffer', (reOffer) => late.push(() => reOffer.accept('too late')));
    call.inDialog('UPDATE', { cseq: 11, body: 'theirs' });
    call.offer('ours');
    await b.clock.advance(9_999);
    expect(b.wire.story).toEqual([]);
    await b.clock.advance(1);
    expect(b.wire.story).toEqual(['500 UPDATE', 'INVITE']);
    expect(b.wire.responses('500 UPDATE')[0]!.headers.has('Retry-After')).toBe(true);
    late[0]!();
    b.wire.receive(peerResponse(b.wire.requests('INVITE')[0]!, 200, { body: 'held' }), b.flow);
    await b.clock.advance(0);
    expect(call.outcomes).toEqual([{ kind: 'answered', sdp: 'held' }]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('the call ends before the offer could leave', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    const { outcomes, offer } = offering(call.session);
    offer('never');
    call.answer(486);
    await b.clock.advance(0);
    expect(outcomes).toEqual([{ kind: 'ended' }]);
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});
