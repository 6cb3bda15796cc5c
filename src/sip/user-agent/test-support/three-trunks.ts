/** Trunk `a` with two addresses, tried before `b` and `c` with one each; all of them answer 486 unless told otherwise. */
import type { TrunkSettings } from '../types.ts';
import { answering } from './dialling.ts';
import type { RawPeer } from './raw-peer.ts';
import { type Scene, scene } from './scene.ts';
import { trunk } from './settings.ts';

export interface ThreeTrunks {
  readonly stage: Scene;
  readonly peers: readonly [a1: RawPeer, a2: RawPeer, b: RawPeer, c: RawPeer];
  /** INVITEs that each has got. */
  asked(): number[];
}

/** `changes` are for `a` and `b`. */
export async function threeTrunks(
  changes: Partial<TrunkSettings> = {},
  settings: { readonly failoverSeconds?: number } = {},
): Promise<ThreeTrunks> {
  const named = (name: string, priority: number, more: Partial<TrunkSettings>) =>
    trunk({ name, host: `${name}.example`, priority, ...more });
  const stage = await scene({
    trunks: [named('c', 3, {}), named('b', 2, changes), named('a', 1, changes)],
    hosts: {
      'a.example': ['198.51.100.1', '198.51.100.2'],
      'b.example': ['198.51.100.3'],
      'c.example': ['198.51.100.4'],
    },
    settings,
  });
  const peers = [
    await stage.peer('198.51.100.1'),
    await stage.peer('198.51.100.2'),
    await stage.peer('198.51.100.3'),
    await stage.peer('198.51.100.4'),
  ] as const;
  for (const peer of peers) peer.onRequest = answering(peer, [486]);
  return { stage, peers, asked: () => peers.map((peer) => peer.got('INVITE').length) };
}
