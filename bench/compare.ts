/**
 * Asterisk and Maskline side by side: the same load generator, calls, codec, hold time and warm-up, one after the other in
 * one run on one machine.
 *
 * Measured, with each server in a process of its own:
 *   - CPU of the server's process, all threads, per call from INVITE to the last BYE, at 20 and at 100 calls/s, beyond what
 *     it takes when idle; nobody speaks. Calls are held for half a second.
 *   - CPU per relayed RTP packet and the latency that relaying adds, p50 and p99, with 100 calls that speak in both
 *     directions, PCMA in packets of 20 ms.
 *
 * Asterisk does what its dialplan says: one extension that calls the passenger and shows the service number. It sends
 * packets on in its native bridge, which does not look into them. Maskline does it twice: `direct`, a scenario that knows
 * the passenger, which is what can be compared; and `taxi`, the example, which asks a backend over HTTP besides. Both
 * scenarios run in a sandbox of each call's own, and each call is recorded in the database; Asterisk has neither.
 *
 * Left out: digest, TCP, transcoding, recording; what the PostgreSQL server takes is told beside Maskline's figure.
 */
import { asteriskVersion } from '../test/interop/asterisk.ts';
import { startPostgres } from '../test/kit/postgres-server.ts';
import { AsteriskStage } from './compare-asterisk.ts';
import {
  type CallCosts,
  callCosts,
  idleCost,
  type PacketCosts,
  packetCosts,
  warmUp,
} from './compare-costs.ts';
import { type BenchResult, BenchSkipped, type Figure } from './figures.ts';
import type { LoadedServer } from './loaded-server.ts';
import { DIRECT_NUMBER, SERVICE_NUMBER } from './sip-load-calls.ts';
import { Stage } from './stage.ts';

/** One server, and what it was dialled for. */
interface Contender {
  readonly id: string;
  readonly what: string;
  readonly idleMsPerSecond: number;
  readonly at20: CallCosts;
  readonly at100: CallCosts;
}

/** A column of the comparison: what the drivers dial there. */
interface Column {
  readonly id: string;
  readonly what: string;
  readonly number: string;
}

const MASKLINE: readonly Column[] = [
  { id: 'direct', what: 'Maskline without a question', number: DIRECT_NUMBER },
  { id: 'taxi', what: 'Maskline with one HTTP question', number: SERVICE_NUMBER },
];

/** With a p99 above this without any server, the machine was not quiet enough for one. */
const NOISE_MS = 2;

export async function benchCompare(): Promise<BenchResult> {
  const version = asteriskVersion();
  if (version === undefined)
    throw new BenchSkipped('Asterisk is not here; script/interop asterisk --fetch gets it (about 85 MB)');
  const asterisk = await onServer(await AsteriskStage.open(), async (server) => ({
    calls: await contend(server, [{ id: 'asterisk', what: 'Asterisk', number: SERVICE_NUMBER }]),
    packets: await packetCosts(server, SERVICE_NUMBER, () => server.bridges()),
  }));
  const embedded = await onServer(await Stage.open({ unrecorded: true, direct: true }), async (server) => ({
    calls: await contend(server, named('embedded database')),
    packets: await packetCosts(server, DIRECT_NUMBER),
  }));
  const postgres = await onPostgres();
  const contenders = [
    ...asterisk.calls,
    ...embedded.calls,
    ...(typeof postgres === 'string' ? [] : postgres),
  ];
  return {
    name: 'compare',
    figures: [
      ...contenders.map(({ id, what, at20 }) => callFigure(`cpu20.${id}`, `${what}, at 20 calls/s`, at20)),
      ...contenders.map(({ id, what, at100 }) =>
        callFigure(`cpu100.${id}`, `${what}, at 100 calls/s`, at100),
      ),
      ...packetFigures('asterisk', 'Asterisk', asterisk.packets),
      ...packetFigures('maskline', 'Maskline', embedded.packets),
    ],
    leavesOut:
      'digest, TCP, transcoding, recording. Asterisk runs no script, asks nobody and writes no record of a call; Maskline has a sandbox for each call and writes its record in both columns. Generator, backend and server share the two cores',
    peer: `${version}, Debian’s package in the same run: one extension with Dial, \`direct_media=no\`, bridged ${asterisk.packets.seen}`,
    details: { version, asterisk, embedded, postgres },
  };
}

