import { describe, expect, it } from 'vitest';
import { cseq } from '../message/fields.ts';
import type { SipMessage, SipRequest } from '../message/types.ts';
import { peerRequest, peerResponse } from '../transaction/test-support.ts';
import { negotiate, sessionExpires } from './session-expires.ts';
import { callIn, callOut, type DialogBench, dialogBench, leftovers, NOTHING } from './test-support.ts';

const sessionTimer = { expiresSeconds: 1800, minSeconds: 90 };
const bench = (): DialogBench => dialogBench('tcp', { sessionTimer });

const sdpText = (message: SipMessage): string => Buffer.from(message.body).toString();
type Fields = readonly (readonly [string, string])[];

/** Answers a request of ours as the peer. */
const reply = (
  b: DialogBench,
  request: SipRequest,
  status: number,
  fields: Fields = [],
  body?: string,
): void =>
  b.wire.receive(peerResponse(request, status, { fields, ...(body === undefined ? {} : { body }) }), b.flow);

async function calling(b: DialogBench, fields: Fields) {
  const call = await callOut(b);
  call.answer(200, { body: 'answer', fields });
  b.wire.sent.length = 0;
  return call;
}

function called(b: DialogBench, fields: Fields) {
  const call = callIn(b, { body: 'offer', fields });
  call.session.accept({ sdp: 'answer' });
  const ok = b.wire.responses('200 INVITE')[0];
  call.inDialog('ACK');
  b.wire.sent.length = 0;
  return { ...call, ok: ok! };
}

describe('what is agreed', () => {
  const request = (...fields: [string, string][]) => peerRequest('INVITE', { fields });
  const timer = (seconds: number, refresher: 'uac' | 'uas') => ({
    kind: 'timer',
    seconds,
    refresher,
    require: refresher === 'uac',
  });

  it.each<[string, [string, string][], unknown]>([
    ['no timer, no support', [], { kind: 'none' }],
    ['support without a field: we add one and refresh', [['Supported', 'timer']], timer(1800, 'uas')],
    [
      'support, and a Min-SE above ours',
      [
        ['Supported', 'timer'],
        ['Min-SE', '3600'],
      ],
      timer(3600, 'uas'),
    ],
    ['no support, a field of a proxy: we refresh', [['Session-Expires', '600']], timer(600, 'uas')],
    ['no support, too brief: it cannot be refused', [['Session-Expires', '30']], { kind: 'none' }],
    [
      'support, nobody named: who asked',
      [
        ['Supported', 'timer'],
        ['Session-Expires', '600'],
      ],
      timer(600, 'uac'),
    ],
    [
      'uac',
      [
        ['Supported', 'timer'],
        ['Session-Expires', '600;refresher=uac'],
      ],
      timer(600, 'uac'),
    ],
    [
      'uas',
      [
        ['k', 'timer'],
        ['x', '600 ;refresher=UAS'],
      ],
      timer(600, 'uas'),
    ],
    [
      'longer than ours is lowered',
      [
        ['Supported', 'timer'],
        ['Session-Expires', '7200'],
      ],
      timer(1800, 'uac'),
    ],
    [
      'but not below its Min-SE',
      [
        ['Supported', 'timer'],
        ['Session-Expires', '7200'],
        ['Min-SE', '3600'],
      ],
      timer(3600, 'uac'),
    ],
    [
      'too brief',
      [
        ['Supported', 'timer'],
        ['Session-Expires', '89'],
      ],
      { kind: 'too-brief', minSeconds: 90 },
    ],
    ['nonsense counts as absent', [['Session-Expires', 'soon']], { kind: 'none' }],
  ])('[row 12] [RFC 4028 §9] %s', (_what, fields, expected) => {
    expect(negotiate(request(...fields), sessionTimer)).toEqual(expected);
  });

  it('[RFC 4028 §4] a refresher that is neither is none', () => {
    expect(sessionExpires(request(['Session-Expires', '90;refresher=proxy;x']))).toEqual({
      seconds: 90,
      refresher: undefined,
    });
  });
});

