/**
 * A flood of 20 000 junk packets a second at the SIP port, beside 50 calls whose sound must stay whole.
 *
 * Measured: packets lost, added latency and the worst direction of 50 calls (2 × 50 packets a second each) for 10 s without
 * and for 10 s with the flood; how many new calls come about during the flood at 5/s; what the flood costs the server.
 * The junk comes from 200 loopback addresses in a process of its own: bytes of chance, broken SIP, OPTIONS, REGISTER and
 * INVITE of strangers, as scanners send them.
 *
 * Left out: a flood of RTP (see the tests of src/media), one that fills the link, TCP. Generator, flood and server share the
 * two cores, so that the flood's own cost weighs on the calls as well.
 *
 * Beside it: the same calls without the flood.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchOptions, BenchResult, Figure } from './figures.ts';
import type { FloodOrder, FloodReport } from './flood-load.ts';
import type { TalkReport } from './sip-load-talk.ts';
import { Stage } from './stage.ts';

const UNTIL_HANGUP = -1;
const CALLS = 50;
const NEW_CALLS_PER_SECOND = 5;
const TALK_MS = 10_000;
const JUNK_PER_SECOND = 20_000;

export async function benchFlood({ profiles }: BenchOptions): Promise<BenchResult> {
  const stage = await Stage.open({ profiles, unrecorded: true });
  try {
    await stage.run({ perSecond: 50, calls: 500, holdMs: 200 });
    await stage.run({ perSecond: 25, calls: CALLS, holdMs: UNTIL_HANGUP });
    const newCalls = {
      perSecond: NEW_CALLS_PER_SECOND,
      calls: (NEW_CALLS_PER_SECOND * TALK_MS) / 1000,
      holdMs: 500,
    };
    const cpuBefore = (await stage.usage()).cpuMicros;
    const quiet = await stage.both(newCalls, TALK_MS);
    const cpuQuiet = (await stage.usage()).cpuMicros;
    const flooding = flood({ port: stage.port, perSecond: JUNK_PER_SECOND, seconds: TALK_MS / 1000 + 2 });
    const flooded = await stage.both(newCalls, TALK_MS);
    const cpuFlooded = (await stage.usage()).cpuMicros;
    const junk = await flooding;
    await stage.hangup();
    const cpuPerJunk =
      (cpuFlooded - cpuQuiet - (cpuQuiet - cpuBefore)) / ((junk.sent * TALK_MS) / 1000 / junk.seconds);
    return {
      name: 'flood',
      figures: figuresOf(quiet, flooded, junk, cpuPerJunk),
      leavesOut: 'floods of RTP or TCP, a full link; flood, load and server share the two cores',
      peer: 'the same 50 calls without the flood',
      details: { quiet, flooded, junk },
    };
  } finally {
    await stage.close();
  }
}

type Both = Awaited<ReturnType<Stage['both']>>;

function figuresOf(quiet: Both, flooded: Both, junk: FloodReport, cpuPerJunk: number): Figure[] {
  const lost = ({ sent, received }: TalkReport): number => sent - received;
  return [
    {
      id: 'flood.rate',
      what: 'junk packets a second at the SIP port',
      measured: junk.sent / junk.seconds,
      unit: '/s',
    },
    {
      id: 'flood.lost',
      what: `RTP packets lost in ${flooded.talk.calls} calls during the flood`,
      measured: lost(flooded.talk),
      unit: 'packets',
      aim: { at: 'most', value: 0 },
      note: `of ${flooded.talk.sent}; ${lost(quiet.talk)} without the flood; the worst direction lost ${flooded.talk.worstLost}`,
    },
    {
      id: 'flood.p99',
      what: 'latency of sound through the server during the flood, p99',
      measured: flooded.talk.p99Ms,
      unit: 'ms',
    },
    { id: 'flood.p99quiet', what: 'the same without the flood', measured: quiet.talk.p99Ms, unit: 'ms' },
    {
      id: 'flood.newcalls',
      what: 'new calls that came about during the flood, of those dialled',
      measured: (flooded.calls.completed / flooded.calls.started) * 100,
      unit: '%',
      aim: { at: 'least', value: 100 },
      note: `${flooded.calls.retransmissions} retransmissions; failures ${JSON.stringify(flooded.calls.failures)}`,
    },
    { id: 'flood.answers', what: 'answers that the strangers got', measured: junk.answers, unit: 'packets' },
    { id: 'flood.cpu', what: 'CPU of the server per junk packet', measured: cpuPerJunk, unit: 'µs' },
  ];
}

function flood(order: FloodOrder): Promise<FloodReport> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./flood-load.ts', import.meta.url)));
  return new Promise((resolve, reject) => {
    child.once('message', (report) => resolve(report as FloodReport));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the flood ended with ${code}`)));
    child.send(order);
  });
}
