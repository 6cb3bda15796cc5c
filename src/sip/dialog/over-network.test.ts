/** Two whole stacks with the real transport over the virtual network: nothing here is a double but the wire and the clock. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { VirtualNetwork } from '../../../test/kit/virtual-network.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { isSipUri, parseUri } from '../message/uri.ts';
import { TransactionLayer } from '../transaction/transaction-layer.ts';
import { TransportLayer } from '../transport/transport-layer.ts';
import type { Flow, TransportName } from '../transport/types.ts';
import { DialogLayer } from './dialog-layer.ts';
import { listen } from './test-support.ts';
import type { UasSession } from './types.ts';

type Conditions = NonNullable<ConstructorParameters<typeof VirtualNetwork>[0]['conditions']>;

async function stack(
  net: VirtualNetwork,
  clock: VirtualClock,
  host: string,
  on: TransportName,
  seed: number,
) {
  const random = seededRandom(seed);
  const common = { clock, random, log: silentLogger };
  const transport = new TransportLayer({ ...common, network: net.host(host) });
  await transport.listen({ transport: on, host, port: 5060 });
  const transactions = new TransactionLayer({ ...common, transport });
  const flowTo = (uri: unknown): Promise<Flow> => {
    const sip = uri as ReturnType<typeof parseUri>;
    if (!isSipUri(sip)) return Promise.reject(new Error('not a SIP URI'));
    return transport.flowTo({ transport: on, host: sip.host, port: sip.port ?? 5060 });
  };
  const dialogs = new DialogLayer({ ...common, transactions, flowTo });
  const contact = parseNameAddr(`<sip:${host}:5060;transport=${on}>`);
  return { transport, transactions, dialogs, contact };
}

async function pair(on: TransportName, conditions: Conditions = {}) {
  const clock = new VirtualClock();
  const net = new VirtualNetwork({ clock, random: seededRandom(3), conditions });
  const a = await stack(net, clock, '10.0.0.1', on, 1);
  const b = await stack(net, clock, '10.0.0.2', on, 2);
  let inbound: (ReturnType<typeof listen> & { readonly session: UasSession }) | undefined;
  b.dialogs.user = {
    onInvite: (transaction) => {
      const session = b.dialogs.acceptInvite(transaction, { contact: b.contact });
      inbound = { session, ...listen(session) };
    },
    onRequest: (transaction) => transaction.reply(404),
  };
  const parts = a.transport.flowTo({ transport: on, host: '10.0.0.2', port: 5060 }).then((flow) => ({
    flow,
    requestUri: parseUri('sip:callee@10.0.0.2'),
    from: parseNameAddr('<sip:shown@10.0.0.1>'),
    to: parseNameAddr('<sip:callee@10.0.0.2>'),
    callId: 'over-network',
    contact: a.contact,
    sdp: 'offer',
  }));
  const session = a.dialogs.invite(parts);
  const outbound = { session, ...listen(session), flow: parts.then(({ flow }) => flow) };
  const nothingLeft = async () => {
    await clock.advance(100_000);
    return [a, b].map(({ transactions, dialogs }) => [transactions.counts.live, dialogs.counts]);
  };
  return { clock, net, a, b, outbound, inbound: () => inbound!, nothingLeft };
}

const EMPTY = [0, { sessions: 0, dialogs: 0 }];

describe('over a network', () => {
  it.each(['udp', 'tcp'] as const)('a call rings, is answered, talks, is hung up, on %s', async (on) => {
    const p = await pair(on);
    await p.clock.advance(50);
    p.inbound().session.provisional(180);
    await p.clock.advance(50);
    p.inbound().session.accept({ sdp: 'answer' });
    await p.clock.advance(50);
    const info = p.outbound.session.info({ contentType: 'text/plain', content: Buffer.from('hello') });
    await p.clock.advance(50);
    await expect(info).resolves.toBe(200);
    p.inbound().session.end();
    await p.clock.advance(50);
    expect(p.outbound.told).toEqual(['180', 'accepted answer', 'ended by remote 200 answered']);
    expect(p.inbound().told).toEqual(['confirmed -', 'info hello', 'ended by local 200 answered']);
    expect(await p.nothingLeft()).toEqual([EMPTY, EMPTY]);
  });

  it('[row 3] [row 4] every third packet lost: the call still comes about and ends on both sides', async () => {
    const p = await pair('udp', { loss: 0.33, jitter: 20, duplication: 0.1 });
    await p.clock.advance(10_000);
    p.inbound().session.provisional(180);
    p.inbound().session.accept({ sdp: 'answer' });
    await p.clock.advance(20_000);
    expect([p.outbound.session.state, p.inbound().session.state]).toEqual(['confirmed', 'confirmed']);
    p.outbound.session.end();
    await p.clock.advance(40_000);
    expect(p.outbound.ends).toHaveLength(1);
    expect(p.inbound().told).toEqual(['confirmed -', 'ended by remote 200 answered']);
    expect(await p.nothingLeft()).toEqual([EMPTY, EMPTY]);
  });

  it('[row 2] the caller cancels', async () => {
    const p = await pair('udp');
    await p.clock.advance(50);
    p.inbound().session.provisional(180);
    await p.clock.advance(50);
    p.outbound.session.end();
    await p.clock.advance(50);
    expect(p.outbound.told).toEqual(['180', 'ended by local 487']);
    expect(p.inbound().told).toEqual(['ended by remote 487']);
    expect(await p.nothingLeft()).toEqual([EMPTY, EMPTY]);
  });

  it.each([8, 9, 10, 11, 12])(
    '[row 1] the callee answers %i ms after we cancelled, give or take',
    async (at) => {
      const p = await pair('udp', { latency: 5 });
      await p.clock.advance(50);
      p.inbound().session.provisional(180);
      await p.clock.advance(50);
      p.clock.setTimeout(() => p.outbound.session.end(), 5);
      p.clock.setTimeout(() => p.inbound().session.accept({ sdp: 'answer' }), at);
      await p.clock.advance(1_000);
      expect(p.outbound.told).toEqual(['180', 'ended by local 487']);
      expect(p.inbound().ends).toHaveLength(1);
      expect(p.inbound().ends[0]).toMatchObject({
        by: 'remote',
        answered: p.inbound().told[0] === 'confirmed -',
      });
      expect(await p.nothingLeft()).toEqual([EMPTY, EMPTY]);
    },
  );
});
