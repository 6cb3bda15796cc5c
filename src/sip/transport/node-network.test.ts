import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { systemClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { request, response } from '../message/build.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import { NodeNetwork } from './node-network.ts';
import { TransportLayer } from './transport-layer.ts';
import type { Flow } from './types.ts';

/** A transport on real loopback sockets that answers every request with 200. */
async function answering(host: string) {
  const layer = new TransportLayer({
    network: new NodeNetwork(),
    clock: systemClock,
    random: seededRandom(3),
    log: silentLogger,
  });
  const closed: Flow[] = [];
  let onResponse: (got: SipResponse) => void = () => {};
  layer.user = {
    onRequest: (got: SipRequest, flow) =>
      layer.sendResponse(response(got, 200, { toTag: 't', body: got.body }), flow),
    onResponse: (got) => onResponse(got),
    onFlowClosed: (flow) => closed.push(flow),
  };
  const udp = await layer.listen({ transport: 'udp', host, port: 0 });
  const tcp = await layer.listen({ transport: 'tcp', host, port: 0 });
  const nextResponse = (): Promise<SipResponse> =>
    new Promise((resolve) => {
      onResponse = resolve;
    });
  return { layer, udp, tcp, closed, nextResponse };
}

const hasIpv6 = await new NodeNetwork().localAddressFor('::1').then(
  () => true,
  () => false,
);

test.each([
  ['udp', '127.0.0.1', 60_000],
  ['tcp', '127.0.0.1', 60_000],
  ...(hasIpv6
    ? ([
        ['udp', '::1', 100],
        ['tcp', '::1', 100],
      ] as const)
    : []),
] as const)('a request and its response over real %s on %s', async (transport: 'udp' | 'tcp', host, size) => {
  const a = await answering(host);
  const b = await answering(host);
  const flow = await a.layer.flowTo({ transport, ...b[transport] });
  const body = Buffer.alloc(size, 'a');
  const answer = a.nextResponse();
  a.layer.send(
    request(
      'MESSAGE',
      'sip:b@example.com',
      [
        ['Via', `SIP/2.0/${transport.toUpperCase()} elsewhere.example.com;branch=z9hG4bK1;rport`],
        ['From', '<sip:a@example.com>;tag=1'],
        ['To', '<sip:b@example.com>'],
        ['Call-ID', 'x'],
        ['CSeq', '1 MESSAGE'],
      ],
      body,
    ),
    flow,
  );
  const got = await answer;
  expect(got.status).toBe(200);
  expect(got.body.length).toBe(size);
  await Promise.all([a.layer.close(), b.layer.close()]);
  await expect.poll(() => a.layer.openConnections + b.layer.openConnections).toBe(0);
  expect(a.closed.length + b.closed.length).toBe(transport === 'tcp' ? 2 : 0);
});

test('a taken address, a refused connect, and an address of nobody reject; the route is asked', async () => {
  const a = await answering('127.0.0.1');
  const network = new NodeNetwork();
  const handlers = { onMessage: () => {}, onError: () => {} };
  await expect(network.bindDatagram(a.udp, handlers)).rejects.toThrow('EADDRINUSE');
  await expect(network.listenStream(a.tcp, () => ({ onData: () => {}, onClose: () => {} }))).rejects.toThrow(
    'EADDRINUSE',
  );
  const gone = a.tcp;
  await a.layer.close();
  await expect(network.connectStream(gone, { onData: () => {}, onClose: () => {} }, 2_000)).rejects.toThrow(
    'ECONNREFUSED',
  );
  expect(await network.localAddressFor('127.0.0.1')).toBe('127.0.0.1');
});

test('sending where it is not possible is reported, not thrown', async () => {
  const errors: Error[] = [];
  const socket = await new NodeNetwork().bindDatagram(
    { host: '127.0.0.1', port: 0 },
    { onMessage: () => {}, onError: (error) => errors.push(error) },
  );
  socket.send(Buffer.alloc(70_000), socket.local);
  socket.send(Buffer.from('x'), { host: '127.0.0.1', port: 0 });
  await expect.poll(() => errors.length).toBe(2);
  socket.close();
  socket.send(Buffer.from('x'), socket.local);
});
