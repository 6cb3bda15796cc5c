/**
 * What must be true after every run, whatever happened in it. README.md says each of these in a sentence, in this order.
 * Everything returns sentences about what is wrong; none at all is the aim.
 */
import { leftovers } from '../kit/leak-check.ts';
import { LIFE, T1 } from './agent-transactions.ts';
import { findLeaks } from './leaks.ts';
import type { LegStory } from './legs.ts';
import { noTwoRings } from './rings.ts';
import type { World } from './world.ts';

/**
 * The latest that a provisional response comes, without which no CANCEL may leave (RFC 3261 §9.1): the INVITE of 31·T1,
 * the first one after a cut-off (fate.ts), and 3 s each way.
 */
const FIRST_RESPONSE_MS = 31 * T1 + 6_000;

/**
 * No leg outlives its peer by more than this: the first response; 64·T1 until a CANCEL, or an INVITE, that nobody answers
 * is given up (§9.1, §17.1.1.2); the 2 s that a call waits for its media, and what the script took to think.
 */
export const OUTLIVES_MS = FIRST_RESPONSE_MS + LIFE + 8_000;

/** Once everybody has hung up and every timer of the RFC has run out. */
export async function afterTheCall(world: World): Promise<string[]> {
  return [
    ...world.legs.all.flatMap((story) => oneFinal(story)),
    ...peersGone(world),
    ...noTwoRings(world),
    ...(world.transportClosed ? [] : world.agents.flatMap((agent) => agent.leftovers())),
    ...(await serverLeftovers(world)),
    ...findLeaks(world),
  ];
}

/** Once the server has stopped and the peers are gone. */
export function afterTheStop(world: World): string[] {
  const { clock, network, store } = world;
  const left: string[] = [];
  const add = (count: number, what: string): void => {
    if (count > 0) left.push(`left after the stop: ${count} ${what}`);
  };
  add(clock.pending, 'timers');
  add(network.counts.datagram + network.counts.listeners, 'sockets');
  add(network.counts.streams, 'connections');
  add(world.backend.running, 'HTTP requests');
  add(world.sandboxes.count, 'sandboxes');
  add(world.recordings.running, 'recordings');
  return [
    ...left,
    ...[...store.records.keys()].flatMap((id) => recordComplete(world, id)),
    ...recordOfEach(world),
  ];
}

function oneFinal({ call, finals, ends, connectedAt }: LegStory): string[] {
  const side = call.incoming ? 'caller' : 'callee';
  const wrong: string[] = [];
  if (finals.length !== 1) wrong.push(`the leg of the ${side} has ${finals.length} final events`);
  if (ends.length !== 1) wrong.push(`observers were told ${ends.length} ends of the leg of the ${side}`);
  const [final] = finals;
  const expected = connectedAt === undefined ? 'failed' : 'disconnected';
  if (final !== undefined && final.name !== expected)
    wrong.push(`the leg of the ${side} ended with ${final.name} instead of ${expected}`);
  return wrong;
}

/** Of one session: when the first of its legs had ended, how much longer did the others live? */
function peersGone(world: World): string[] {
  const { legs, plan } = world;
  const wrong: string[] = [];
  const bound = OUTLIVES_MS + 4 * plan.script.latency;
  for (const story of legs.all) {
    if (story.call.incoming || story.endedAt === undefined) continue;
    const caller = legs.all.find((one) => one.call.incoming && one.sessionId === story.sessionId);
    if (caller?.endedAt === undefined) continue;
    const after = story.endedAt - Math.max(caller.endedAt, story.createdAt);
    if (after > bound) wrong.push(`a leg of the callee outlived the caller by ${after} ms`);
    // The other way round only where nobody else is being called meanwhile.
    const others = legs.all.filter((one) => !one.call.incoming && one.sessionId === story.sessionId);
    const last = Math.max(...others.map(({ endedAt }) => endedAt ?? 0));
    if (caller.endedAt - last > bound)
      wrong.push(`the caller outlived every callee by ${caller.endedAt - last} ms`);
  }
  for (const story of legs.all) {
    const sessionEnd = legs.sessionEnd(story.sessionId);
    if (sessionEnd !== undefined && story.endedAt !== undefined && story.endedAt - sessionEnd > OUTLIVES_MS)
      wrong.push(`a leg outlived its session by ${story.endedAt - sessionEnd} ms`);
  }
  return wrong;
}

/** A node that was stopped in mid-run has let its transactions go; what it leaves is looked at after the stop. */
async function serverLeftovers(world: World): Promise<string[]> {
  const { calls, scenarios, media, stack } = world;
  if (world.stopping) return [];
  const left = await leftovers({
    calls,
    scenarios,
    engine: media,
    transactions: stack.transactions,
    dialogs: stack.dialogs,
  });
  return left.map((what) => `left after the call: ${what}`);
}

/** Opened, closed once, events without gaps, and the legs as they ended. */
function recordComplete({ store, legs, keeper }: World, id: string): string[] {
  const record = store.records.get(id);
  const wrong: string[] = [];
  if (record === undefined || keeper.counts.lost > 0) return wrong;
  if (record.opened === 0) wrong.push('a record was never opened');
  if (record.closes.length !== 1) wrong.push(`a record was closed ${record.closes.length} times`);
  record.positions.forEach((position, index) => {
    if (position !== index + 1) wrong.push(`event ${index + 1} of a record has position ${position}`);
  });
  for (const [recordingId, status] of record.recordings)
    if (status === 'recording') wrong.push(`recording ${recordingId} was never finished`);
  for (const [callId, leg] of record.legs) {
    const end = legs.stories.get(callId)?.ends[0];
    if (leg.endedAt === undefined) wrong.push('a leg of a record has no end');
    else if (end !== undefined && (leg.code !== end.code || leg.endedBy !== end.by))
      wrong.push(`the record says ${leg.code} by ${leg.endedBy}, the event ${end.code} by ${end.by}`);
    else if (
      end !== undefined &&
      (leg.answeredAt === undefined) !== (end.durationSeconds === 0 && end.code !== 200)
    )
      wrong.push(
        `the record says answered ${leg.answeredAt}, the event ${end.code} after ${end.durationSeconds} s`,
      );
  }
  return wrong;
}

/** Each leg stands in one record, each refused call in one of its own. */
function recordOfEach({ store, legs }: World): string[] {
  const wrong: string[] = [];
  for (const { call } of legs.all) {
    const count = [...store.records.values()].filter((record) => record.legs.has(call.id)).length;
    if (count !== 1) wrong.push(`a leg stands in ${count} records`);
  }
  const refused = [...store.records.values()].filter(({ closes }) => closes[0]?.status === 'refused');
  if (refused.length !== legs.refused)
    wrong.push(`${legs.refused} calls were refused and ${refused.length} records say so`);
  return wrong;
}
