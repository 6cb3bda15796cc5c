import { describe, expect, it } from 'vitest';
import { settle } from '../../../test/kit/virtual-clock.ts';
import { fromTag, topVia, toTag } from '../message/fields.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { TransportName } from '../transport/types.ts';
import { LiveTransactions } from './live-transactions.ts';
import { OpenRequests } from './open-requests.ts';
import { IllegalTransition, StateMachine } from './state-machine.ts';
import { FakeFlow, type PeerRequest, peerRequest, peerResponse, transactionBench } from './test-support.ts';
import type { InviteServerTransaction, ServerTransaction, TransactionUser } from './types.ts';

function bench(on: TransportName = 'udp', options: Parameters<typeof transactionBench>[1] = {}) {
  const base = transactionBench(on, options);
  const invites: InviteServerTransaction[] = [];
  const requests: ServerTransaction[] = [];
  const acks: SipRequest[] = [];
  const strays: SipResponse[] = [];
  const user: TransactionUser = {
    onInvite: (transaction) => invites.push(transaction),
    onRequest: (transaction) => requests.push(transaction),
    onAck: (request) => acks.push(request),
    onStray2xx: (response) => strays.push(response),
  };
  base.layer.user = user;
  const receive = (method: string, options: PeerRequest = {}): SipRequest => {
    const request = peerRequest(method, options);
    base.wire.receive(request, base.flow);
    return request;
  };
  const invite = (handlers: { onLate2xx?: () => void } = {}) => {
    const outcomes: string[] = [];
    const request = peerRequest('INVITE');
    request.headers.delete('Via');
    const transaction = base.layer.send(request, base.flow, {
      onResponse: (response) => outcomes.push(String(response.status)),
      onFailure: (failure) => outcomes.push(failure),
      ...handlers,
    });
    const answer = (status: number) =>
      base.wire.receive(peerResponse(transaction.request, status), base.flow);
    return { transaction, outcomes, answer };
  };
  return { ...base, invites, requests, acks, strays, receive, invite };
}

async function nothingIsLeft(b: ReturnType<typeof bench>): Promise<void> {
  await b.clock.advance(16 * 60_000);
  expect(b.layer.counts).toEqual({ live: 0, finished: 0 });
  expect(b.clock.pending).toBe(0);
}

