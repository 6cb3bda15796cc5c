import { expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/kit/virtual-clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { ExpirySweeper } from './sweeper.ts';

it('closes what has expired in handfuls until none is left, again and again, whatever the database does', async () => {
  const clock = new VirtualClock();
  const answers: (number | Error)[] = [200, 200, 3, new Error('away'), 0];
  const asked: number[] = [];
  const sessions = {
    closeExpired: async (most: number): Promise<number> => {
      asked.push(most);
      const answer = answers.shift() ?? 0;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const sweeper = new ExpirySweeper({ sessions, everySeconds: 5, clock, log: silentLogger });
  sweeper.start();
  await clock.advance(5_000);
  await settle();
  expect(asked).toEqual([200, 200, 200]);
  await clock.advance(5_000);
  await settle();
  await clock.advance(5_000);
  await settle();
  expect(asked).toHaveLength(5);
  await sweeper.close();
  expect(clock.pending).toBe(0);
});