describe('as caller', () => {
  it('[row 12] [RFC 4028 §7.1] the INVITE says Supported: timer and Session-Expires; without settings neither', async () => {
    const b = bench();
    const call = await callOut(b);
    const invite = call.lastInvite();
    expect([
      invite.headers.get('Session-Expires'),
      invite.headers.getAll('Supported').includes('timer'),
    ]).toEqual(['1800', true]);
    call.answer(486);
    const plain = dialogBench();
    const other = await callOut(plain);
    expect(other.lastInvite().headers.has('Session-Expires')).toBe(false);
    expect(other.lastInvite().headers.getAll('Supported')).not.toContain('timer');
    other.answer(486);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [RFC 4028 §7.3] 422: again with its Min-SE, a higher CSeq, the same Call-ID; the call goes on', async () => {
    const b = bench();
    const call = await callOut(b);
    call.answer(422, { fields: [['Min-SE', '3600']] });
    const [first, second] = b.wire.requests('INVITE');
    expect([second!.headers.get('Session-Expires'), second!.headers.get('Min-SE')]).toEqual(['3600', '3600']);
    expect(cseq(second!).sequence).toBe(cseq(first!).sequence + 1);
    expect(second!.headers.get('Call-ID')).toBe(first!.headers.get('Call-ID'));
    call.answer(200, { body: 'answer' });
    expect(call.told).toEqual(['accepted answer']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('422 that asks for no more than it got ends the call', async () => {
    const b = bench();
    const call = await callOut(b);
    call.answer(422, { fields: [['Min-SE', '3600']] });
    call.answer(422, { fields: [['Min-SE', '3600']] });
    expect(call.told).toEqual(['ended by remote 422']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [RFC 4028 §7.2] a 200 without Session-Expires: no timer at all', async () => {
    const b = bench();
    const call = await calling(b, [['Allow', 'UPDATE']]);
    await b.clock.advance(4_000_000);
    expect(b.wire.story).toEqual([]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [RFC 4028 §7.4] [RFC 4028 §10] we refresh at half, by UPDATE without SDP where the peer allows it, again and again', async () => {
    const b = bench();
    const call = await calling(b, [
      ['Session-Expires', '600;refresher=uac'],
      ['Allow', 'INVITE, UPDATE'],
    ]);
    for (let round = 1; round <= 5; round += 1) {
      await b.clock.advance(299_999);
      expect(b.wire.requests('UPDATE')).toHaveLength(round - 1);
      await b.clock.advance(1);
      const update = b.wire.requests('UPDATE').at(-1)!;
      expect([update.headers.get('Session-Expires'), sdpText(update)]).toEqual(['600;refresher=uac', '']);
      reply(b, update, 200, [['Session-Expires', '600;refresher=uac']]);
    }
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [row 17] [RFC 4028 §7.4] else by re-INVITE with the very same SDP; the same answer is not told again, another one is', async () => {
    const b = bench();
    const call = await calling(b, [['Session-Expires', '600;refresher=uac']]);
    const changed: string[] = [];
    call.session.events.on('answerChanged', ({ sdp }) => changed.push(sdp));
    for (const answer of ['answer', 'moved']) {
      await b.clock.advance(300_000);
      const invite = b.wire.requests('INVITE').at(-1)!;
      expect(sdpText(invite)).toBe('offer');
      reply(b, invite, 200, [['Session-Expires', '600;refresher=uac']], answer);
    }
    expect(changed).toEqual(['moved']);
    expect(b.wire.story).toEqual(['INVITE', 'ACK', 'INVITE', 'ACK']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] UPDATE turns out not to be allowed: re-INVITE at once', async () => {
    const b = bench();
    const call = await calling(b, [
      ['Session-Expires', '600'],
      ['Allow', 'UPDATE'],
    ]);
    await b.clock.advance(300_000);
    reply(b, b.wire.requests('UPDATE')[0]!, 405);
    expect(sdpText(b.wire.requests('INVITE')[0]!)).toBe('offer');
    reply(b, b.wire.requests('INVITE')[0]!, 200, [['Session-Expires', '600']], 'answer');
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [RFC 4028 §7.3] 422 to a refresh raises the interval and ends nothing', async () => {
    const b = bench();
    const call = await calling(b, [
      ['Session-Expires', '600;refresher=uac'],
      ['Allow', 'UPDATE'],
    ]);
    await b.clock.advance(300_000);
    reply(b, b.wire.requests('UPDATE')[0]!, 422, [['Min-SE', '900']]);
    const again = b.wire.requests('UPDATE')[1]!;
    expect([again.headers.get('Session-Expires'), again.headers.get('Min-SE')]).toEqual([
      '900;refresher=uac',
      '900',
    ]);
    reply(b, again, 200, [['Session-Expires', '900;refresher=uac']]);
    await b.clock.advance(450_000);
    expect(b.wire.requests('UPDATE')).toHaveLength(3);
    reply(b, b.wire.requests('UPDATE')[2]!, 200, [['Session-Expires', '900;refresher=uac']]);
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [RFC 4028 §10] no answer to the refresh: BYE', async () => {
    const b = bench();
    const call = await calling(b, [
      ['Session-Expires', '600;refresher=uac'],
      ['Allow', 'UPDATE'],
    ]);
    await b.clock.advance(332_000);
    expect(b.wire.story).toEqual(['UPDATE', 'BYE']);
    expect(call.told.at(-1)).toBe('ended by fault 200 answered');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] a refresh that is refused is tried again; only at the end is there a BYE', async () => {
    const b = bench();
    const call = await calling(b, [
      ['Session-Expires', '600;refresher=uac'],
      ['Allow', 'UPDATE'],
    ]);
    b.wire.onSend = (message) => {
      if (message.kind === 'request' && message.method === 'UPDATE') reply(b, message, 503);
    };
    await b.clock.advance(567_999);
    expect(b.wire.times('UPDATE').length).toBeGreaterThan(2);
    expect(call.session.state).toBe('confirmed');
    await b.clock.advance(1);
    expect(b.wire.times('BYE')).toHaveLength(1);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] glare of refreshes: 491, and again', async () => {
    const b = bench();
    const call = await calling(b, [['Session-Expires', '600;refresher=uac']]);
    await b.clock.advance(300_000);
    reply(b, b.wire.requests('INVITE')[0]!, 491);
    await b.clock.advance(4_000);
    reply(b, b.wire.requests('INVITE')[1]!, 200, [['Session-Expires', '600']], 'answer');
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [row 16] an UPDATE that left before the answer is no refresh: its 200 says nothing of the timer', async () => {
    const b = bench();
    const call = await callOut(b);
    const reliable: Fields = [
      ['Require', '100rel'],
      ['RSeq', '1'],
      ['Allow', 'UPDATE'],
    ];
    call.answer(183, { body: 'early', fields: reliable });
    call.answerTo('PRACK', 200);
    void call.session.reoffer('update');
    const update = b.wire.requests('UPDATE')[0]!;
    expect(update.headers.has('Session-Expires')).toBe(false);
    call.answer(200, {
      fields: [
        ['Session-Expires', '600;refresher=uac'],
        ['Allow', 'UPDATE'],
      ],
    });
    reply(b, update, 200, [], 'updated');
    await b.clock.advance(300_000);
    expect(b.wire.requests('UPDATE')).toHaveLength(2);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] a hold of ours is a refresh too, and says who refreshes', async () => {
    const b = bench();
    const call = await calling(b, [['Session-Expires', '600;refresher=uas']]);
    await b.clock.advance(500_000);
    void call.session.reoffer('hold');
    const invite = b.wire.requests('INVITE')[0]!;
    expect(invite.headers.get('Session-Expires')).toBe('600;refresher=uas');
    reply(b, invite, 200, [['Session-Expires', '600;refresher=uas']], 'held');
    await b.clock.advance(567_000);
    expect(call.session.state).toBe('confirmed');
    await b.clock.advance(1_000);
    expect(b.wire.story.at(-1)).toBe('BYE');
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});

describe('as callee', () => {
  it('[row 12] [RFC 4028 §9] who only supports timers gets one, and we refresh', async () => {
    const b = bench();
    const call = called(b, [
      ['Supported', 'timer'],
      ['Allow', 'UPDATE'],
    ]);
    expect(call.ok.headers.get('Session-Expires')).toBe('1800;refresher=uas');
    expect(call.ok.headers.has('Require')).toBe(false);
    await b.clock.advance(900_000);
    expect(b.wire.requests('UPDATE')[0]!.headers.get('Session-Expires')).toBe('1800;refresher=uac');
    reply(b, b.wire.requests('UPDATE')[0]!, 200, [['Session-Expires', '1800;refresher=uac']]);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [RFC 4028 §10] a caller that refreshes has Require: timer in its 200; each refresh prolongs, and none ends the call before it expires', async () => {
    const b = bench();
    const call = called(b, [
      ['Supported', 'timer'],
      ['Session-Expires', '300'],
    ]);
    expect([call.ok.headers.get('Session-Expires'), call.ok.headers.get('Require')]).toEqual([
      '300;refresher=uac',
      'timer',
    ]);
    const refresh: Fields = [
      ['Supported', 'timer'],
      ['Session-Expires', '300;refresher=uac'],
    ];
    for (let round = 1; round <= 4; round += 1) {
      await b.clock.advance(250_000);
      call.inDialog('UPDATE', { cseq: 10 + round, fields: refresh });
      expect(b.wire.responses('200 UPDATE').at(-1)!.headers.get('Session-Expires')).toBe('300;refresher=uac');
    }
    await b.clock.advance(267_999);
    expect(call.ends).toEqual([]);
    await b.clock.advance(1);
    expect(b.wire.story.at(-1)).toBe('BYE');
    expect(call.told.at(-1)).toBe('ended by fault 200 answered');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] [RFC 4028 §9] too brief: 422 with Min-SE, for a call as for a refresh, and the call lives on', async () => {
    const b = bench();
    const brief: Fields = [
      ['Supported', 'timer'],
      ['Session-Expires', '60'],
    ];
    expect(b.dialogs.refusal(peerRequest('INVITE', { fields: brief }))).toEqual({
      status: 422,
      fields: [['Min-SE', '90']],
    });
    const call = called(b, [['Supported', 'timer']]);
    call.inDialog('UPDATE', { cseq: 11, fields: brief });
    call.inDialog('INVITE', { cseq: 12, fields: brief, body: 'hold' });
    expect(b.wire.story).toEqual(['422 UPDATE', '422 INVITE']);
    expect(b.wire.responses('422 UPDATE')[0]!.headers.get('Min-SE')).toBe('90');
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 12] the peer refreshes by re-INVITE: its 200 carries the timer, and the user answers as ever', async () => {
    const b = bench();
    const call = called(b, []);
    expect(call.ok.headers.has('Session-Expires')).toBe(false);
    call.session.events.on('reoffer', (reOffer) => reOffer.accept('same'));
    const fields: Fields = [
      ['Supported', 'timer'],
      ['Session-Expires', '90;refresher=uas'],
    ];
    call.inDialog('INVITE', { cseq: 11, body: 'offer', fields });
    call.inDialog('ACK', { cseq: 11 });
    expect(b.wire.responses('200 INVITE')[0]!.headers.get('Session-Expires')).toBe('90;refresher=uas');
    await b.clock.advance(45_000);
    expect(sdpText(b.wire.requests('INVITE')[0]!)).toBe('same');
    reply(b, b.wire.requests('INVITE')[0]!, 200, [['Session-Expires', '90']], 'offer');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('a bound that no timer takes is cut', async () => {
    const b = bench();
    const call = await calling(b, [['Session-Expires', '4294967295;refresher=uas']]);
    await b.clock.advance(86_400_000);
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});