describe('server side', () => {
  it('[RFC 3261 §17.2.1] sends 100 within 200 ms, and not when the user was faster', async () => {
    const slow = bench();
    slow.receive('INVITE');
    await slow.clock.advance(300);
    expect(slow.wire.times('100 INVITE')).toEqual([200]);
    expect(toTag(slow.wire.responses('100 INVITE')[0]!)).toBeUndefined();
    const fast = bench();
    fast.receive('INVITE');
    fast.invites[0]!.reply(180);
    await fast.clock.advance(300);
    expect(fast.wire.story).toEqual(['180 INVITE']);
  });

  it('[RFC 3261 §19.3] [row 2] CANCEL gets 200 and the INVITE 487, with one To tag', async () => {
    const b = bench();
    const cancelled: string[] = [];
    b.receive('INVITE', { branch: 'z9hG4bKa' });
    b.invites[0]!.onCancelled = () => cancelled.push('cancelled');
    b.receive('CANCEL', { branch: 'z9hG4bKa' });
    expect(b.wire.story).toEqual(['200 CANCEL', '487 INVITE']);
    expect(new Set(b.wire.sent.map(({ message }) => toTag(message))).size).toBe(1);
    expect(cancelled).toEqual(['cancelled']);
    expect(b.invites[0]!.open).toBe(false);
    b.receive('ACK', { branch: 'z9hG4bKa' });
    await nothingIsLeft(b);
    expect(b.wire.times('487 INVITE')).toHaveLength(1);
  });

  it('[row 1] [row 2] CANCEL after our 200 gets 200 and changes nothing', async () => {
    const b = bench();
    b.receive('INVITE', { branch: 'z9hG4bKa' });
    b.invites[0]!.onCancelled = () => expect.unreachable();
    b.invites[0]!.reply(200);
    b.receive('CANCEL', { branch: 'z9hG4bKa' });
    expect(b.wire.story).toEqual(['200 INVITE', '200 CANCEL']);
    await nothingIsLeft(b);
  });

  it('[row 2] CANCEL without a transaction gets 481', async () => {
    const b = bench();
    b.receive('CANCEL');
    expect(b.wire.story).toEqual(['481 CANCEL']);
    await nothingIsLeft(b);
  });

  it('[row 6] a copy of an INVITE after the transaction died is not a second call, for 64·T1', async () => {
    const b = bench('tcp');
    const copy = b.receive('INVITE', { branch: 'z9hG4bKa' });
    b.invites[0]!.reply(486);
    b.receive('ACK', { branch: 'z9hG4bKa' });
    expect(b.layer.counts).toEqual({ live: 0, finished: 1 });
    b.wire.receive(copy, b.flow);
    await b.clock.advance(31_900);
    b.wire.receive(copy, b.flow);
    expect(b.invites).toHaveLength(1);
    expect(b.layer.counts).toEqual({ live: 0, finished: 1 });
    await b.clock.advance(200);
    b.wire.receive(copy, b.flow);
    expect(b.invites).toHaveLength(2);
  });

  it('[row 6] what is remembered is bounded', () => {
    const b = bench('tcp', { limits: { finished: 10 } });
    for (let i = 0; i < 50; i++) {
      b.receive('OPTIONS', { cseq: i + 1 });
      b.requests[i]!.reply(200);
    }
    expect(b.layer.counts).toEqual({ live: 0, finished: 10 });
  });

  it('[row 6] merged only while the other is open: sequential hunting reuses the Call-ID', () => {
    const b = bench();
    b.receive('INVITE');
    b.receive('INVITE');
    expect(b.layer.isMerged(b.invites[1]!)).toBe(true);
    b.invites[1]!.reply(482);
    b.invites[0]!.reply(486);
    b.receive('INVITE');
    expect(b.layer.isMerged(b.invites[2]!)).toBe(false);
    b.receive('INVITE', { cseq: 2 });
    expect(b.layer.isMerged(b.invites[3]!)).toBe(false);
  });

  it('[RFC 3261 §17.2.3] a peer of RFC 2543 is matched without a magic cookie', async () => {
    const b = bench();
    b.receive('INVITE', { branch: '1' });
    b.receive('INVITE', { branch: '1' });
    expect(b.invites).toHaveLength(1);
    b.receive('INVITE', { branch: '1', callId: 'another' });
    expect(b.invites).toHaveLength(2);
    b.invites[0]!.reply(486);
    const tag = b.invites[0]!.localTag;
    b.receive('ACK', { branch: '1', to: '<sip:service@10.0.0.1>;tag=wrong' });
    await b.clock.advance(500);
    expect(b.wire.times('486 INVITE')).toHaveLength(2);
    b.receive('ACK', { branch: '1', to: `<sip:service@10.0.0.1>;tag=${tag}` });
    await b.clock.advance(20_000);
    expect(b.wire.times('486 INVITE')).toHaveLength(2);
    b.receive('CANCEL', { branch: '1', callId: 'another' });
    expect(b.wire.times('487 INVITE')).toHaveLength(1);
    await nothingIsLeft(b);
  });

  it('[RFC 3261 §17.2.3] sent-by is part of the match: two peers may choose one branch', () => {
    const b = bench();
    b.receive('OPTIONS', { branch: 'z9hG4bKa' });
    const other = peerRequest('OPTIONS', { branch: 'z9hG4bKa' });
    other.headers.set('Via', 'SIP/2.0/UDP 10.0.0.3:5060;branch=z9hG4bKa');
    b.wire.receive(other, b.flow);
    expect(b.requests).toHaveLength(2);
  });

  it('[RFC 6026 §7.1] [row 3] an ACK to a 2xx goes up, also with the branch of the INVITE', () => {
    const b = bench();
    b.receive('INVITE', { branch: 'z9hG4bKa' });
    b.invites[0]!.reply(200);
    b.receive('ACK');
    b.receive('ACK', { branch: 'z9hG4bKa' });
    expect(b.acks).toHaveLength(2);
  });

  it('[row 3] an ACK with the branch of the INVITE goes up even after timer L; that of a rejection never', async () => {
    const b = bench();
    b.receive('INVITE', { branch: 'z9hG4bKa' });
    b.invites[0]!.reply(200);
    b.receive('INVITE', { branch: 'z9hG4bKb', cseq: 2 });
    b.invites[1]!.reply(486);
    await b.clock.advance(32_000);
    b.receive('ACK', { branch: 'z9hG4bKa' });
    b.receive('ACK', { branch: 'z9hG4bKb', cseq: 2 });
    expect(b.acks.map((ack) => ack.headers.get('CSeq'))).toEqual(['1 ACK']);
  });

  it('a second final response is a fault of ours and throws; the same 2xx may pass again', () => {
    const b = bench();
    b.receive('INVITE');
    b.invites[0]!.reply(200);
    b.invites[0]!.reply(200);
    expect(() => b.invites[0]!.reply(486)).toThrow(/comes too late/);
    expect(b.wire.story).toEqual(['200 INVITE', '200 INVITE']);
    b.receive('OPTIONS');
    b.requests[0]!.reply(200);
    expect(() => b.requests[0]!.reply(200)).toThrow(/comes too late/);
  });

  it('what the user never answers is answered 500 and forgotten', async () => {
    const b = bench();
    const failures: string[] = [];
    b.receive('INVITE');
    b.invites[0]!.onFailure = (failure) => failures.push(failure);
    b.receive('OPTIONS', { cseq: 2 });
    await b.clock.advance(16_000);
    expect(b.wire.times('500 OPTIONS')).toEqual([16_000]);
    await b.clock.advance(15 * 60_000);
    expect(b.wire.times('500 INVITE').length).toBeGreaterThan(0);
    await nothingIsLeft(b);
    expect(failures).toEqual(['timeout']);
  });

  it('a user that throws costs the peer a 500 and nobody else anything', async () => {
    const b = bench();
    b.layer.user = {
      ...b.layer.user!,
      onRequest: () => {
        throw new Error('a fault');
      },
    };
    b.receive('OPTIONS');
    expect(b.wire.story).toEqual(['500 OPTIONS']);
    b.layer.user = undefined;
    b.receive('OPTIONS', { cseq: 2 });
    expect(b.wire.story).toEqual(['500 OPTIONS', '503 OPTIONS']);
    await nothingIsLeft(b);
  });
});

