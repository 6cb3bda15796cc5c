import { SERVER } from './numbers.ts';
import { branchOf, callIdOf, methodOf, readWire, sequenceOf, toTag, type Wire } from './wire.ts';
import type { World } from './world.ts';

/** What happened in a run, so that nobody can call the simulation empty: counted from what was really sent. */
export function coverage(world: World): ReadonlyMap<string, number> {
  const counts = new Map(world.trace.counts);
  const add = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by);
  const seen = new Set<string>();
  const cancelled = new Map<string, number>();
  const tags = new Map<string, Set<string>>();
  for (const { from, at, text } of world.trace.sent) {
    const wire = readWire(text);
    if (wire === undefined) continue;
    const server = from === SERVER.host;
    const who = server ? 'server' : 'peer';
    const what = wire.status > 0 ? `${wire.status} to ${methodOf(wire)}` : wire.method;
    const key = `${from} ${what} ${branchOf(wire)} ${toTag(wire)} ${wire.status > 0 ? '' : sequenceOf(wire)}`;
    if (seen.has(key)) add(`retransmissions by the ${who}`);
    seen.add(key);
    if (wire.status === 0) add(`${who}: ${wire.method}`);
    else if (wire.status >= 200) add(`${who}: ${what}`);
    if (wire.method === 'CANCEL') cancelled.set(branchOf(wire), at);
    if (wire.status >= 200 && wire.status < 300 && methodOf(wire) === 'INVITE') {
      if (cancelled.has(branchOf(wire))) add(`CANCEL crossed 200 of the ${who}`);
      noteFork(tags, wire, () => add('forked 2xx'));
    }
    if (wire.status === 491) add('glare: 491');
  }
  add('messages', world.trace.sent.length);
  for (const callIds of world.invited.values()) if (callIds.length > 1) add('failover to the second carrier');
  for (const { finals, connectedAt, call } of world.legs.stories.values()) {
    const state = connectedAt === undefined ? 'never connected' : 'was connected';
    add(`leg of the ${call.incoming ? 'caller' : 'callee'} ${state}`, finals.length);
  }
  if (world.store.failures > 0) add('writes that the database failed', world.store.failures);
  for (const agent of world.agents) if (agent.excuse !== undefined) add('peers that went silent');
  add(`script: ${world.plan.script.style}`);
  return counts;
}

function noteFork(tags: Map<string, Set<string>>, wire: Wire, forked: () => void): void {
  const key = `${callIdOf(wire)} ${sequenceOf(wire)}`;
  const known = tags.get(key) ?? new Set();
  if (known.size > 0 && !known.has(toTag(wire))) forked();
  tags.set(key, known.add(toTag(wire)));
}
