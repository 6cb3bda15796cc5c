import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toneShare, totalPower } from '../../src/media/goertzel.ts';
import { readWav, readWavChannel } from '../../src/media/wav.ts';
import { seededRandom } from '../kit/seeded-random.ts';
import { SERVICE } from '../kit/whole-server.ts';
import { type NodeProcess, Place } from './node-process.ts';

let place: Place;
let node: NodeProcess;
beforeAll(async () => {
  place = await Place.make();
  node = await place.start();
});
afterAll(() => place.close());

describe('a node is killed', () => {
  test('[row 37] in a recorded call: the next start closes the record, and the recording plays', async () => {
    const driver = await place.phone('driver');
    const passenger = await place.phone('passenger', { answer: { answerAfterMs: 50 } });
    const outgoing = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await Promise.all([outgoing.waitFor('connected'), incoming.waitFor('connected')]);
    await outgoing.waitUntil('two seconds of the passenger', () => outgoing.rtp.heard.seconds > 2);
    await incoming.waitUntil('two seconds of the driver', () => incoming.rtp.heard.seconds > 2);
    expect(await node.calls()).toMatchObject([{ status: 'in-progress' }]);

    const talked = outgoing.rtp.heard.seconds;
    await node.kill();
    expect(await node.program.exited).toBe('SIGKILL');
    outgoing.abandon();
    incoming.abandon();
    // The same folder, key and port. The folder's lock is the dead process's.
    node = await place.start();

    const [call, ...others] = await node.calls();
    expect(others).toEqual([]);
    expect(call).toMatchObject({ status: 'failed', reason: 'node stopped' });
    expect(call!.legs).toHaveLength(2);
    for (const leg of call!.legs)
      expect(leg).toMatchObject({ reason: 'node stopped', endedAt: expect.any(String) });

    const [recording] = call!.recordings;
    expect(recording).toMatchObject({ status: 'partial' });
    const path = join(place.data, 'recordings', recording!.path);
    const soxi = Number(execFileSync('soxi', ['-D', path], { encoding: 'utf8' }));
    expect(Math.abs(soxi - talked)).toBeLessThan(1);
    expect(recording!.seconds).toBeCloseTo(soxi, 1);
    expect(execFileSync('soxi', ['-c', path], { encoding: 'utf8' }).trim()).toBe('2');
    // Decodes every sample, and fails on a header that promises more than there is.
    execFileSync('sox', [path, '-n', 'stat'], { stdio: 'pipe' });
    expectTones(readFileSync(path));

    const { body } = await node.get(`/v1/calls/${call!.id}/events?limit=200`);
    const events = (body as { items: { position: number; name: string }[] }).items;
    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ name }) => name)).toContain('leg.connected');
    expect(events.at(-1)).toMatchObject({ name: 'node.stopped' });

    // Nobody registers again: the driver's credentials and the passenger's registration are those of before.
    const again = driver.call(SERVICE);
    const answered = await passenger.nextCall();
    await Promise.all([again.waitFor('connected'), answered.waitFor('connected')]);
    await again.waitUntil('the passenger’s tone', () => again.rtp.heard.isTone(1020));
    again.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    expect(await node.closedCall()).toMatchObject({
      status: 'completed',
      recordings: [{ status: 'complete' }],
    });
  });

  test.each([1, 2, 3, 4, 5])(
    'at a moment of the set-up that seed %i chooses: no record stays open',
    async (seed) => {
      const before = (await node.calls()).length;
      const driver = await place.phone('driver');
      const passenger = await place.phone('passenger', { answer: { ringAfterMs: 20, answerAfterMs: 80 } });
      driver.call(SERVICE);
      // The moment itself is what varies; a call is set up within about 150 ms.
      await pause(seededRandom(seed).int(150));
      await node.kill();
      driver.close();
      passenger.close();
      node = await place.start();

      const calls = await node.calls();
      expect(calls.length - before).toBeLessThanOrEqual(1);
      for (const call of calls) {
        expect(call.status).not.toBe('in-progress');
        expect(call.endedAt).toBeDefined();
        for (const leg of call.legs) expect(leg.endedAt).toBeDefined();
        for (const recording of call.recordings) expect(recording.status).not.toBe('recording');
      }
    },
  );
});

/** The driver on the left, the passenger on the right, nothing of one in the other, and nothing else. */
function expectTones(file: Buffer): void {
  expect(readWav(file).length).toBeGreaterThan(8000);
  const tones = { left: [440, 1020], right: [1020, 440] } as const;
  for (const channel of ['left', 'right'] as const) {
    const all = readWavChannel(file, channel);
    // The ends hold the moment before the first packet and the last one's rest.
    const sound = all.subarray(1600, all.length - 1600);
    const [own, others] = tones[channel];
    expect(totalPower(sound)).toBeGreaterThan(1e6);
    expect(toneShare(sound, own)).toBeGreaterThan(0.9);
    expect(toneShare(sound, others)).toBeLessThan(0.01);
  }
}
