import { describe, expect, it } from 'vitest';
import { MasklineError } from '../../kernel/errors.ts';
import { cseq, fromTag, topVia, toTag } from '../message/fields.ts';
import { FakeFlow, peerResponse } from '../transaction/test-support.ts';
import { callOut, dialogBench, inviteParts, leftovers, listen, NOTHING } from './test-support.ts';
import type { InviteParts } from './types.ts';

describe('a call that goes out', () => {
  it('rings, is answered, and is hung up by us', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    expect(call.session.state).toBe('calling');
    call.answer(100);
    expect(call.session.state).toBe('proceeding');
    call.answer(180);
    call.answer(183, { body: 'early' });
    call.answer(200, { body: 'answer' });
    expect(call.session.state).toBe('confirmed');
    call.session.end({ headers: [['X-Why', 'done']] });
    expect(call.told).toEqual(['180', '183 sdp', 'accepted answer', 'ended by local 200 answered']);
    expect(b.wire.story).toEqual(['INVITE', 'ACK', 'BYE']);
    expect(b.wire.requests('BYE')[0]!.headers.get('X-Why')).toBe('done');
    call.answerTo('BYE', 200);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[RFC 3261 §8.1.1] writes the INVITE from its parts and nothing else', async () => {
    const b = dialogBench();
    const call = await callOut(b, { headers: [['X-Id', '7']], maxForwards: 41 });
    const invite = call.lastInvite();
    expect([...invite.headers].map(([name]) => name)).toEqual([
      'Via',
      'Max-Forwards',
      'From',
      'To',
      'Call-ID',
      'CSeq',
      'Contact',
      'Allow',
      'Supported',
      'X-Id',
      'Content-Type',
      'Content-Length',
    ]);
    expect(invite.headers.get('Max-Forwards')).toBe('41');
    expect(fromTag(invite)).toMatch(/^[0-9a-f]{16}$/);
    expect(toTag(invite)).toBeUndefined();
    call.answer(404);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 10] ACK has the CSeq of the INVITE, BYE the next; both go to the Contact by the route', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    const fields = [['Record-Route', '<sip:p2;lr>, <sip:p1;lr>']] as const;
    call.answer(200, { contact: '<sip:callee@phone>', fields });
    call.session.end();
    const [ack, bye] = [b.wire.requests('ACK')[0]!, b.wire.requests('BYE')[0]!];
    expect(cseq(ack).sequence).toBe(cseq(call.lastInvite()).sequence);
    expect(cseq(bye).sequence).toBe(cseq(call.lastInvite()).sequence + 1);
    for (const request of [ack, bye]) {
      expect(request.uri).toBe('sip:callee@phone');
      expect(request.headers.getAll('Route')).toEqual(['<sip:p1;lr>', '<sip:p2;lr>']);
    }
  });

  it.each([
    [486, false],
    [503, true],
    [500, true],
    [404, false],
    [603, false],
    [302, false],
    [408, true],
  ])('is rejected with %i: retryable %s', async (status, retryable) => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(100);
    call.answer(status, {
      fields: [
        ['X-A', 'b'],
        ['Warning', '399 theirs "secret"'],
      ],
    });
    expect(call.ends).toMatchObject([
      { by: 'remote', status, answered: false, retryable, headers: [['X-A', 'b']] },
    ]);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[RFC 3261 §8.1.3.2] a response that we do not know counts as x00 of its class, a provisional one as 183', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(188, { body: 'early' });
    call.answer(299, { body: 'answer' });
    expect(call.told).toEqual(['188 sdp', 'accepted answer']);
    call.session.end();
    call.answerTo('BYE', 299);
    const refused = await callOut(b);
    refused.answer(499);
    expect(refused.ends).toMatchObject([
      { by: 'remote', status: 499, reason: 'Request Failure', retryable: false },
    ]);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 39] 503 after it rang is not retryable', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(180);
    call.answer(503);
    expect(call.ends[0]!.retryable).toBe(false);
  });

  it('nobody answers at all: 408 by fault, retryable; a 2xx that comes afterwards gets ACK and BYE', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    await b.clock.advance(32_000);
    expect(call.ends).toMatchObject([{ by: 'fault', status: 408, retryable: true }]);
    call.answer(200);
    expect(b.wire.story.slice(-2)).toEqual(['ACK', 'BYE']);
    call.answer(200);
    expect(b.wire.story.slice(-2)).toEqual(['BYE', 'ACK']);
    expect(b.wire.times('BYE')).toHaveLength(1);
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });

  it('[row 25] [row 39] the connection breaks behind the INVITE: 503 by fault at once, and not retryable, since a phone may ring', async () => {
    for (const reached of [false, true]) {
      const b = dialogBench('tcp');
      const call = await callOut(b);
      if (reached) call.answer(100);
      b.wire.breakFlow(b.flow);
      expect(call.ends).toMatchObject([{ by: 'fault', status: 503, retryable: false }]);
      expect(await leftovers(b)).toEqual(NOTHING);
    }
  });

  it('[row 1] [row 25] [RFC 3261 §9.1] the connection breaks while a phone rings: CANCEL goes over a new one, with the branch of the INVITE', async () => {
    const second = new FakeFlow('tcp', { host: '10.0.0.2', port: 50_001 });
    const b = dialogBench('tcp', { flowTo: () => Promise.resolve(second) });
    const call = await callOut(b);
    const invite = call.lastInvite();
    call.answer(180);
    b.wire.breakFlow(b.flow);
    expect(call.ends).toMatchObject([{ by: 'fault', status: 503, retryable: false }]);
    await b.clock.advance(0);
    const [cancel] = b.wire.requests('CANCEL');
    expect(topVia(cancel!)).toEqual(topVia(invite));
    expect(cseq(cancel!)).toEqual({ sequence: cseq(invite).sequence, method: 'CANCEL' });
    expect(b.wire.sent.at(-1)?.flow).toBe(second);
    b.wire.receive(peerResponse(cancel!, 200), second);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 1] [row 25] no other connection is to be had, or it was never reached: no CANCEL, and nothing is left', async () => {
    for (const reached of [false, true]) {
      const b = dialogBench('tcp', { flowTo: () => Promise.reject(new Error('refused')) });
      const call = await callOut(b);
      if (reached) call.answer(180);
      b.wire.breakFlow(b.flow);
      expect(await leftovers(b)).toEqual(NOTHING);
      expect(b.wire.story).toEqual(['INVITE']);
    }
  });

  it('[row 25] [row 39] the connection had broken before the INVITE: 503 by fault, and another target may be tried', async () => {
    const b = dialogBench('tcp');
    const { ends } = listen(b.dialogs.invite(inviteParts(b.flow)));
    b.wire.breakFlow(b.flow);
    await b.clock.advance(1);
    expect(ends).toMatchObject([{ by: 'fault', status: 503, retryable: true }]);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('rings for ever: cancelled by us, 408', async () => {
    const b = dialogBench('udp', { limits: { ringingMs: 60_000 } });
    const call = await callOut(b);
    call.answer(180);
    await b.clock.advance(60_000);
    call.answerTo('CANCEL', 200);
    call.answer(487);
    expect(call.told).toEqual(['180', 'ended by fault 408']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('parts that come later, never, or too late', async () => {
    const b = dialogBench();
    const none = b.dialogs.invite(Promise.reject(new MasklineError('trunk/none')));
    const noneTold = listen(none);
    let resolve: (parts: InviteParts) => void = () => {};
    const late = b.dialogs.invite(
      new Promise<InviteParts>((done) => {
        resolve = done;
      }),
    );
    const lateTold = listen(late);
    expect(noneTold.told).toEqual([]);
    await b.clock.advance(0);
    expect(noneTold.told).toEqual(['ended by fault 503']);
    late.end();
    expect(lateTold.told).toEqual(['ended by local 487']);
    resolve(inviteParts(b.flow));
    await b.clock.advance(0);
    expect(b.wire.story).toEqual([]);
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});

describe('[row 1] CANCEL is a wish', () => {
  it.each([-1, 0, 1])('[row 1] a 200 at %i ms around the CANCEL is ACKed and ended by BYE', async (delta) => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(180);
    b.clock.setTimeout(() => call.session.end(), 100);
    b.clock.setTimeout(() => call.answer(200), 100 + delta);
    await b.clock.advance(102);
    expect(b.wire.times('ACK')).toHaveLength(1);
    expect(b.wire.times('BYE')).toHaveLength(1);
    expect(b.wire.times('CANCEL')).toHaveLength(delta < 0 ? 0 : 1);
    expect(call.ends).toMatchObject([
      delta < 0
        ? { by: 'local', status: 200, answered: true }
        : { by: 'local', status: 487, answered: false },
    ]);
    call.answerTo('BYE', 200);
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });

  it('[row 1] before any provisional there is no CANCEL; with the 100 it leaves, and 487 ends it', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.session.end();
    call.session.end();
    expect(b.wire.story).toEqual(['INVITE']);
    expect(call.told).toEqual([]);
    call.answer(100);
    call.answerTo('CANCEL', 200);
    call.answer(180);
    expect(call.told).toEqual([]);
    call.answer(487);
    expect(call.told).toEqual(['ended by local 487']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 1] the peer ignores the CANCEL: ended after 64·T1; its 2xx afterwards gets ACK and BYE', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(180);
    call.session.end();
    await b.clock.advance(32_000);
    expect(call.told).toEqual(['180', 'ended by local 487']);
    call.answer(200);
    expect(b.wire.story.slice(-2)).toEqual(['ACK', 'BYE']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});

describe('[row 3] the ACK store', () => {
  it('[row 3] every retransmitted 2xx gets the same ACK: during the call, during a re-INVITE, after the end', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(200);
    call.session.events.on('reoffer', () => {});
    call.answer(200);
    call.inDialog('INVITE', { body: 'hold' });
    call.answer(200);
    call.session.end();
    call.answer(200);
    await b.clock.advance(31_000);
    call.answer(200);
    const acks = b.wire.requests('ACK');
    expect(acks).toHaveLength(5);
    expect(new Set(acks.map((ack) => `${ack.headers.get('Via')}|${ack.headers.get('CSeq')}`)).size).toBe(1);
    expect(cseq(acks[0]!).sequence).toBe(cseq(call.lastInvite()).sequence);
    await b.clock.advance(2_000);
    call.answer(200);
    expect(b.wire.requests('ACK')).toHaveLength(5);
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});

describe('[row 8] [row 25] flows of a call that goes out', () => {
  it('[row 3] [row 8] the 2xx is repeated on a new connection: so is the ACK', async () => {
    const b = dialogBench('tcp');
    const call = await callOut(b);
    call.answer(200);
    b.wire.breakFlow(b.flow);
    const reconnected = new FakeFlow('tcp', { host: '10.0.0.2', port: 50_000 });
    b.wire.receive(peerResponse(call.lastInvite(), 200), reconnected);
    expect(b.wire.sent.at(-1)).toMatchObject({ message: { method: 'ACK' }, flow: reconnected });
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 3] [row 5] another fork answers over a new connection: ACK and BYE, though the INVITE had its own', async () => {
    const reconnected = new FakeFlow('tcp', { host: '10.0.0.2', port: 50_000 });
    const b = dialogBench('tcp', { flowTo: () => Promise.resolve(reconnected) });
    const call = await callOut(b);
    call.answer(200, { tag: 'a' });
    b.wire.breakFlow(b.flow);
    b.wire.receive(peerResponse(call.lastInvite(), 200, { tag: 'b' }), reconnected);
    await b.clock.advance(1);
    const ofB = b.wire.sent.flatMap(({ message }) =>
      message.kind === 'request' && toTag(message) === 'b' ? [message.method] : [],
    );
    expect(ofB).toEqual(['ACK', 'BYE']);
    call.answerTo('BYE', 200);
    call.session.end();
    await b.clock.advance(1);
    call.answerTo('BYE', 200);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 8] an open connection is preferred to the Contact, also for a trunk', async () => {
    const b = dialogBench('tcp');
    const call = await callOut(b, { reach: 'target' });
    call.answer(200, { contact: '<sip:gw@10.0.0.9:5080;transport=tcp>' });
    call.session.end();
    expect(b.wire.sent.slice(-2)).toMatchObject([
      { message: { method: 'ACK' }, flow: b.flow },
      { message: { method: 'BYE' }, flow: b.flow },
    ]);
    call.answerTo('BYE', 200);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 25] the BYE tries one new flow, and no more', async () => {
    const second = new FakeFlow('tcp', { host: '10.0.0.2', port: 50_001 });
    let asked = 0;
    const b = dialogBench('tcp', {
      flowTo: () => {
        asked += 1;
        return Promise.resolve(second);
      },
    });
    const call = await callOut(b);
    call.answer(200);
    call.session.end();
    b.wire.breakFlow(b.flow);
    await b.clock.advance(0);
    b.wire.breakFlow(second);
    await b.clock.advance(0);
    expect(asked).toBe(1);
    expect(b.wire.times('BYE')).toHaveLength(2);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 25] a BYE that had to open a connection, which breaks too, is tried once more', async () => {
    const flows = [50_001, 50_002].map((port) => new FakeFlow('tcp', { host: '10.0.0.2', port }));
    let asked = 0;
    const b = dialogBench('tcp', { flowTo: () => Promise.resolve(flows[asked++]!) });
    const call = await callOut(b);
    call.answer(200);
    b.wire.breakFlow(b.flow);
    call.session.end();
    await b.clock.advance(0);
    b.wire.breakFlow(flows[0]!);
    await b.clock.advance(0);
    expect(
      b.wire.sent
        .filter(({ message }) => message.kind === 'request' && message.method === 'BYE')
        .map(({ flow }) => flow),
    ).toEqual(flows);
    call.answerTo('BYE', 200);
    expect(asked).toBe(2);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('what comes after close makes no dialog any more', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(100);
    b.dialogs.close();
    expect(call.told).toEqual(['ended by local 487']);
    call.answer(180);
    expect(b.dialogs.counts).toEqual({ sessions: 0, dialogs: 0 });
    call.answer(487);
    expect(call.ends).toHaveLength(1);
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});

describe('[row 5] forking', () => {
  it('[row 5] a second 2xx of another fork gets ACK and BYE; the call goes on', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(180, { tag: 'one', contact: '<sip:one@10.0.0.2>' });
    call.answer(180, { tag: 'two', contact: '<sip:two@10.0.0.2>' });
    expect(b.dialogs.counts.dialogs).toBe(2);
    call.answer(200, { tag: 'two', contact: '<sip:two@10.0.0.2>', body: 'answer' });
    expect(b.dialogs.counts.dialogs).toBe(1);
    call.answer(200, { tag: 'one', contact: '<sip:one@10.0.0.2>' });
    const bye = b.wire.requests('BYE')[0]!;
    expect([toTag(bye), bye.uri]).toEqual(['one', 'sip:one@10.0.0.2']);
    expect(b.wire.requests('ACK').map((ack) => toTag(ack))).toEqual(['two', 'one']);
    call.answer(200, { tag: 'one' });
    expect(b.wire.requests('BYE')).toHaveLength(1);
    expect(b.wire.requests('ACK')).toHaveLength(3);
    call.answerTo('BYE', 200);
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    const own = b.wire.requests('BYE').at(-1)!;
    expect([toTag(own), own.uri]).toEqual(['two', 'sip:two@10.0.0.2']);
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });

  it('[row 5] [row 10] each early dialog counts the CSeq of its own callee', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(183, { tag: 'one' });
    call.answer(183, { tag: 'two' });
    call.inDialog('INFO', { tag: 'one', cseq: 900 });
    call.inDialog('INFO', { tag: 'two', cseq: 5 });
    call.inDialog('INFO', { tag: 'two', cseq: 4 });
    expect(b.wire.story.slice(1)).toEqual(['200 INFO', '200 INFO', '500 INFO']);
    call.answer(486);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 9] [RFC 3261 §13.2.2.4] the route set of an early dialog is computed anew from its 2xx', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(180);
    call.answer(200, { fields: [['Record-Route', '<sip:p1;lr>']], contact: '<sip:callee@phone>' });
    expect(b.wire.requests('ACK')[0]!.headers.getAll('Route')).toEqual(['<sip:p1;lr>']);
    expect(b.wire.requests('ACK')[0]!.uri).toBe('sip:callee@phone');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 5] a BYE in the dialog of a fork that we ended does not end the call', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(200, { tag: 'one' });
    call.answer(200, { tag: 'two' });
    call.inDialog('BYE', { tag: 'two' });
    expect(b.wire.story.at(-1)).toBe('200 BYE');
    expect(call.session.state).toBe('confirmed');
    call.inDialog('BYE', { tag: 'one' });
    expect(call.told.at(-1)).toBe('ended by remote 200 answered');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 5] a peer that makes up tags without end fills no memory', async () => {
    const b = dialogBench('udp', { limits: { forks: 4 } });
    const call = await callOut(b);
    for (let i = 0; i < 100; i++) call.answer(180, { tag: `t${i}` });
    expect(b.dialogs.counts.dialogs).toBe(4);
    call.answer(486);
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});

describe('[row 27] challenges', () => {
  const challenge = { fields: [['WWW-Authenticate', 'Digest realm="r", nonce="n"']] as const };

  it('[row 27] 401: new CSeq and branch, same Call-ID and From tag, credentials in INVITE and ACK', async () => {
    const b = dialogBench();
    const call = await callOut(b, { onChallenge: () => [['Authorization', 'Digest mine']] });
    const first = call.lastInvite();
    call.answer(100);
    call.answer(401, challenge);
    const second = call.lastInvite();
    expect(cseq(second).sequence).toBe(cseq(first).sequence + 1);
    expect(topVia(second).params.get('branch')).not.toBe(topVia(first).params.get('branch'));
    expect(fromTag(second)).toBe(fromTag(first));
    expect(second.headers.get('Call-ID')).toBe(first.headers.get('Call-ID'));
    expect(second.headers.get('Authorization')).toBe('Digest mine');
    expect(toTag(second)).toBeUndefined();
    call.answer(200);
    expect(b.wire.requests('ACK').at(-1)!.headers.get('Authorization')).toBe('Digest mine');
    expect(call.told).toEqual(['accepted -']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 27] attempts are counted: two retries, then the 401 is the end', async () => {
    const b = dialogBench();
    let asked = 0;
    const call = await callOut(b, {
      onChallenge: () => {
        asked += 1;
        return [['Authorization', `Digest ${asked}`]];
      },
    });
    for (let i = 0; i < 3; i++) call.answer(i === 1 ? 407 : 401, challenge);
    expect(asked).toBe(2);
    expect(b.wire.times('INVITE')).toHaveLength(3);
    expect(call.told).toEqual(['ended by remote 401']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 27] provisional responses do not count as attempts, and no credentials mean the end', async () => {
    const b = dialogBench();
    const call = await callOut(b, { onChallenge: () => undefined });
    call.answer(100);
    call.answer(180);
    call.answer(407, challenge);
    expect(call.told).toEqual(['180', 'ended by remote 407']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 20] [row 27] credentials that no header field can hold are none', async () => {
    const b = dialogBench();
    const call = await callOut(b, {
      onChallenge: () => [['Authorization', 'Digest username="a\r\nVia: b"']],
    });
    call.answer(401, challenge);
    expect(call.told).toEqual(['ended by remote 401']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 27] a hook that throws has no credentials', async () => {
    const b = dialogBench();
    const call = await callOut(b, {
      onChallenge: () => {
        throw new Error('a fault');
      },
    });
    call.answer(401, challenge);
    expect(call.told).toEqual(['ended by remote 401']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 27] no retry once we want to end', async () => {
    const b = dialogBench();
    const call = await callOut(b, { onChallenge: () => [['Authorization', 'x']] });
    call.answer(100);
    call.session.end();
    call.answer(401, challenge);
    expect(b.wire.times('INVITE')).toHaveLength(1);
    expect(call.told).toEqual(['ended by local 487']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 27] a challenged BYE is sent again with credentials, at most twice', async () => {
    const b = dialogBench();
    const call = await callOut(b, { onChallenge: () => [['Proxy-Authorization', 'x']] });
    call.answer(200);
    call.session.end();
    for (let i = 0; i < 3; i++) b.wire.receive(peerResponse(b.wire.requests('BYE').at(-1)!, 407), b.flow);
    const byes = b.wire.requests('BYE');
    expect(byes.map((bye) => bye.headers.get('Proxy-Authorization'))).toEqual([undefined, 'x', 'x']);
    expect(new Set(byes.map((bye) => cseq(bye).sequence)).size).toBe(3);
    expect(await leftovers(b)).toEqual(NOTHING);
  });
});
