import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../kit/free-port.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { trunkEntry } from '../kit/trunk-entry.ts';
import { HOST, WholeServer } from '../kit/whole-server.ts';
import { until } from './child.ts';
import { Kamailio } from './kamailio.ts';
import { runSipp } from './sipp.ts';

/** Kamailio's dispatcher in front of nodes: OPTIONS tell it whom to give calls to. */
const PROXY = ownLoopback(44);
const HOTLINE = '+442079460199';
const ANSWERS = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.answer();
});`;

let nodes: readonly [WholeServer, WholeServer];
let dead: { readonly host: string; readonly port: number };
let proxy: Kamailio;

beforeAll(async () => {
  nodes = await Promise.all([startNode(), startNode()]);
  dead = { host: HOST, port: await freePort() };
  proxy = await Kamailio.dispatcher({ host: PROXY, nodes: [dead, addressOf(nodes[0]), addressOf(nodes[1])] });
});

afterAll(async () => {
  await proxy?.stop();
  await Promise.all((nodes ?? []).map((node) => node.stop()));
});

function startNode(): Promise<WholeServer> {
  return WholeServer.start({
    // Nothing here is about media.
    attacker: false,
    scenarios: { [HOTLINE]: ANSWERS },
    settings: (settings) => ({
      ...settings,
      trunks: [trunkEntry({ name: 'dispatcher', host: PROXY, allowedSources: [PROXY], optionsSeconds: 0 })],
    }),
  });
}

const addressOf = (node: WholeServer) => node.maskline.sip.find(({ transport }) => transport === 'udp')!;

function drain(node: WholeServer, on: boolean): void {
  const { calls, stack } = node.maskline.parts;
  calls.setDraining(on);
  stack.userAgent.setDraining(on);
}

/** Two calls, and how many of them each node had. */
async function callTwice(): Promise<number[]> {
  await runSipp({
    scenario: 'caller-talks-and-hangs-up',
    host: ownLoopback(45),
    remote: proxy.address,
    service: HOTLINE,
    keys: { caller: '+447700900101' },
    settings: { talk_ms: 20 },
    calls: 2,
    atOnce: 2,
  });
  const counts: number[] = [];
  for (const node of nodes) {
    await node.expectIdle();
    const { length } = await node.untakenRecords();
    counts.push((await node.closedRecords(length)).filter(({ status }) => status === 'completed').length);
  }
  return counts;
}

const told = (node: { readonly host: string; readonly port: number }, to: 'up' | 'down', times = 1) =>
  until(
    () => proxy.changes(node, to) >= times,
    () => `for the dispatcher to find ${node.port} ${to}: ${proxy.output()}`,
  );

test('[RFC 3261 §11.2] a node that is dead is found by OPTIONS, and the others get the calls', async () => {
  await told(dead, 'down');
  expect(await callTwice()).toEqual([1, 1]);
});

test('a node that drains answers OPTIONS with 503 and gets no calls, until it is back', async () => {
  const [first] = nodes;
  drain(first, true);
  await told(addressOf(first), 'down');
  expect(await callTwice()).toEqual([0, 2]);
  drain(first, false);
  await told(addressOf(first), 'up');
  expect(await callTwice()).toEqual([1, 1]);
});
