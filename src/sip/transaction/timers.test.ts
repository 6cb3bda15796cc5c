import { describe, expect, it } from 'vitest';
import type { TransportName } from '../transport/types.ts';
import { peerRequest, peerResponse, transactionBench } from './test-support.ts';
import { DEFAULT_TIMERS, timersFor } from './timers.ts';
import type { ClientHandlers, InviteServerTransaction, ServerTransaction } from './types.ts';

const T1 = 500;
const ALL = 64 * T1;
const GROWING = [0, 500, 1500, 3500, 7500, 15500, 31500];
const CAPPED = [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500];

const columns: readonly TransportName[] = ['udp', 'tcp'];

function clientBench(transport: TransportName, method: string) {
  const bench = transactionBench(transport);
  const outcomes: string[] = [];
  const handlers: ClientHandlers = {
    onResponse: (response) => outcomes.push(`${response.status}@${bench.clock.monotonic()}`),
    onFailure: (failure) => outcomes.push(`${failure}@${bench.clock.monotonic()}`),
  };
  const request = peerRequest(method);
  request.headers.delete('Via');
  const transaction = bench.layer.send(request, bench.flow, handlers);
  const answer = (status: number) =>
    bench.wire.receive(peerResponse(transaction.request, status), bench.flow);
  return { ...bench, outcomes, transaction, answer };
}

function serverBench(transport: TransportName, method: string) {
  const bench = transactionBench(transport);
  let transaction: InviteServerTransaction | undefined;
  bench.layer.user = {
    onInvite: (invite) => {
      transaction = invite;
    },
    onRequest: (other: ServerTransaction) => {
      transaction = Object.assign(other, {
        onCancelled: undefined,
        onFailure: undefined,
        onSettled: undefined,
      });
    },
    onAck: () => {},
    onStray2xx: () => {},
  };
  const request = peerRequest(method);
  bench.wire.receive(request, bench.flow);
  return { ...bench, request, transaction: transaction! };
}

/** How long transactions live on from now, in ms, to the granularity of one. */
async function lifetime(bench: ReturnType<typeof transactionBench>): Promise<number> {
  const start = bench.clock.monotonic();
  while (bench.layer.counts.live > 0 && bench.clock.monotonic() - start < 100_000) {
    const before = bench.clock.monotonic();
    await bench.clock.advance(100);
    if (bench.clock.monotonic() === before) break;
  }
  return bench.clock.monotonic() - start;
}