describe('client side', () => {
  it('[RFC 3261 §8.1.1.7] puts our Via on top, with a fresh branch and rport', () => {
    const b = bench();
    const first = b.invite().transaction.request;
    const second = b.invite().transaction.request;
    expect(first.headers.get('Via')).toMatch(
      /^SIP\/2\.0\/UDP 10\.0\.0\.1:5060;branch=z9hG4bK[0-9a-f]{20};rport$/,
    );
    expect(topVia(first).params.get('branch')).not.toBe(topVia(second).params.get('branch'));
  });

  it('[RFC 3261 §17.1.1.3] the ACK to a non-2xx has the branch of the INVITE and the To of the response', () => {
    const b = bench();
    const call = b.invite();
    call.answer(486);
    const ack = b.wire.requests('ACK')[0]!;
    expect(topVia(ack).params.get('branch')).toBe(topVia(call.transaction.request).params.get('branch'));
    expect(toTag(ack)).toBe('peer');
    expect(fromTag(ack)).toBe(fromTag(call.transaction.request));
    expect(ack.headers.get('CSeq')).toBe('1 ACK');
  });

  it('[row 1] no CANCEL before a provisional response; it leaves as soon as one comes', async () => {
    const b = bench();
    const call = b.invite();
    call.transaction.cancel();
    expect(b.wire.times('CANCEL')).toEqual([]);
    await b.clock.advance(300);
    call.answer(100);
    expect(b.wire.times('CANCEL')).toEqual([300]);
    const cancel = b.wire.requests('CANCEL')[0]!;
    expect(topVia(cancel).params.get('branch')).toBe(topVia(call.transaction.request).params.get('branch'));
    b.wire.receive(peerResponse(cancel, 200), b.flow);
    call.answer(487);
    expect(call.outcomes).toEqual(['100', '487']);
    await nothingIsLeft(b);
  });

  it('[row 1] a final response before any provisional: no CANCEL at all', async () => {
    const b = bench();
    const call = b.invite();
    call.transaction.cancel();
    call.answer(200);
    expect(b.wire.times('CANCEL')).toEqual([]);
    expect(call.outcomes).toEqual(['200']);
    await nothingIsLeft(b);
  });

  it('[RFC 3261 §9.1] no final response 64·T1 after the CANCEL: the INVITE ends', async () => {
    const b = bench();
    const call = b.invite();
    call.answer(180);
    await b.clock.advance(60_000);
    call.transaction.cancel();
    await b.clock.advance(31_999);
    expect(call.outcomes).toEqual(['180']);
    await b.clock.advance(1);
    expect(call.outcomes).toEqual(['180', 'timeout']);
    await nothingIsLeft(b);
  });

  it('[RFC 6026 §7.2] [row 3] a 2xx after its transaction has ended goes up as a stray', async () => {
    const b = bench();
    const call = b.invite({ onLate2xx: () => {} });
    call.answer(200);
    await b.clock.advance(32_000);
    call.answer(200);
    expect(b.strays).toHaveLength(1);
    call.answer(486);
    expect(b.strays).toHaveLength(1);
  });

  it('[row 3] an ACK gets a Via of its own once, and is the same when sent again', () => {
    const b = bench();
    const ack = peerRequest('ACK');
    ack.headers.delete('Via');
    const sent = b.layer.sendAck(ack, b.flow);
    b.layer.sendAck(sent, b.flow);
    const [first, again] = b.wire.requests('ACK');
    expect(first!.headers.get('Via')).toBe(again!.headers.get('Via'));
    expect(b.layer.counts.live).toBe(0);
  });

  it('[RFC 3261 §17.1.3] [RFC 3261 §18.1.2] a response that matches nothing is dropped', () => {
    const b = bench();
    const call = b.invite();
    const foreign = peerResponse(call.transaction.request, 486);
    foreign.headers.replaceFirst('Via', 'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKother');
    b.wire.receive(foreign, b.flow);
    expect(call.outcomes).toEqual([]);
  });
});

