import { describe, expect, it } from 'vitest';
import { peerRequest, peerResponse } from '../transaction/test-support.ts';
import {
  CONTACT,
  callIn,
  callOut,
  type DialogBench,
  dialogBench,
  leftovers,
  NOTHING,
} from './test-support.ts';
import type { ReOffer } from './types.ts';

function confirmed(b: DialogBench) {
  const call = callIn(b);
  call.session.accept({ sdp: 'answer' });
  call.inDialog('ACK');
  b.wire.sent.length = 0;
  const reOffers: ReOffer[] = [];
  const listenToReOffers = () => call.session.events.on('reoffer', (reOffer) => reOffers.push(reOffer));
  return { ...call, reOffers, listenToReOffers };
}

describe('requests inside a dialog', () => {
  it('OPTIONS 200, REFER 603, PRACK and NOTIFY 481, unknown 405 with Allow, Require 420', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.inDialog('OPTIONS', { cseq: 11 });
    call.inDialog('REFER', { cseq: 12, fields: [['Refer-To', '<sip:other@10.0.0.9>']] });
    call.inDialog('PRACK', { cseq: 13 });
    call.inDialog('NOTIFY', { cseq: 14, fields: [['Event', 'refer']] });
    call.inDialog('PUBLISH', { cseq: 14 });
    call.inDialog('INFO', { cseq: 15, fields: [['Require', 'timer, replaces, x-magic']] });
    expect(b.wire.story).toEqual([
      '200 OPTIONS',
      '603 REFER',
      '481 PRACK',
      '481 NOTIFY',
      '405 PUBLISH',
      '420 INFO',
    ]);
    expect(b.wire.responses('405 PUBLISH')[0]!.headers.get('Allow')).toContain('INVITE');
    expect(b.wire.responses('420 INFO')[0]!.headers.get('Unsupported')).toBe('replaces');
    expect(b.wire.responses('420 INFO')[0]!.headers.getAll('Unsupported')).toEqual(['replaces', 'x-magic']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 10] [RFC 3261 §12.2.2] CSeq may jump, a lower one gets 500; the ACK is not asked', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.inDialog('INFO', { cseq: 5000 });
    call.inDialog('INFO', { cseq: 4999 });
    call.inDialog('BYE', { cseq: 11 });
    call.inDialog('ACK');
    expect(b.wire.story).toEqual(['200 INFO', '500 INFO', '500 BYE']);
    expect(call.session.state).toBe('confirmed');
    call.inDialog('BYE', { cseq: 5001 });
    expect(call.told.at(-1)).toBe('ended by remote 200 answered');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 7] a dialog is found by Call-ID and both tags only', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.inDialog('BYE', { callId: 'other' });
    call.inDialog('BYE', { from: '<sip:caller@10.0.0.2>;tag=other' });
    call.inDialog('BYE', { to: '<sip:service@10.0.0.1>;tag=other' });
    call.inDialog('BYE', { to: '<sip:service@10.0.0.1>' });
    call.inDialog('INVITE', { callId: 'other' });
    expect(b.wire.story).toEqual(['481 BYE', '481 BYE', '481 BYE', '481 BYE', '481 INVITE']);
    const elsewhere = dialogBench();
    expect(call.session.state).toBe('confirmed');
    // The same dialog from another address: a NAT has moved the peer.
    b.wire.receive(
      peerRequest('BYE', {
        cseq: 12,
        from: '"New Name" <sip:moved@10.9.9.9>;tag=peer',
        to: `<sip:service@10.0.0.1>;tag=${call.transaction.localTag}`,
      }),
      elsewhere.flow,
    );
    expect(call.told.at(-1)).toBe('ended by remote 200 answered');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 7] two legs of ours share a Call-ID: tags tell them apart', async () => {
    const b = dialogBench();
    const out = await callOut(b, { callId: 'shared' });
    out.answer(200, { tag: 'far' });
    const inbound = callIn(b, { callId: 'shared', body: 'offer' });
    inbound.session.accept({ sdp: 'answer' });
    inbound.inDialog('ACK');
    inbound.inDialog('BYE');
    expect(inbound.session.state).toBe('ended');
    expect(out.session.state).toBe('confirmed');
    out.inDialog('BYE', { tag: 'far' });
    expect(out.session.state).toBe('ended');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 8] a datagram peer that moved is answered and called where it is now', () => {
    const b = dialogBench();
    const call = confirmed(b);
    const moved = { ...b.flow, id: 'moved', remote: { host: '10.0.0.2', port: 61_000 }, isOpen: true };
    const request = peerRequest('INFO', {
      cseq: 11,
      to: `<sip:service@10.0.0.1>;tag=${call.transaction.localTag}`,
    });
    b.wire.receive(request, moved);
    call.session.end();
    expect(b.wire.sent.at(-1)!.flow.remote.port).toBe(61_000);
  });

  it('INFO comes as an event, and goes out with its status', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.inDialog('INFO', { body: 'Signal=5' });
    expect(call.told.at(-1)).toBe('info Signal=5');
    const body = { contentType: 'application/dtmf-relay', content: Buffer.from('Signal=7') };
    const ok = call.session.info(body, [['X-A', 'b']]);
    const info = b.wire.requests('INFO')[0]!;
    expect([info.headers.get('Content-Type'), info.headers.get('X-A')]).toEqual([
      'application/dtmf-relay',
      'b',
    ]);
    b.wire.receive(peerResponse(info, 200), b.flow);
    await expect(ok).resolves.toBe(200);
    const silent = call.session.info(body);
    await b.clock.advance(32_000);
    await expect(silent).resolves.toBe(408);
    // §12.2.1.2: the dialog is gone on the other side.
    expect(call.told.at(-1)).toBe('ended by fault 200 answered');
    await expect(call.session.info(body)).resolves.toBe(481);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('BYEs that cross are both answered', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.session.end();
    call.inDialog('BYE');
    expect(b.wire.story).toEqual(['BYE', '200 BYE']);
    call.inDialog('INFO', { cseq: 12 });
    expect(b.wire.story.at(-1)).toBe('481 INFO');
    expect(await leftovers(b)).toEqual(NOTHING);
    expect(call.ends).toHaveLength(1);
  });
});

