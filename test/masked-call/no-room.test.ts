import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemRandom } from '../../src/kernel/random.ts';
import { SERVICE, WholeServer } from '../kit/whole-server.ts';

describe('a node without room', () => {
  let server: WholeServer;
  beforeAll(async () => {
    server = await WholeServer.start({
      settings: (s) => {
        // Where no other test has ports: one that is taken would be room that is missing.
        const min = 21_002 + 4 * systemRandom.int(200);
        return { ...s, media: { ...s.media, ports: { min, max: min + 3 } } };
      },
    });
  });
  afterAll(() => server.stop());

  test('[row 33] has no RTP port left: 503, and the call that has one goes on', async () => {
    await server.phone('passenger', { answer: { ringAfterMs: 0, answerAfterMs: 10 } });
    const driver = await server.phone('driver');
    const first = driver.call(SERVICE);
    await first.waitFor('connected');
    const second = driver.call(SERVICE);
    await second.waitFor('ended');
    expect(second.end).toMatchObject({ status: 503 });
    expect(first.state).toBe('connected');
    first.hangup();
    await driver.waitFor('idle');
    const reasons = (await server.closedRecords(2)).map(({ reason }) => reason);
    expect(reasons.every((reason) => reason !== undefined && reason !== '')).toBe(true);
  });

  test('its backend is down: 503', async () => {
    await server.backend.close();
    const driver = await server.phone('driver');
    const call = driver.call(SERVICE);
    await call.waitFor('ended');
    expect(call.end).toMatchObject({ by: 'remote', status: 503 });
    expect((await server.closedRecord()).legs).toHaveLength(1);
  });
});
