import { CALLER, CARRIERS, SERVER } from './numbers.ts';
import type { World } from './world.ts';

/** Sets the alarms of everything that is to break in a run. */
export function scheduleDisasters(world: World): void {
  const { clock, plan } = world;
  const { faults, caller, carrier } = plan;
  failDatabase(world);
  if (faults.mediaDiesAt !== undefined) clock.setTimeout(() => killMedia(world), faults.mediaDiesAt);
  if (faults.drainAt !== undefined) clock.setTimeout(() => void world.stop(), faults.drainAt);
  for (const [hosts, peer] of [
    [[CALLER.host], caller],
    [CARRIERS.map(({ host }) => host), carrier],
  ] as const) {
    for (const host of hosts) {
      for (const at of peer.breaksAt) clock.setTimeout(() => breakStreams(world, host), at);
      if (peer.cutOff !== undefined) cutOff(world, host, peer.cutOff);
    }
  }
}

function failDatabase(world: World): void {
  const { clock, store } = world;
  const { database } = world.plan.faults;
  if (database === undefined) return;
  clock.setTimeout(() => {
    store.failing = true;
    world.note('the database fails');
  }, database.at);
  clock.setTimeout(() => {
    store.failing = false;
    world.note('the database is back');
  }, database.at + database.ms);
}

function killMedia(world: World): void {
  if (world.media.counts.legs > 0) world.count('the media worker died in mid-call');
  world.note('the media worker dies');
  world.media.die();
}

function breakStreams(world: World, host: string): void {
  if (world.network.counts.streams === 0) return;
  world.count('TCP connections broke');
  world.note(`TCP connections of ${host} break`);
  world.network.breakStreams(SERVER.host, host);
}

function cutOff(world: World, host: string, { at, ms }: { readonly at: number; readonly ms: number }): void {
  world.clock.setTimeout(() => {
    world.note(`${host} is cut off`);
    world.network.isolate(host);
  }, at);
  world.clock.setTimeout(() => {
    world.note(`${host} is back`);
    world.network.heal(host);
  }, at + ms);
}
