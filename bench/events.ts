/**
 * Events: written, told by webhook, told by the live stream. One node's parts as they run in it (`node/webhooks.ts` with its
 * default limits, the stream without HTTP), a PostgreSQL server and the receiver on the same machine; the receiver is a
 * process of its own and answers at once.
 *
 * Measured:
 * - events that get into the log in a second, each in a transaction of its own with one delivery, 16 at once, alone and
 *   beside creates of masking sessions (whose events count, too);
 * - at 100 events a second over 50 subjects: how long after its commit an event is at the receiver, and in the stream;
 * - flat out: 10 000 events of 2 000 subjects that wait in the outbox, to one webhook and to four, deliveries a second, and
 *   whether each subject came in order.
 *
 * Left out: a network, and the time that a receiver takes (at 20 ms an answer, four requests at once are 200 a second), TLS, fsync
 * (the server's folder does not outlive the run).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { NewEvent } from '../src/events/types.ts';
import { eventStreamBody } from '../src/http/event-stream.ts';
import { systemClock } from '../src/kernel/clock.ts';
import { silentLogger } from '../src/kernel/logger.ts';
import { systemRandom } from '../src/kernel/random.ts';
import { createWebhooks, type Webhooks } from '../src/node/webhooks.ts';
import type { Storage } from '../src/storage/storage.ts';
import { makeApplication, openMasking, sessionOf } from '../test/kit/masking-world.ts';
import { type StoragePlaces, serverPlaces } from '../test/kit/storage-places.ts';
import { type BenchResult, percentile } from './figures.ts';
import { cpuOfDescendants } from './machine.ts';
import type { Arrival, SinkMessage } from './webhook-sink.ts';

/** The defaults of the settings `webhooks`. */
const LIMITS = { parallel: 32, perWebhook: 4 };
const AT_ONCE = 16;
const APPENDED = 5_000;
const PACED = { perSecond: 100, seconds: 15, subjects: 50 };
const QUEUED = { events: 10_000, subjects: 2_000 };

export async function benchEvents(): Promise<BenchResult> {
  const places = serverPlaces();
  const sinks = await Promise.all(Array.from({ length: 4 }, () => Sink.start()));
  try {
    const append = await appended(places);
    const paced = await pace(places, sinks[0]!);
    const one = await flatOut(places, sinks.slice(0, 1));
    const four = await flatOut(places, sinks);
    return {
      name: 'events',
      figures: [
        figure('append.alone', 'events written, one a transaction, 16 at once', append.alone, '/s'),
        figure(
          'append.beside',
          'the same beside creates of masking sessions, both together',
          append.beside,
          '/s',
        ),
        figure(
          'webhook.p50',
          'from commit to the webhook received, 100 events a second, p50',
          paced.webhook.p50,
          'ms',
        ),
        figure('webhook.p99', 'the same, p99', paced.webhook.p99, 'ms'),
        figure('stream.p50', 'from commit to the live stream, p50', paced.stream.p50, 'ms'),
        figure('stream.p99', 'the same, p99', paced.stream.p99, 'ms'),
        figure('webhook.rate', 'webhooks delivered flat out, to one receiver', one.perSecond, '/s'),
        figure('webhook.rate-four', 'the same, to four receivers', four.perSecond, '/s'),
        figure('webhook.node-cpu', 'CPU of the node for each of them', four.nodeCpuMs, 'ms'),
        figure('webhook.server-cpu', 'CPU of PostgreSQL for each of them', four.serverCpuMs, 'ms'),
        {
          ...figure(
            'webhook.order',
            'deliveries that were out of order, or twice',
            one.wrong + four.wrong,
            '',
          ),
          aim: { at: 'most', value: 0 },
        },
      ],
      leavesOut: 'the network, TLS, the time that a receiver takes, fsync',
      peer: PEER,
      details: { append, paced, one, four },
    };
  } finally {
    for (const sink of sinks) sink.close();
    await places.close();
  }
}

const PEER = 'nothing: no published figure was found that says on what it was measured';

const figure = (id: string, what: string, measured: number, unit: string) => ({
  ...{ id: `events.${id}`, what, measured, unit },
});

/** What is told in `n`-th place. */
const told = (applicationId: string, subject: string, n: number): NewEvent => ({
  ...{ applicationId, subject, type: 'call.ended', at: systemClock.now() },
  data: { sessionId: subject, callId: `leg-${n}`, direction: 'outbound', answered: true, seconds: 42.5 },
});

async function appended(places: StoragePlaces) {
  const storage = await openMasking(await places.fresh(), systemClock);
  try {
    const { id } = await makeApplication(storage, 40);
    // Wants all, and is never sent anything: no dispatcher runs.
    await storage.webhooks.create({ applicationId: id, url: 'https://example.com', types: [] });
    const write = async (n: number): Promise<void> => {
      await storage.events.append([told(id, `session ${n % 1_000}`, n)]);
    };
    await atOnce(AT_ONCE, 500, write);
    const alone = await rate(APPENDED, () => atOnce(AT_ONCE, APPENDED, write));
    const create = async (n: number): Promise<void> => {
      await storage.masking.sessions.create(sessionOf(id, [2 * n, 2 * n + 1]));
    };
    const both = APPENDED / 2;
    const beside = await rate(2 * both, () =>
      Promise.all([atOnce(AT_ONCE / 2, both, write), atOnce(AT_ONCE / 2, both, create)]),
    );
    return { alone, beside };
  } finally {
    await storage.close();
  }
}

