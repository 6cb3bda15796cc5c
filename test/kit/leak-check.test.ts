import { createSocket } from 'node:dgram';
import { describe, expect, test } from 'vitest';
import { expectNothingLeft, leftovers, resourcesNow } from './leak-check.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualNetwork } from './virtual-network.ts';

const NO_WAIT = { virtualMs: 2_000, realMs: 0 };

describe('the leak check', () => {
  test('is content with nothing', async () => {
    await expectNothingLeft({
      clock: new VirtualClock(),
      calls: { active: [] },
      resourcesBefore: resourcesNow(),
    });
  });

  test('lets virtual time pass for what drains by itself', async () => {
    const clock = new VirtualClock();
    let live = 1;
    clock.setTimeout(() => {
      live = 0;
    }, 32_000);
    await expectNothingLeft({
      clock,
      transactions: {
        counts: {
          get live() {
            return live;
          },
          finished: 3,
        },
      },
    });
    expect(live).toBe(0);
  });

  test('names everything that stays, with its number', async () => {
    const clock = new VirtualClock();
    const rearm = (): void => void clock.setTimeout(rearm, 100);
    rearm();
    const network = new VirtualNetwork({ clock, random: seededRandom(1) });
    await network.bindDatagram({ host: '10.0.0.1', port: 5060 }, { onMessage: () => {}, onError: () => {} });
    const stats = {
      sessions: 1,
      legs: 2,
      players: 0,
      recorders: 0,
      listeners: 0,
      feeds: 0,
      mixers: 0,
      ports: 4,
      workers: [],
    };
    const left = expectNothingLeft(
      {
        clock,
        network,
        transactions: { counts: { live: 2, finished: 9 } },
        dialogs: { counts: { sessions: 0, dialogs: 1 } },
        scenarios: { activeSessions: 3 },
        engine: { stats: () => Promise.resolve(stats) },
        others: { sandboxes: () => 5 },
      },
      NO_WAIT,
    );
    await expect(left).rejects.toThrow(
      'left behind: 1 timers, 1 datagram sockets, 2 live transactions, 1 dialogs, 3 scenario sessions, ' +
        '1 media sessions, 2 media legs, 4 RTP ports, 5 sandboxes',
    );
  });

  test('finds a real socket that was not there before', async () => {
    const before = resourcesNow();
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    expect(await leftovers({ resourcesBefore: before })).toEqual([expect.stringMatching(/^1 UDP/i)]);
    socket.close();
    await expectNothingLeft({ resourcesBefore: before });
  });
});
