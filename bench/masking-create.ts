/**
 * Masking sessions made over the store: two parties, an id of the order, an end in an hour, one of 40 service numbers, with the
 * event of it, in one transaction each. 6 000 drivers and 60 000 passengers (`orders.ts`), 16 at once, as a node with two
 * cores has connections for; on a PostgreSQL server of the same machine, and one after the other in the embedded database.
 *
 * Then 1 000 more of them, made and closed as one request does it.
 *
 * Measured: sessions a second, how long one takes, and CPU of the node's and the server's processes for each; how long the
 * thousand take.
 *
 * Left out: HTTP and its parsing; fsync (the server's folder does not outlive the run), which is one for each commit, shared by
 * those that commit together.
 */
import { systemClock } from '../src/kernel/clock.ts';
import type { Storage } from '../src/storage/storage.ts';
import { makeApplication, openMasking, sessionOf } from '../test/kit/masking-world.ts';
import { embeddedPlaces, type StoragePlaces, serverPlaces } from '../test/kit/storage-places.ts';
import { type BenchResult, type Figure, percentile } from './figures.ts';
import { cpuOfDescendants } from './machine.ts';
import { dayOfOrders } from './orders.ts';

const DAY = { orders: 20_000, drivers: 6_000, passengers: 60_000, held: 3, seed: 1 };
const NUMBERS = 40;
const WARM_UP = 500;
/** As many as one request may have. */
const TOGETHER = 1_000;

interface Run {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly nodeCpuMs: number;
  readonly serverCpuMs: number;
  /** Seconds until all of one request are made, and closed. */
  readonly togetherSeconds: number;
  readonly closedSeconds: number;
}

export async function benchMaskingCreate(): Promise<BenchResult> {
  const server = await measure(serverPlaces(), { sessions: 10_000, atOnce: 16 });
  const embedded = await measure(embeddedPlaces(), { sessions: 2_000, atOnce: 1 });
  return {
    name: 'masking-create',
    figures: [
      {
        id: 'masking-create.server.rate',
        what: 'masking sessions made, PostgreSQL, 16 at once',
        measured: server.perSecond,
        unit: '/s',
        aim: { at: 'least', value: 500 },
      },
      ...figuresOf('server', 'PostgreSQL, 16 at once', server),
      {
        id: 'masking-create.embedded.rate',
        what: 'the same in the embedded database, one at a time',
        measured: embedded.perSecond,
        unit: '/s',
      },
      ...figuresOf('embedded', 'embedded, one at a time', embedded),
      ...togetherFigures('server', 'PostgreSQL', server),
      ...togetherFigures('embedded', 'embedded', embedded),
    ],
    leavesOut: 'HTTP, fsync',
    peer: 'nothing: vendors name limits of 30 requests a second and service, not what their database does',
    details: { server, embedded },
  };
}

function figuresOf(kind: string, told: string, run: Run): Figure[] {
  const figure = (id: string, what: string, measured: number): Figure => ({
    id: `masking-create.${kind}.${id}`,
    what: `${what}, ${told}`,
    measured,
    unit: 'ms',
  });
  return [
    figure('p50', 'until a masking session is made, p50', run.p50),
    figure('p99', 'the same, p99', run.p99),
    figure('node-cpu', 'CPU of the node for each', run.nodeCpuMs),
    ...(run.serverCpuMs === 0 ? [] : [figure('server-cpu', 'CPU of PostgreSQL for each', run.serverCpuMs)]),
  ];
}

function togetherFigures(kind: string, told: string, { togetherSeconds, closedSeconds }: Run): Figure[] {
  const made: Figure = {
    id: `masking-create.${kind}.together`,
    what: `until ${TOGETHER} of one request are made, ${told}`,
    measured: togetherSeconds,
    unit: 's',
    aim: { at: 'most', value: 3 },
  };
  const closed: Figure = {
    id: `masking-create.${kind}.closed`,
    what: `until they are closed, ${told}`,
    measured: closedSeconds,
    unit: 's',
  };
  return [made, closed];
}

async function measure(
  places: StoragePlaces,
  { sessions, atOnce }: { readonly sessions: number; readonly atOnce: number },
): Promise<Run> {
  const storage = await openMasking(await places.fresh(), systemClock);
  try {
    const { id } = await makeApplication(storage, NUMBERS);
    const orders = dayOfOrders(DAY);
    const people = new Map<string, number>();
    const indexOf = (name: string): number => people.get(name) ?? people.set(name, people.size).size - 1;
    const wishes = orders
      .slice(0, WARM_UP + sessions + TOGETHER)
      .map(({ a, b }, order) => sessionOf(id, [indexOf(a), indexOf(b)], { externalId: `order ${order}` }));
    await makeAll(storage, wishes.slice(0, WARM_UP), atOnce);
    const before = { node: process.cpuUsage(), server: cpuOfDescendants('postgres'), at: performance.now() };
    const took = await makeAll(storage, wishes.slice(WARM_UP, WARM_UP + sessions), atOnce);
    const seconds = (performance.now() - before.at) / 1000;
    const { user, system } = process.cpuUsage(before.node);
    const serverCpuMs = (cpuOfDescendants('postgres') - before.server) / sessions;
    const together = await makeTogether(storage, wishes.slice(WARM_UP + sessions));
    return {
      ...together,
      perSecond: sessions / seconds,
      p50: percentile(took, 0.5),
      p99: percentile(took, 0.99),
      nodeCpuMs: (user + system) / 1000 / sessions,
      serverCpuMs,
    };
  } finally {
    await storage.close();
    await places.close();
  }
}

async function makeTogether(
  storage: Storage,
  wishes: readonly ReturnType<typeof sessionOf>[],
): Promise<Pick<Run, 'togetherSeconds' | 'closedSeconds'>> {
  const { sessions } = storage.masking;
  const begun = performance.now();
  const made = (await sessions.createMany(wishes)).flatMap((one) => (one instanceof Error ? [] : [one.id]));
  const then = performance.now();
  if (made.length < wishes.length) throw new Error(`${wishes.length - made.length} sessions were refused`);
  await sessions.closeMany(made, undefined);
  return { togetherSeconds: (then - begun) / 1000, closedSeconds: (performance.now() - then) / 1000 };
}

/** How long each took, ms. */
async function makeAll(
  storage: Storage,
  wishes: readonly ReturnType<typeof sessionOf>[],
  atOnce: number,
): Promise<readonly number[]> {
  const took: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let wish = wishes[next++]; wish !== undefined; wish = wishes[next++]) {
      const begun = performance.now();
      await storage.masking.sessions.create(wish);
      took.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return took;
}