describe('[row 25] flows', () => {
  it('[RFC 3261 §18.4] [row 25] a closed connection fails its transactions now, and no others', async () => {
    const b = bench('tcp');
    const failed = b.invite();
    const options = peerRequest('OPTIONS');
    options.headers.delete('Via');
    const outcomes: string[] = [];
    b.layer.send(options, b.flow, { onResponse: () => {}, onFailure: (failure) => outcomes.push(failure) });
    b.receive('INVITE');
    b.invites[0]!.onFailure = (failure) => outcomes.push(`server ${failure}`);
    const other = new FakeFlow('tcp', { host: '10.0.0.9', port: 5060 });
    b.wire.receive(peerRequest('INVITE', { callId: 'other' }), other);
    b.invites[1]!.onFailure = () => outcomes.push('other');
    b.wire.breakFlow(b.flow);
    expect(failed.outcomes).toEqual(['transport']);
    expect(outcomes).toEqual(['transport', 'server transport']);
    expect(b.layer.counts.live).toBe(1);
    b.invites[0]!.reply(200);
    expect(b.wire.story.filter((name) => name.startsWith('200'))).toEqual([]);
    b.invites[1]!.reply(486);
    await nothingIsLeft(b);
  });

  it('[row 25] a request on a flow that is closed already fails at once, but after send has returned', async () => {
    const b = bench('tcp');
    b.flow.isOpen = false;
    const call = b.invite();
    expect(call.outcomes).toEqual([]);
    await b.clock.advance(0);
    await settle();
    expect(call.outcomes).toEqual(['transport']);
    await nothingIsLeft(b);
  });

  it('close stops every timer', () => {
    const b = bench();
    b.invite();
    b.receive('INVITE', { cseq: 7 });
    b.receive('OPTIONS', { cseq: 8 });
    b.layer.close();
    expect(b.clock.pending).toBe(0);
    expect(b.layer.counts.live).toBe(0);
  });
});

describe('state machine', () => {
  it('throws where the figure has no arrow, and leaving a state clears its timers', () => {
    const b = transactionBench();
    const machine = new StateMachine<'a' | 'b'>('a', { a: ['b'], b: [] }, b.clock);
    machine.arm('x', 10, () => expect.unreachable());
    machine.enter('b');
    expect(b.clock.pending).toBe(0);
    expect(() => machine.enter('a')).toThrow(IllegalTransition);
  });
});

describe('live transactions', () => {
  it('a flow is forgotten with its last transaction', () => {
    const live = new LiveTransactions();
    const flow = new FakeFlow('udp', { host: '10.0.0.2', port: 5060 });
    const closed: string[] = [];
    const transaction = (name: string) => ({
      ...{ flow, isUnfinished: false },
      ...{ flowClosed: () => closed.push(name), close: () => {} },
    });
    live.add('a', transaction('a'));
    live.add('b', transaction('b'));
    live.remove('a');
    live.remove('a');
    live.flowClosed(flow);
    expect(closed).toEqual(['b']);
    live.remove('b');
    expect([live.size, live.flows]).toEqual([0, 0]);
  });
});

describe('open requests', () => {
  it('[row 6] nothing is kept of a transaction that has ended', () => {
    const b = bench();
    const open = new OpenRequests();
    b.receive('OPTIONS');
    b.receive('OPTIONS');
    for (const transaction of b.requests) open.add(transaction);
    expect(open.isMerged(b.requests[1]!)).toBe(true);
    for (const transaction of b.requests) open.remove(transaction);
    expect(open.isMerged(b.requests[1]!)).toBe(false);
    expect(open.size).toBe(0);
  });
});
