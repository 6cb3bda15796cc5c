import { describe, expect, it } from 'vitest';
import { cseq, toTag } from '../message/fields.ts';
import type { SipMessage, SipResponse } from '../message/types.ts';
import { peerRequest } from '../transaction/test-support.ts';
import {
  CONTACT,
  callIn,
  callOut,
  type DialogBench,
  dialogBench,
  leftovers,
  NOTHING,
} from './test-support.ts';
import type { UasParts } from './types.ts';

const sdpText = (message: SipMessage): string => Buffer.from(message.body).toString();
const reliably = (rseq: number) =>
  ({
    fields: [
      ['Require', '100rel'],
      ['RSeq', String(rseq)],
    ],
  }) as const;

describe('reliable provisional responses that come to us', () => {
  it('[row 13] [RFC 3262 §4] each is acknowledged by PRACK with RSeq, CSeq and method; a repeated one is not told again', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(180, reliably(314));
    call.answer(180, reliably(314));
    call.answer(183, { ...reliably(315), body: 'early' });
    call.answer(180, reliably(314));
    const invite = cseq(call.lastInvite()).sequence;
    expect(b.wire.requests('PRACK').map((prack) => prack.headers.get('RAck'))).toEqual([
      `314 ${invite} INVITE`,
      `315 ${invite} INVITE`,
    ]);
    expect(b.wire.requests('PRACK').map((prack) => cseq(prack).sequence)).toEqual([invite + 1, invite + 2]);
    expect(call.told).toEqual(['180', '183 sdp']);
    for (const prack of b.wire.requests('PRACK')) expect(prack.uri).toBe('sip:callee@10.0.0.2:5060');
    call.answer(486);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] [RFC 3262 §4] one that overtook another is dropped until that has come', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(180, reliably(1));
    call.answer(183, { ...reliably(3), body: 'third' });
    expect(call.told).toEqual(['180']);
    call.answer(183, { ...reliably(2), body: 'second' });
    call.answer(183, { ...reliably(3), body: 'third' });
    expect(call.told).toEqual(['180', '183 sdp', '183 sdp']);
    expect(b.wire.requests('PRACK')).toHaveLength(3);
    call.answer(486);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 5] [row 13] each early dialog counts by itself, and its PRACK goes to it', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    const fork = (tag: string, rseq: number) =>
      call.answer(180, { ...reliably(rseq), tag, contact: `<sip:${tag}@10.0.0.2>` });
    fork('a', 7);
    fork('b', 100);
    fork('c', 1);
    fork('b', 101);
    fork('a', 8);
    const pracks = b.wire
      .requests('PRACK')
      .map((p) => [toTag(p), p.uri, p.headers.get('RAck')?.split(' ')[0]]);
    expect(pracks).toEqual([
      ['a', 'sip:a@10.0.0.2', '7'],
      ['b', 'sip:b@10.0.0.2', '100'],
      ['c', 'sip:c@10.0.0.2', '1'],
      ['b', 'sip:b@10.0.0.2', '101'],
      ['a', 'sip:a@10.0.0.2', '8'],
    ]);
    call.answer(486);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] a 200 before the PRACK is answered; a PRACK that is challenged gets credentials; ACK has the CSeq of the INVITE', async () => {
    const b = dialogBench();
    const call = await callOut(b, { onChallenge: () => [['Authorization', 'x']] });
    call.answer(183, { ...reliably(1), body: 'early' });
    call.answer(200);
    expect(call.told).toEqual(['183 sdp', 'accepted -']);
    call.answerTo('PRACK', 401);
    expect(b.wire.requests('PRACK').at(-1)!.headers.get('Authorization')).toBe('x');
    expect(cseq(b.wire.requests('ACK')[0]!).sequence).toBe(cseq(call.lastInvite()).sequence);
    call.answerTo('PRACK', 200);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] a reliable response after the 2xx is dropped: nobody needs it any more', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(200, { body: 'answer' });
    call.answer(183, { ...reliably(1), body: 'early' });
    expect(call.told).toEqual(['accepted answer']);
    expect(b.wire.requests('PRACK')).toEqual([]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('one that crosses our CANCEL is acknowledged and not told', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(100);
    call.session.end();
    call.answer(183, { ...reliably(1), body: 'early' });
    expect(b.wire.story).toEqual(['INVITE', 'CANCEL', 'PRACK']);
    call.answer(487);
    expect(call.told).toEqual(['ended by local 487']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it.each([
    ['off', '', undefined],
    ['supported', '100rel', undefined],
    ['required', '', '100rel'],
  ] as const)(
    '[RFC 3262 §4] %s: Supported %s, Require %s',
    async (reliableProvisional, supported, required) => {
      const b = dialogBench();
      const call = await callOut(b, { reliableProvisional });
      const tags = call.lastInvite().headers.getAll('Supported');
      expect(tags.includes('100rel')).toBe(supported === '100rel');
      expect(call.lastInvite().headers.get('Require')).toBe(required);
      call.answer(486);
      expect(await leftovers(b)).toEqual(NOTHING);
    },
  );
});

const REQUIRED = { body: 'offer', fields: [['Require', '100rel']] } as const;
const SUPPORTED = { body: 'offer', fields: [['Supported', '100rel']] } as const;

/** A caller, and the PRACK that it owes for a response. */
function reliableCall(
  b: DialogBench,
  invite: { readonly body?: string; readonly fields: readonly (readonly [string, string])[] },
) {
  const call = callIn(b, invite);
  let sequence = 10;
  const last = (): SipResponse =>
    b.wire.sent
      .map(({ message }) => message)
      .filter((message) => message.kind === 'response')
      .filter((message) => message.headers.has('RSeq'))
      .at(-1)!;
  const prack = (options: { readonly rack?: string; readonly body?: string } = {}): void => {
    sequence += 1;
    const rack = options.rack ?? `${last().headers.get('RSeq')} 10 INVITE`;
    const body = options.body === undefined ? {} : { body: options.body };
    call.inDialog('PRACK', { cseq: sequence, fields: [['RAck', rack]], ...body });
  };
  return { ...call, prack, last };
}

describe('reliable provisional responses of ours', () => {
  it('[row 13] [RFC 3262 §3] repeated at T1, doubling without a cap, until the PRACK', async () => {
    const b = dialogBench();
    const call = reliableCall(b, REQUIRED);
    call.session.provisional(180);
    await b.clock.advance(8_000);
    expect(b.wire.times('180 INVITE')).toEqual([0, 500, 1500, 3500, 7500]);
    call.prack();
    await b.clock.advance(30_000);
    expect(b.wire.times('180 INVITE')).toHaveLength(5);
    expect(b.wire.story.at(-1)).toBe('200 PRACK');
    expect(call.last().headers.get('Require')).toBe('100rel');
    call.session.reject(486);
    call.ackRejection();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] [RFC 3262 §3] no PRACK for 64·T1: the INVITE is refused with a 5xx', async () => {
    const b = dialogBench();
    const call = reliableCall(b, REQUIRED);
    call.session.provisional(180);
    await b.clock.advance(31_999);
    expect(call.ends).toEqual([]);
    await b.clock.advance(1);
    expect(b.wire.story.at(-1)).toBe('504 INVITE');
    expect(call.told).toEqual(['ended by fault 504']);
    call.ackRejection();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] [RFC 3262 §3] one at a time, in order, RSeq one higher each', async () => {
    const b = dialogBench('tcp');
    const call = reliableCall(b, REQUIRED);
    call.session.provisional(180);
    call.session.provisional(183, { sdp: 'early' });
    call.session.provisional(182);
    expect(b.wire.story).toEqual(['180 INVITE']);
    const first = Number(call.last().headers.get('RSeq'));
    call.prack();
    call.prack();
    call.prack();
    expect(b.wire.story.filter((name) => name.endsWith('INVITE'))).toEqual([
      '180 INVITE',
      '183 INVITE',
      '182 INVITE',
    ]);
    expect(Number(call.last().headers.get('RSeq'))).toBe(first + 2);
    call.session.reject(486);
    call.ackRejection();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] [RFC 3262 §3] a PRACK that matches nothing gets 481, and ends nothing', async () => {
    const b = dialogBench();
    const call = reliableCall(b, REQUIRED);
    call.session.provisional(180);
    const rseq = Number(call.last().headers.get('RSeq'));
    for (const rack of [`${rseq + 1} 10 INVITE`, `${rseq} 11 INVITE`, `${rseq} 10 UPDATE`, '', 'x'])
      call.prack({ rack });
    expect(b.wire.story).toEqual([
      '180 INVITE',
      '481 PRACK',
      '481 PRACK',
      '481 PRACK',
      '481 PRACK',
      '481 PRACK',
    ]);
    call.prack();
    expect(b.wire.story.at(-1)).toBe('200 PRACK');
    call.prack({ rack: `${rseq} 10 INVITE` });
    expect(b.wire.story.at(-1)).toBe('481 PRACK');
    call.session.reject(486);
    call.ackRejection();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] [RFC 3262 §3] a 2xx waits for the PRACK of what carried SDP, and says the SDP no second time', async () => {
    const b = dialogBench();
    const call = reliableCall(b, REQUIRED);
    call.session.provisional(183, { sdp: 'answer' });
    call.session.accept({ sdp: 'answer', headers: [['X-A', 'b']] });
    call.session.accept({ sdp: 'again' });
    call.session.provisional(180);
    expect(b.wire.story).toEqual(['183 INVITE']);
    expect(call.session.state).toBe('proceeding');
    call.prack();
    expect(b.wire.story).toEqual(['183 INVITE', '200 PRACK', '200 INVITE']);
    const ok = b.wire.responses('200 INVITE')[0]!;
    expect([sdpText(ok), ok.headers.get('X-A')]).toEqual(['', 'b']);
    call.inDialog('ACK');
    expect(call.told).toEqual(['confirmed -']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 13] [RFC 3262 §3] a 2xx does not wait for one without SDP; its PRACK comes after the 200 and gets 200', async () => {
    const b = dialogBench();
    const call = reliableCall(b, REQUIRED);
    call.session.provisional(180);
    call.session.accept({ sdp: 'answer' });
    expect(b.wire.story).toEqual(['180 INVITE', '200 INVITE']);
    expect(sdpText(b.wire.responses('200 INVITE')[0]!)).toBe('answer');
    call.prack();
    expect(b.wire.story.at(-1)).toBe('200 PRACK');
    call.inDialog('ACK');
    await b.clock.advance(5_000);
    expect(b.wire.times('180 INVITE')).toHaveLength(1);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 1] [row 13] while the 2xx waits: CANCEL, BYE, our own end and silence each end the call once', async () => {
    const b = dialogBench();
    const calls = ['CANCEL', 'BYE', 'end', 'silence'].map((how, index) => {
      const call = callIn(b, { ...REQUIRED, callId: `c${index}` });
      call.session.provisional(183, { sdp: 'early' });
      call.session.accept({ sdp: 'answer' });
      if (how === 'BYE') call.inDialog('BYE', { callId: `c${index}` });
      if (how === 'end') call.session.end();
      if (how === 'CANCEL') call.transaction.onCancelled?.();
      return call;
    });
    await b.clock.advance(40_000);
    expect(calls.map(({ told }) => told)).toEqual([
      ['ended by remote 487'],
      ['ended by remote 487'],
      ['ended by local 480'],
      ['ended by fault 504'],
    ]);
    expect(b.wire.responses('200 INVITE')).toEqual([]);
  });

  it.each<
    [string, NonNullable<UasParts['reliableProvisional']>, typeof REQUIRED | typeof SUPPORTED, boolean]
  >([
    ['only supports them', 'supported', SUPPORTED, false],
    ['only supports them', 'required', SUPPORTED, true],
    ['requires them', 'supported', REQUIRED, true],
  ])(
    '[RFC 3262 §3] a caller that %s, policy %s: reliable %s',
    async (_what, reliableProvisional, invite, reliable) => {
      const b = dialogBench();
      b.wire.receive(peerRequest('INVITE', { cseq: 10, ...invite }), b.flow);
      const session = b.dialogs.acceptInvite(b.invites[0]!, { contact: CONTACT, reliableProvisional });
      session.provisional(180);
      expect(b.wire.responses('180 INVITE')[0]!.headers.has('RSeq')).toBe(reliable);
      session.reject(486);
      expect(await leftovers(b)).toEqual(NOTHING);
    },
  );

  it('[RFC 3262 §3] switched off, a caller that requires them is owed 420', () => {
    const b = dialogBench();
    const invite = peerRequest('INVITE', REQUIRED);
    expect(b.dialogs.refusal(invite, { reliableProvisional: 'off' })).toEqual({
      status: 420,
      fields: [['Unsupported', '100rel']],
    });
    expect(b.dialogs.refusal(invite)).toBeUndefined();
  });

  it('[row 13] [RFC 3262 §5] a PRACK with an offer is answered in its 200, or refused, and has acknowledged either way', async () => {
    for (const how of ['accept', 'reject'] as const) {
      const b = dialogBench();
      const call = reliableCall(b, REQUIRED);
      call.session.events.on('reoffer', (reOffer) =>
        how === 'accept' ? reOffer.accept('a2') : reOffer.reject(488),
      );
      call.session.provisional(183, { sdp: 'a1' });
      call.prack({ body: 'o2' });
      const name = how === 'accept' ? '200 PRACK' : '488 PRACK';
      expect(b.wire.story).toEqual(['183 INVITE', name]);
      if (how === 'accept') expect(sdpText(b.wire.responses(name)[0]!)).toBe('a2');
      call.session.accept({ sdp: 'a1' });
      call.inDialog('ACK');
      expect(call.session.state).toBe('confirmed');
      call.session.end();
      expect(await leftovers(b)).toEqual(NOTHING);
    }
  });

  it('[RFC 3262 §3] a phone that rings for long: a further reliable response every two and a half minutes', async () => {
    const b = dialogBench('tcp');
    const call = reliableCall(b, REQUIRED);
    call.session.provisional(180);
    call.prack();
    await b.clock.advance(149_000);
    expect(b.wire.times('180 INVITE')).toEqual([0]);
    await b.clock.advance(1_000);
    expect(b.wire.times('180 INVITE')).toEqual([0, 150_000]);
    call.prack();
    call.session.reject(486);
    call.ackRejection();
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});
