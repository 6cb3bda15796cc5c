import { expect, it } from 'vitest';
import { seededRandom } from '../kernel/seeded-random.ts';
import { VirtualClock } from '../kernel/virtual-clock.ts';
import { Backend } from './backend.ts';

const QUESTION = {
  applicationId: 'app',
  url: 'https://backend.example/pull',
  timeoutMs: 1_000,
  body: { type: 'masking.pull' },
};

it('a secret that cannot be read is no failure of the backend: it is asked when there is one again', async () => {
  let asked = 0;
  let isThere = false;
  const backend = new Backend({
    http: {
      post: async () => {
        asked += 1;
        return { status: 200, body: Buffer.from('{}') };
      },
    },
    secrets: {
      current: async () => {
        if (!isThere) throw new Error('the database does not answer');
        return ['whsec_c2VjcmV0'];
      },
      rotate: async () => '',
    },
    clock: new VirtualClock(0),
    random: seededRandom(1),
  });
  for (let caller = 0; caller < 10; caller++)
    expect(await backend.ask(QUESTION)).toEqual({
      kind: 'failed',
      why: 'not asked: the request could not be signed',
    });
  isThere = true;
  expect(await backend.ask(QUESTION)).toEqual({ kind: 'answer', status: 200, text: '{}' });
  expect(asked).toBe(1);
});
