import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlayerInput } from '../engine.ts';
import { toneShare } from '../goertzel.ts';
import { sine } from '../tones.ts';
import { type ChannelSink, connect } from './graph.ts';
import { PlayerNode } from './player-node.ts';
import type { NodeEvent } from './protocol.ts';
import { SampleBudget } from './sample-budget.ts';
import { WavLoader } from './wav-loader.ts';

class Ear implements ChannelSink {
  readonly kind = 'channel';
  readonly node = 2;
  source = undefined;
  readonly heard: number[] = [];
  takePacket(): void {}
  takeSamples(_from: number, samples: Int16Array): void {
    this.heard.push(...samples);
  }
}

function scene(budget?: SampleBudget) {
  const events: NodeEvent[] = [];
  const player = new PlayerNode(1, (event) => events.push(event), budget);
  const ear = new Ear();
  let ticks = 0;
  const frames = (count: number): void => {
    for (let i = 0; i < count; i++) player.tick(20 * ++ticks);
  };
  const listen = (): void => connect(player.output, ear);
  const names = (): string[] => events.map(({ name }) => name.replace('player-', ''));
  return { player, ear, frames, listen, names, events };
}
const FILES = new WavLoader();
const TWO: PlayerInput = {
  kind: 'sequence',
  parts: [
    { kind: 'samples', samples: sine(500, 110) },
    { kind: 'samples', samples: sine(1000, 200) },
  ],
};

describe('a player in its worker', () => {
  it('plays a sequence without a gap, with markers of all of it and of its parts', async () => {
    const { player, ear, frames, listen, names, events } = scene();
    // Before anything is read.
    player.mark({ offsetMs: 300, part: undefined });
    player.mark({ offsetMs: -10, part: 0 });
    await player.load(TWO, false, FILES);
    player.mark({ offsetMs: 50, part: 1 });
    player.mark({ offsetMs: -400, part: undefined });
    player.mark({ offsetMs: 0, part: 2 });
    frames(5);
    expect(names()).toEqual(['ready']);
    listen();
    frames(16);
    expect(names()).toEqual(['ready', 'started', 'marker', 'marker', 'marker', 'finished']);
    expect(events.filter(({ name }) => name === 'player-marker').map(({ payload }) => payload)).toEqual([
      { offsetMs: -10, part: 0 },
      { offsetMs: 50, part: 1 },
      { offsetMs: 300, part: undefined },
    ]);
    expect(events[1]).toMatchObject({ payload: { durationMs: 310 } });
    expect(toneShare(ear.heard.slice(0, 880), 500)).toBeGreaterThan(0.99);
    expect(toneShare(ear.heard.slice(880, 2480), 1000)).toBeGreaterThan(0.99);
  });

  it('pauses before and while it plays; a loop goes round; closing ends it once', async () => {
    const { player, ear, frames, listen, names } = scene();
    player.pause();
    await player.load({ kind: 'samples', samples: sine(500, 30) }, true, FILES);
    listen();
    frames(5);
    expect([names(), ear.heard.length]).toEqual([['ready'], 0]);
    player.resume();
    frames(10);
    player.pause();
    frames(10);
    expect(ear.heard).toHaveLength(1600);
    expect(toneShare(ear.heard, 500)).toBeGreaterThan(0.99);
    player.close(undefined);
    player.close('twice');
    frames(2);
    expect(names()).toEqual(['ready', 'started', 'finished']);
  });

  it('plays tone scripts and progress tones, which have no length', async () => {
    const one = scene();
    await one.player.load({ kind: 'tone-script', script: '400@-10;*(1/1/1)' }, false, FILES);
    one.listen();
    one.frames(50);
    expect(toneShare(one.ear.heard, 400)).toBeGreaterThan(0.99);
    expect(one.events[1]).toMatchObject({ name: 'player-started', payload: { durationMs: undefined } });
    const two = scene();
    await two.player.load({ kind: 'progress-tone', tone: 'ringback', country: 'RU' }, false, FILES);
    two.listen();
    two.frames(250);
    expect(two.events[1]).toMatchObject({ name: 'player-started', payload: { durationMs: undefined } });
    expect(toneShare(two.ear.heard.slice(32_000, 38_400), 425)).toBeGreaterThan(0.99);
  });

  it('shares what its session may hold in memory; the same sound twice is held once, and a closed one gives back', async () => {
    const budget = new SampleBudget(8000 * 60);
    const half = { kind: 'samples', samples: new Int16Array(8000 * 30) } as const;
    const one = scene(budget);
    await one.player.load({ kind: 'sequence', parts: [half, half, half] }, false, FILES);
    const more: PlayerInput = { kind: 'samples', samples: new Int16Array(8000 * 31) };
    const two = scene(budget);
    await two.player.load(more, false, FILES);
    expect([one.names(), two.names()]).toEqual([['ready'], ['finished']]);
    expect(two.events[0]?.payload).toEqual({
      error: 'The players of a session hold at most 1 minutes of sound.',
    });
    one.player.close(undefined);
    const three = scene(budget);
    await three.player.load(more, false, FILES);
    expect(three.names()).toEqual(['ready']);
  });

  it.each([
    ['a tone script that is none', { kind: 'tone-script', script: 'tone' }, 'no frequency'],
    ['a part that is not there', { kind: 'sequence', parts: [{ kind: 'file', path: '/no' }] }, 'ENOENT'],
    [
      'a file that is no WAV',
      { kind: 'file', path: join(import.meta.dirname, 'README.md') },
      'not a WAV file',
    ],
    ['no parts at all', { kind: 'sequence', parts: [] }, undefined],
  ] as const)('%s ends it', async (_name, input, error) => {
    const { player, frames, listen, events } = scene();
    await player.load(input, true, FILES);
    listen();
    frames(1);
    const last = events.at(-1);
    if (last?.name !== 'player-finished') throw new Error('it goes on');
    if (error === undefined) expect(last.payload.error).toBeUndefined();
    else expect(last.payload.error).toContain(error);
    expect(player.closed).toBe(true);
  });
});