describe('[row 4] [row 25] [RFC 3261 table 4] one test per timer and column', () => {
  it.each(columns)(
    '[row 4] timer A, %s: INVITE is repeated at doubling intervals on unreliable transports',
    async (on) => {
      const bench = clientBench(on, 'INVITE');
      await bench.clock.advance(40_000);
      expect(bench.wire.times('INVITE')).toEqual(on === 'udp' ? GROWING : [0]);
    },
  );

  it.each(columns)('[row 4] timer B, %s: INVITE gives up after 64·T1', async (on) => {
    const bench = clientBench(on, 'INVITE');
    await bench.clock.advance(40_000);
    expect(bench.outcomes).toEqual([`timeout@${ALL}`]);
    expect(bench.clock.pending).toBe(0);
  });

  it.each(columns)(
    '[RFC 3261 §17.1.1.2] [row 4] timer D, %s: a rejected INVITE waits for repeated finals and ACKs each',
    async (on) => {
      const bench = clientBench(on, 'INVITE');
      bench.answer(486);
      expect(bench.outcomes).toEqual(['486@0']);
      bench.answer(486);
      expect(bench.wire.times('ACK')).toHaveLength(on === 'udp' ? 2 : 1);
      expect(await lifetime(bench)).toBe(on === 'udp' ? 32_000 : 0);
      expect(bench.outcomes).toEqual(['486@0']);
    },
  );

  it.each(columns)(
    '[RFC 3261 §17.1.2] [row 4] timer E, %s: other requests are repeated at intervals capped by T2',
    async (on) => {
      const bench = clientBench(on, 'OPTIONS');
      await bench.clock.advance(40_000);
      expect(bench.wire.times('OPTIONS')).toEqual(on === 'udp' ? CAPPED : [0]);
    },
  );

  it('[row 4] timer E after a provisional response: every T2 (§17.1.2.2)', async () => {
    const bench = clientBench('udp', 'OPTIONS');
    await bench.clock.advance(100);
    bench.answer(100);
    await bench.clock.advance(10_000);
    expect(bench.wire.times('OPTIONS')).toEqual([0, 500, 4500, 8500]);
  });

  it.each(columns)(
    '[row 4] timer F, %s: other requests give up after 64·T1, provisional or not',
    async (on) => {
      const bench = clientBench(on, 'OPTIONS');
      await bench.clock.advance(600);
      bench.answer(100);
      await bench.clock.advance(40_000);
      expect(bench.outcomes).toEqual(['100@600', `timeout@${ALL}`]);
      expect(bench.clock.pending).toBe(0);
    },
  );

  it.each(columns)(
    '[row 4] timer G, %s: a non-2xx final is repeated at intervals capped by T2 until the ACK',
    async (on) => {
      const bench = serverBench(on, 'INVITE');
      bench.transaction.reply(486);
      await bench.clock.advance(40_000);
      expect(bench.wire.times('486 INVITE')).toEqual(on === 'udp' ? CAPPED : [0]);
    },
  );

  it.each(columns)('[row 4] timer H, %s: the missing ACK is reported after 64·T1', async (on) => {
    const bench = serverBench(on, 'INVITE');
    const failures: string[] = [];
    bench.transaction.onFailure = (failure) => failures.push(`${failure}@${bench.clock.monotonic()}`);
    bench.transaction.reply(486);
    await bench.clock.advance(40_000);
    expect(failures).toEqual([`timeout@${ALL}`]);
    expect(bench.layer.counts.live).toBe(0);
  });

  it.each(columns)('[row 4] timer I, %s: after the ACK, repeated ACKs are absorbed', async (on) => {
    const bench = serverBench(on, 'INVITE');
    bench.transaction.reply(486);
    const branch = /branch=([^;]+)/.exec(bench.request.headers.get('Via') ?? '')?.[1] ?? '';
    const acks: string[] = [];
    bench.layer.user = { ...bench.layer.user!, onAck: () => acks.push('upward') };
    bench.wire.receive(peerRequest('ACK', { branch }), bench.flow);
    bench.wire.receive(peerRequest('ACK', { branch }), bench.flow);
    expect(await lifetime(bench)).toBe(on === 'udp' ? 5_000 : 0);
    expect(bench.wire.times('486 INVITE')).toEqual([0]);
    expect(acks).toEqual([]);
  });

  it.each(columns)(
    '[RFC 3261 §17.2.2] [row 4] timer J, %s: a repeated request gets the same response again',
    async (on) => {
      const bench = serverBench(on, 'OPTIONS');
      bench.transaction.reply(200);
      bench.wire.receive(bench.request, bench.flow);
      expect(bench.wire.times('200 OPTIONS')).toHaveLength(on === 'udp' ? 2 : 1);
      expect(await lifetime(bench)).toBe(on === 'udp' ? ALL : 0);
    },
  );

  it.each(columns)('[row 4] timer K, %s: a repeated final response is absorbed', async (on) => {
    const bench = clientBench(on, 'OPTIONS');
    bench.answer(200);
    bench.answer(200);
    expect(bench.outcomes).toEqual(['200@0']);
    expect(await lifetime(bench)).toBe(on === 'udp' ? 5_000 : 0);
  });

  it.each(columns)(
    '[row 4] timer L, %s: an accepted INVITE absorbs its retransmissions (RFC 6026 §7.1)',
    async (on) => {
      const bench = serverBench(on, 'INVITE');
      bench.transaction.reply(200);
      bench.wire.receive(bench.request, bench.flow);
      expect(bench.wire.times('200 INVITE')).toEqual([0]);
      expect(await lifetime(bench)).toBe(ALL);
    },
  );

  it.each(columns)(
    '[row 4] timer M, %s: further 2xx go up to the dialog layer (RFC 6026 §7.2)',
    async (on) => {
      const bench = transactionBench(on);
      const late: number[] = [];
      const request = peerRequest('INVITE');
      request.headers.delete('Via');
      const transaction = bench.layer.send(request, bench.flow, {
        onResponse: () => {},
        onFailure: () => {},
        onLate2xx: () => late.push(bench.clock.monotonic()),
      });
      bench.wire.receive(peerResponse(transaction.request, 200), bench.flow);
      await bench.clock.advance(500);
      bench.wire.receive(peerResponse(transaction.request, 200), bench.flow);
      expect(late).toEqual([500]);
      expect(500 + (await lifetime(bench))).toBe(ALL);
    },
  );

  it('settings move every timer', () => {
    const timers = timersFor({ ...DEFAULT_TIMERS, t1: 100, t2: 800, t4: 1000 }, false);
    expect(timers).toMatchObject({ A: 100, B: 6400, G: 100, I: 1000, K: 1000, L: 6400, T2: 800, D: 32_000 });
  });
});
