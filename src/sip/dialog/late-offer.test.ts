import { describe, expect, it } from 'vitest';
import { contentType } from '../message/fields.ts';
import type { SipMessage } from '../message/types.ts';
import { peerResponse } from '../transaction/test-support.ts';
import { callIn, callOut, type DialogBench, dialogBench, leftovers, NOTHING } from './test-support.ts';
import type { LateAnswer } from './types.ts';

const sdpText = (message: SipMessage): string => Buffer.from(message.body).toString();
const reliably = (rseq: number) =>
  ({
    fields: [
      ['Require', '100rel'],
      ['RSeq', String(rseq)],
    ],
  }) as const;

/** A call of ours without SDP, and the ways to answer that it was given. */
async function callWithoutOffer(b: DialogBench) {
  const call = await callOut(b, { sdp: undefined });
  const answers: LateAnswer[] = [];
  call.session.events.on('provisional', ({ answer }) => void (answer && answers.push(answer)));
  call.session.events.on('accepted', ({ answer }) => void (answer && answers.push(answer)));
  return { ...call, answers };
}

describe('we call without an offer', () => {
  it('[row 14] [RFC 3261 §13.2.1] the 200 offers, the ACK answers, and waits for it; repeated 200s meanwhile get nothing', async () => {
    const b = dialogBench();
    const call = await callWithoutOffer(b);
    expect([call.lastInvite().body.length, contentType(call.lastInvite())]).toEqual([0, undefined]);
    call.answer(200, { body: 'their offer' });
    call.answer(200, { body: 'their offer' });
    expect([call.told, call.session.state, b.wire.story]).toEqual([
      ['accepted their offer'],
      'accepted',
      ['INVITE'],
    ]);
    call.answers[0]!('our answer');
    call.answers[0]!('another one');
    call.answer(200, { body: 'their offer' });
    expect(b.wire.requests('ACK').map(sdpText)).toEqual(['our answer', 'our answer']);
    expect(contentType(b.wire.requests('ACK')[0]!)).toBe('application/sdp');
    expect(call.session.state).toBe('confirmed');
    const held = call.session.reoffer('hold');
    call.answerTo('INVITE', 200, { body: 'held' });
    await expect(held).resolves.toEqual({ kind: 'answered', sdp: 'held' });
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] [row 14] [RFC 3262 §5] a reliable 18x offers, its PRACK answers, and the 200 has nothing to add', async () => {
    const b = dialogBench();
    const call = await callWithoutOffer(b);
    call.answer(183, { ...reliably(1), body: 'their offer' });
    expect(b.wire.story).toEqual(['INVITE']);
    call.answers[0]!('our answer');
    call.answers[0]!('another one');
    expect(b.wire.requests('PRACK').map(sdpText)).toEqual(['our answer']);
    call.answerTo('PRACK', 200);
    call.answer(200);
    expect(call.answers).toHaveLength(1);
    expect(call.told).toEqual(['183 sdp', 'accepted -']);
    expect(b.wire.requests('ACK').map(sdpText)).toEqual(['']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it.each(['their other offer', undefined])(
    '[row 13] [row 14] a 200 (%s) that does not wait for the answer in the PRACK: the call is on, and offers may follow',
    async (sdp) => {
      const b = dialogBench();
      const call = await callWithoutOffer(b);
      call.answer(183, { ...reliably(1), body: 'their offer' });
      call.answer(200, sdp === undefined ? {} : { body: sdp });
      call.answers[0]!('too late');
      if (sdp !== undefined) call.answers[1]!('our answer');
      expect(b.wire.requests('ACK').map(sdpText)).toEqual([sdp === undefined ? '' : 'our answer']);
      expect(b.wire.requests('PRACK')).toEqual([]);
      const held = call.session.reoffer('hold');
      call.answerTo('INVITE', 200, { body: 'held' });
      await expect(held).resolves.toEqual({ kind: 'answered', sdp: 'held' });
      call.session.end();
      expect(await leftovers(b)).toEqual(NOTHING);
    },
  );

  it('[row 14] an unreliable 18x makes no offer: there is nothing to answer it in', async () => {
    const b = dialogBench();
    const call = await callWithoutOffer(b);
    call.answer(183, { body: 'a look ahead' });
    expect(call.answers).toEqual([]);
    call.answer(200, { body: 'their offer' });
    call.answers[0]!('our answer');
    expect(b.wire.requests('ACK').map(sdpText)).toEqual(['our answer']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 3] [row 14] ended before it is answered: ACK, then BYE; so it is when nobody answers at all', async () => {
    for (const how of ['end', 'nothing', 'close'] as const) {
      const b = dialogBench();
      const call = await callWithoutOffer(b);
      call.answer(200, { body: 'their offer' });
      if (how === 'end') call.session.end();
      else if (how === 'close') b.dialogs.close();
      else await b.clock.advance(32_000);
      expect(b.wire.story).toEqual(['INVITE', 'ACK', 'BYE']);
      call.answers[0]!('too late');
      expect(b.wire.times('ACK')).toHaveLength(1);
      expect(call.ends).toHaveLength(1);
      if (how !== 'close') expect(await leftovers(b)).toEqual(NOTHING);
    }
  });

  it('[row 14] the peer hangs up before our answer: the ACK is owed all the same', async () => {
    const b = dialogBench();
    const call = await callWithoutOffer(b);
    call.answer(200, { body: 'their offer' });
    call.inDialog('BYE');
    expect(b.wire.times('ACK')).toHaveLength(1);
    expect(call.told.at(-1)).toBe('ended by remote 200 answered');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 1] [row 14] the 200 crosses our CANCEL: ACK and BYE, and nobody is asked for an answer', async () => {
    const b = dialogBench();
    const call = await callWithoutOffer(b);
    call.answer(180);
    call.session.end();
    call.answer(200, { body: 'their offer' });
    expect(b.wire.story).toEqual(['INVITE', 'CANCEL', 'ACK', 'BYE']);
    expect(call.answers).toEqual([]);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 14] while our answer is missing, a re-INVITE of the peer gets 500 with Retry-After', async () => {
    const b = dialogBench();
    const call = await callWithoutOffer(b);
    call.answer(200, { body: 'their offer' });
    call.inDialog('INVITE', { body: 'more' });
    expect(b.wire.responses('500 INVITE')[0]!.headers.has('Retry-After')).toBe(true);
    call.answers[0]!('our answer');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});

describe('a caller makes no offer', () => {
  it('[row 13] [row 14] [RFC 3262 §5] our reliable 18x offers, the PRACK answers: early media; the 200 says nothing again', async () => {
    const b = dialogBench();
    const call = callIn(b, { fields: [['Supported', '100rel']] });
    const early: string[] = [];
    call.session.events.on('earlyAnswer', ({ sdp }) => early.push(sdp));
    call.session.provisional(180);
    call.session.provisional(183, { sdp: 'our offer' });
    const [ringing, progress] = [b.wire.responses('180 INVITE')[0]!, b.wire.responses('183 INVITE')[0]!];
    expect([ringing.headers.has('RSeq'), sdpText(progress)]).toEqual([false, 'our offer']);
    call.session.accept({ sdp: 'our offer' });
    expect(b.wire.responses('200 INVITE')).toEqual([]);
    const rack: [string, string] = ['RAck', `${progress.headers.get('RSeq')} 10 INVITE`];
    call.inDialog('PRACK', { cseq: 11, body: 'their answer', fields: [rack] });
    expect(early).toEqual(['their answer']);
    expect(sdpText(b.wire.responses('200 INVITE')[0]!)).toBe('');
    call.inDialog('ACK');
    expect(call.told).toEqual(['confirmed their answer']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 14] [row 16] an UPDATE of ours is open when the ACK comes: the ACK has no answer to it', async () => {
    const b = dialogBench('tcp');
    const call = callIn(b, {
      fields: [
        ['Require', '100rel'],
        ['Allow', 'UPDATE'],
      ],
    });
    call.session.provisional(183, { sdp: 'our offer' });
    const rseq = b.wire.responses('183 INVITE')[0]!.headers.get('RSeq');
    call.inDialog('PRACK', { cseq: 11, body: 'their answer', fields: [['RAck', `${rseq} 10 INVITE`]] });
    const updated = call.session.reoffer('update');
    call.session.accept({ sdp: 'our offer' });
    call.inDialog('ACK');
    expect(call.told).toEqual(['confirmed their answer']);
    call.inDialog('UPDATE', { cseq: 12, body: 'theirs' });
    expect(b.wire.story.at(-1)).toBe('491 UPDATE');
    b.wire.receive(peerResponse(b.wire.requests('UPDATE')[0]!, 200, { body: 'updated' }), b.flow);
    await expect(updated).resolves.toEqual({ kind: 'answered', sdp: 'updated' });
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 14] a caller without 100rel gets no offer in a 18x: it could not answer it', async () => {
    const b = dialogBench();
    const call = callIn(b, {});
    call.session.provisional(183, { sdp: 'our offer' });
    expect(sdpText(b.wire.responses('183 INVITE')[0]!)).toBe('');
    call.session.accept({ sdp: 'our offer' });
    expect(sdpText(b.wire.responses('200 INVITE')[0]!)).toBe('our offer');
    call.inDialog('ACK', { body: 'their answer' });
    expect(call.told).toEqual(['confirmed their answer']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 14] a PRACK that leaves the answer out: the 200 offers again, and the ACK may answer', async () => {
    const b = dialogBench();
    const call = callIn(b, { fields: [['Require', '100rel']] });
    call.session.provisional(183, { sdp: 'our offer' });
    const rseq = b.wire.responses('183 INVITE')[0]!.headers.get('RSeq');
    call.inDialog('PRACK', { cseq: 11, fields: [['RAck', `${rseq} 10 INVITE`]] });
    call.session.accept({ sdp: 'our offer' });
    expect(sdpText(b.wire.responses('200 INVITE')[0]!)).toBe('our offer');
    call.inDialog('ACK', { body: 'their answer' });
    expect(call.told).toEqual(['confirmed their answer']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 14] an ACK without the answer to a re-INVITE rolls back, and the next offer may come', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.accept({ sdp: 'answer' });
    call.inDialog('ACK');
    call.session.events.on('reoffer', (reOffer) => reOffer.accept('ours'));
    call.inDialog('INVITE', { cseq: 11 });
    call.inDialog('ACK', { cseq: 11 });
    call.inDialog('INVITE', { cseq: 12, body: 'theirs' });
    call.inDialog('ACK', { cseq: 12 });
    expect(b.wire.responses('200 INVITE').map(sdpText)).toEqual(['answer', 'ours', 'ours']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});