describe('the peer changes the media', () => {
  it('[row 11] [RFC 3261 §14.2] nobody listens: 488, and the call goes on', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.inDialog('INVITE', { body: 'hold' });
    expect(b.wire.story).toEqual(['488 INVITE']);
    expect(call.session.state).toBe('confirmed');
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[RFC 3261 §14.2] a re-INVITE is accepted, its 2xx repeated until the ACK, its Contact is the new target', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    call.inDialog('INVITE', { cseq: 11, body: 'hold', contact: '<sip:new@10.0.0.2>' });
    expect(call.reOffers[0]!.sdp).toBe('hold');
    call.reOffers[0]!.accept('held');
    call.reOffers[0]!.reject(500);
    await b.clock.advance(600);
    call.inDialog('ACK', { cseq: 11 });
    await b.clock.advance(10_000);
    expect(b.wire.times('200 INVITE')).toHaveLength(2);
    expect(Buffer.from(b.wire.responses('200 INVITE')[0]!.body).toString()).toBe('held');
    call.session.end();
    expect(b.wire.requests('BYE')[0]!.uri).toBe('sip:new@10.0.0.2');
    expect(call.told).toEqual(['confirmed -', 'ended by local 200 answered']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 11] a rejected re-INVITE leaves the session as it was, target included', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    call.inDialog('INVITE', { cseq: 11, body: 'hold', contact: '<sip:new@10.0.0.2>' });
    call.reOffers[0]!.reject(488);
    call.session.end();
    expect(b.wire.requests('BYE')[0]!.uri).toBe('sip:caller@10.0.0.2:5060');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 10] [RFC 3261 §14.2] a second INVITE before the first is answered gets 500 with Retry-After', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    call.inDialog('INVITE', { cseq: 11, body: 'hold' });
    call.inDialog('INVITE', { cseq: 12, body: 'more' });
    call.inDialog('UPDATE', { cseq: 13, body: 'more' });
    expect(b.wire.story).toEqual(['500 INVITE', '500 UPDATE']);
    const seconds = Number(b.wire.responses('500 INVITE')[0]!.headers.get('Retry-After'));
    expect(seconds).toBeGreaterThanOrEqual(0);
    expect(seconds).toBeLessThanOrEqual(10);
    expect(call.reOffers).toHaveLength(1);
    call.reOffers[0]!.accept('held');
    call.inDialog('ACK', { cseq: 11 });
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 11] [RFC 3261 §14.2] [RFC 3311 §5.2] while our own INVITE is unanswered, a re-INVITE gets 491', async () => {
    const b = dialogBench();
    const call = await callOut(b);
    call.answer(183);
    call.inDialog('INVITE', { body: 'glare' });
    call.inDialog('UPDATE', { cseq: 2, body: 'glare' });
    expect(b.wire.story.slice(1)).toEqual(['491 INVITE', '491 UPDATE']);
    call.answer(486);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 16] [RFC 3311 §5.2] UPDATE before we have answered the INVITE gets 500 with Retry-After', async () => {
    const b = dialogBench();
    const call = callIn(b);
    call.session.provisional(180);
    call.inDialog('UPDATE', { body: 'too early' });
    expect(b.wire.story.at(-1)).toBe('500 UPDATE');
    expect(b.wire.responses('500 UPDATE')[0]!.headers.has('Retry-After')).toBe(true);
    call.session.end();
    call.ackRejection();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 16] [RFC 3311 §5.2] UPDATE: with an offer it is a re-offer, without one a target refresh', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    call.inDialog('UPDATE', { cseq: 11, body: 'hold' });
    call.reOffers[0]!.accept('held');
    call.inDialog('UPDATE', { cseq: 12, contact: '<sip:new@10.0.0.2>' });
    expect(call.reOffers).toHaveLength(1);
    expect(b.wire.story).toEqual(['200 UPDATE', '200 UPDATE']);
    call.session.end();
    expect(b.wire.requests('BYE')[0]!.uri).toBe('sip:new@10.0.0.2');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 14] [RFC 3261 §14.2] a re-INVITE without SDP: our offer in the 200, the answer in the ACK; 491 until then', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    call.inDialog('INVITE', { cseq: 11 });
    expect(call.reOffers[0]!.sdp).toBeUndefined();
    call.reOffers[0]!.accept('our offer');
    call.inDialog('INVITE', { cseq: 12, body: 'glare' });
    expect(b.wire.story.at(-1)).toBe('491 INVITE');
    call.inDialog('ACK', { cseq: 11, body: 'their answer' });
    expect(call.told).toEqual(['confirmed -', 'confirmed their answer']);
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[row 3] a re-INVITE whose 2xx is never ACKed ends the call with BYE', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    call.inDialog('INVITE', { cseq: 11, body: 'hold' });
    call.reOffers[0]!.accept('held');
    await b.clock.advance(32_000);
    expect(b.wire.times('200 INVITE')).toHaveLength(11);
    expect(b.wire.times('BYE')).toEqual([32_000]);
    expect(call.told.at(-1)).toBe('ended by fault 200 answered');
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('[RFC 3261 §15.1.2] the call ends while a re-INVITE is open: it gets 487; an answer comes too late', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    call.inDialog('INVITE', { cseq: 11, body: 'hold' });
    call.inDialog('BYE', { cseq: 12 });
    call.reOffers[0]!.accept('held');
    expect(b.wire.story).toEqual(['200 BYE', '487 INVITE']);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('a re-INVITE is cancelled: 487, and the next one is welcome', async () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    call.inDialog('INVITE', { cseq: 11, body: 'hold', branch: 'z9hG4bKre' });
    b.wire.receive(peerRequest('CANCEL', { cseq: 11, branch: 'z9hG4bKre' }), b.flow);
    call.reOffers[0]!.accept('held');
    call.inDialog('INVITE', { cseq: 12, body: 'hold' });
    call.reOffers[1]!.accept('held');
    expect(b.wire.story).toEqual(['200 CANCEL', '487 INVITE', '200 INVITE']);
    call.inDialog('ACK', { cseq: 12 });
    call.session.end();
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('a body that is no SDP gets 415', () => {
    const b = dialogBench();
    const call = confirmed(b);
    call.listenToReOffers();
    const invite = peerRequest('INVITE', {
      cseq: 11,
      to: `<sip:service@10.0.0.1>;tag=${call.transaction.localTag}`,
      fields: [['Content-Type', 'text/plain']],
    });
    b.wire.receive({ ...invite, body: Buffer.from('hello') }, b.flow);
    expect(b.wire.story).toEqual(['415 INVITE']);
  });
});