async function pace(places: StoragePlaces, sink: Sink) {
  const storage = await openMasking(await places.fresh(), systemClock);
  const { id } = await makeApplication(storage, 1);
  await storage.webhooks.create({ applicationId: id, url: sink.url, types: [] });
  const webhooks = webhooksOf(storage);
  const ended = new AbortController();
  const committed = new Map<string, number>();
  const streamed = new Map<string, number>();
  const reading = readStream(storage, id, ended.signal, streamed);
  webhooks.start();
  try {
    const all: Promise<void>[] = [];
    const begun = performance.now();
    const count = PACED.perSecond * PACED.seconds;
    for (let n = 0; n < count; n++) {
      const due = begun + (n * 1000) / PACED.perSecond;
      if (due > performance.now()) await sleep(due - performance.now());
      const write = storage.events.append([told(id, `session ${n % PACED.subjects}`, n)]);
      all.push(
        write.then(([event]) => {
          committed.set(event!.id, now());
          storage.bell.ring();
        }),
      );
    }
    await Promise.all(all);
    while ((await sink.count()) < count || streamed.size < count) await sleep(50);
    const arrived = new Map((await sink.arrivals()).map(({ id: event, at }) => [event, at]));
    return { webhook: delays(committed, arrived), stream: delays(committed, streamed) };
  } finally {
    ended.abort();
    await reading;
    await webhooks.close();
    await storage.close();
  }
}

async function readStream(
  storage: Storage,
  applicationId: string,
  signal: AbortSignal,
  seen: Map<string, number>,
): Promise<void> {
  const body = eventStreamBody({
    ...{ log: storage.events, bell: storage.bell, clock: systemClock, signal },
    ...{ filter: { applicationId, types: [] }, cursor: await storage.events.end(applicationId) },
    mayGoOn: async () => true,
  });
  for await (const text of body)
    for (const [, id = ''] of String(text).matchAll(/"id":"(evt_[^"]+)"/g)) seen.set(id, now());
}

async function flatOut(places: StoragePlaces, sinks: readonly Sink[]) {
  const storage = await openMasking(await places.fresh(), systemClock);
  const webhooks = webhooksOf(storage);
  try {
    const { id } = await makeApplication(storage, 1);
    for (const { url } of sinks) await storage.webhooks.create({ applicationId: id, url, types: [] });
    for (let n = 0; n < QUEUED.events; n += 1_000)
      await storage.events.append(
        Array.from({ length: 1_000 }, (_, i) => told(id, `session ${(n + i) % QUEUED.subjects}`, n + i)),
      );
    const before = { node: process.cpuUsage(), server: cpuOfDescendants('postgres') };
    const begun = performance.now();
    webhooks.start();
    for (;;) {
      const counts = await Promise.all(sinks.map((sink) => sink.count()));
      if (counts.every((count) => count >= QUEUED.events)) break;
      await sleep(20);
    }
    const seconds = (performance.now() - begun) / 1000;
    const deliveries = sinks.length * QUEUED.events;
    const { user, system } = process.cpuUsage(before.node);
    const serverCpu = cpuOfDescendants('postgres') - before.server;
    const wrong = (await Promise.all(sinks.map((sink) => sink.arrivals()))).map(outOfOrder);
    return {
      perSecond: deliveries / seconds,
      nodeCpuMs: (user + system) / 1000 / deliveries,
      serverCpuMs: serverCpu / deliveries,
      wrong: wrong.reduce((sum, count) => sum + count, 0),
    };
  } finally {
    await webhooks.close();
    await storage.close();
  }
}

/** How many came out of the order of their subject, or not for the first time. */
function outOfOrder(arrivals: readonly Arrival[]): number {
  const last = new Map<string, number>();
  let wrong = 0;
  for (const { subject, position } of arrivals) {
    if (position !== (last.get(subject) ?? 0) + 1) wrong++;
    last.set(subject, position);
  }
  return wrong;
}

const now = (): number => performance.timeOrigin + performance.now();

function delays(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>) {
  // A webhook may be there before its writer has heard of the commit: that is no delay at all.
  const all = [...from].map(([id, at]) => Math.max(0, (to.get(id) ?? Number.NaN) - at));
  return { p50: percentile(all, 0.5), p99: percentile(all, 0.99) };
}

function webhooksOf(storage: Storage): Webhooks {
  const tools = { clock: systemClock, random: systemRandom, log: silentLogger };
  return createWebhooks({ storage, node: 'node-1', settings: LIMITS, httpAllow: ['127.0.0.1'], ...tools });
}

async function rate(count: number, run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return (count * 1000) / (performance.now() - begun);
}

async function atOnce(workers: number, count: number, run: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await run(n);
  };
  await Promise.all(Array.from({ length: workers }, work));
}

/** A receiver in its own process. */
class Sink {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  static async start(): Promise<Sink> {
    const process = fork(fileURLToPath(new URL('./webhook-sink.ts', import.meta.url)));
    const [opened] = (await once(process, 'message')) as [SinkMessage];
    if (opened.kind !== 'open') throw new Error('the receiver does not open');
    return new Sink(process, opened.url);
  }

  async count(): Promise<number> {
    const answer = await this.#ask('count');
    return answer.kind === 'count' ? answer.count : 0;
  }

  /** What came since it was asked for last. */
  async arrivals(): Promise<readonly Arrival[]> {
    const answer = await this.#ask('arrivals');
    return answer.kind === 'arrivals' ? answer.arrivals : [];
  }

  close(): void {
    this.#process.disconnect();
  }

  async #ask(what: 'count' | 'arrivals'): Promise<SinkMessage> {
    this.#process.send(what);
    const [answer] = (await once(this.#process, 'message')) as [SinkMessage];
    return answer;
  }
}