const named = (database: string): Column[] =>
  MASKLINE.map(({ id, what, number }) => ({
    id: `${id}.${database === 'embedded database' ? 'pglite' : 'postgres'}`,
    what: `${what}, ${database}`,
    number,
  }));

/** The text of the error where there is no PostgreSQL to start: its columns then lack. */
async function onPostgres(): Promise<Contender[] | string> {
  const postgres = await startPostgres().catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );
  if (typeof postgres === 'string') return postgres;
  try {
    const databaseUrl = await postgres.createDatabase();
    const stage = await Stage.open({ unrecorded: true, direct: true, databaseUrl });
    return await onServer(stage, (server) => contend(server, named('PostgreSQL server')));
  } finally {
    await postgres.stop();
  }
}

async function onServer<S extends LoadedServer, T>(server: S, work: (server: S) => Promise<T>): Promise<T> {
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

async function contend(server: LoadedServer, columns: readonly Column[]): Promise<Contender[]> {
  await warmUp(
    server,
    columns.map(({ number }) => number),
  );
  const idleMsPerSecond = await idleCost(server);
  const contenders: Contender[] = [];
  for (const { id, what, number } of columns) {
    const at20 = await callCosts(server, { number, perSecond: 20, seconds: 8 }, idleMsPerSecond);
    const at100 = await callCosts(server, { number, perSecond: 100, seconds: 5 }, idleMsPerSecond);
    contenders.push({ id, what, idleMsPerSecond, at20, at100 });
  }
  return contenders;
}

function callFigure(id: string, what: string, costs: CallCosts): Figure {
  const { calls, completed, failures, setupP50Ms, setupP99Ms, postgresMsPerCall } = costs;
  const postgres =
    postgresMsPerCall > 0.01 ? `; in the PostgreSQL server besides ${postgresMsPerCall.toFixed(2)} ms` : '';
  return {
    id: `compare.${id}`,
    what: `CPU of a whole call without media: ${what}`,
    measured: costs.cpuMsPerCall,
    unit: 'ms',
    ...(completed === calls ? {} : { inconclusive: `${calls - completed} of ${calls} calls failed` }),
    note: `INVITE in to INVITE out p50 ${setupP50Ms.toFixed(1)} ms, p99 ${setupP99Ms.toFixed(1)} ms${postgres}${completed === calls ? '' : `; failed: ${JSON.stringify(failures)}`}`,
  };
}

function packetFigures(id: string, name: string, costs: PacketCosts): Figure[] {
  const { talk, itself } = costs;
  const figure = (of: string, what: string, measured: number, unit: string): Figure => ({
    id: `compare.${of}.${id}`,
    what: `${what}, ${talk.calls} calls: ${name}`,
    measured,
    unit,
  });
  return [
    {
      ...figure('packet', 'CPU per relayed packet', costs.cpuMicrosPerPacket, 'µs'),
      note: `${talk.received} of ${talk.sent} packets arrived, ${Math.round(talk.received / talk.seconds)} a second; without a server p99 ${itself.p99Ms.toFixed(2)} ms`,
    },
    // As in bench/relay-figures.ts: the whole tail is put down to the server.
    figure('added50', 'added latency p50', talk.p50Ms - itself.p50Ms, 'ms'),
    {
      ...figure('added99', 'added latency p99', talk.p99Ms - itself.p50Ms, 'ms'),
      // A generator that is late by itself says nothing against the server.
      ...(itself.p99Ms > NOISE_MS
        ? { inconclusive: `p99 of no server was ${itself.p99Ms.toFixed(1)} ms` }
        : {}),
    },
  ];
}