describe('requests outside any dialog', () => {
  it('[row 6] the same INVITE by two paths: the second gets 482; once the first has ended it is a new call', async () => {
    const b = dialogBench();
    const call = callIn(b);
    b.wire.receive(peerRequest('INVITE', { cseq: 10 }), b.flow);
    expect(b.wire.story).toEqual(['482 INVITE']);
    expect(b.invites).toHaveLength(1);
    call.session.reject(486);
    call.ackRejection();
    b.wire.receive(peerRequest('INVITE', { cseq: 10 }), b.flow);
    expect(b.invites).toHaveLength(2);
    b.invites[1]!.reply(404);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('an INVITE without a usable Contact gets 400; without a user 503', () => {
    const b = dialogBench();
    b.wire.receive(peerRequest('INVITE', { contact: '<tel:+123>' }), b.flow);
    b.dialogs.user = undefined;
    b.wire.receive(peerRequest('INVITE', { callId: 'x' }), b.flow);
    b.wire.receive(peerRequest('REGISTER', { callId: 'y' }), b.flow);
    expect(b.wire.story).toEqual(['400 INVITE', '503 INVITE', '503 REGISTER']);
  });

  it('a session made after the CANCEL hears of it', async () => {
    const b = dialogBench();
    b.wire.receive(peerRequest('INVITE', { branch: 'z9hG4bKq' }), b.flow);
    b.wire.receive(peerRequest('CANCEL', { branch: 'z9hG4bKq' }), b.flow);
    const session = b.dialogs.acceptInvite(b.invites[0]!, { contact: CONTACT });
    const ends: number[] = [];
    session.events.on('ended', (end) => ends.push(end.status));
    await b.clock.advance(0);
    expect(ends).toEqual([487]);
    expect(await leftovers(b)).toEqual(NOTHING);
  });

  it('close ends every session and stops every timer', async () => {
    const b = dialogBench();
    const inbound = callIn(b);
    inbound.session.provisional(180);
    const accepted = callIn(b, { callId: 'two', body: 'offer' });
    accepted.session.accept({ sdp: 'answer' });
    const outbound = await callOut(b);
    b.dialogs.close();
    b.layer.close();
    expect([inbound.ends.length, accepted.ends.length, outbound.ends.length]).toEqual([1, 1, 1]);
    expect(b.clock.pending).toBe(0);
    expect(b.dialogs.counts.sessions).toBe(0);
  });
});
