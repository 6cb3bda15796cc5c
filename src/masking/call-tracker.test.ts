import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/kit/virtual-clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { CallTracker, type MaskedLeg } from './call-tracker.ts';

const LEG: MaskedLeg = {
  id: 'leg-1',
  applicationId: 'taxi',
  sessionId: 'ms_1',
  scenarioSessionId: 'session-1',
  caller: PhoneNumber.parse('+447700900101'),
  callee: PhoneNumber.parse('+447700900202'),
  callerPartyId: undefined,
  calleePartyId: undefined,
};
const OUTCOME = { answered: true, seconds: 7, status: 200 };

/** A database that is away as long as it is told to be. */
function world() {
  const clock = new VirtualClock();
  const written: string[] = [];
  const state = { away: false, tries: 0 };
  const write = async (what: string): Promise<void> => {
    state.tries += 1;
    if (state.away) throw new Error('away');
    written.push(what);
  };
  const store = {
    begin: ({ id }: { id: string }) => write(`begin ${id}`),
    answered: (id: string) => write(`answered ${id}`),
    ended: (id: string, { seconds }: { seconds: number }) => write(`ended ${id} ${seconds}`),
  };
  const tracker = new CallTracker({ store, clock, log: silentLogger });
  return { clock, written, state, tracker };
}

describe('CallTracker', () => {
  it('writes in order, and keeps nothing of a call that is over', async () => {
    const { written, tracker, clock } = world();
    tracker.begin(LEG);
    tracker.answered(LEG.id);
    tracker.ended(LEG.id, OUTCOME);
    await settle();
    expect(written).toEqual(['begin leg-1', 'answered leg-1', 'ended leg-1 7']);
    expect(tracker.waiting).toBe(0);
    expect(clock.pending).toBe(0);
    expect(await tracker.close(1000)).toBe(0);
  });

  it('tries again, in order, while the database is away', async () => {
    const { written, tracker, clock, state } = world();
    state.away = true;
    tracker.begin(LEG);
    await settle();
    tracker.answered(LEG.id);
    tracker.ended(LEG.id, OUTCOME);
    await clock.advance(60_000);
    expect(written).toEqual([]);
    expect(tracker.waiting).toBe(3);
    state.away = false;
    await clock.advance(15_000);
    expect(written).toEqual(['begin leg-1', 'answered leg-1', 'ended leg-1 7']);
    expect(clock.pending).toBe(0);
  });

  it('gives up after a quarter of an hour, and what would follow is not tried', async () => {
    const { written, tracker, clock, state } = world();
    state.away = true;
    tracker.begin(LEG);
    await clock.advance(20 * 60_000);
    expect(clock.pending).toBe(0);
    const { tries } = state;
    state.away = false;
    tracker.answered(LEG.id);
    tracker.ended(LEG.id, OUTCOME);
    await settle();
    expect(state.tries).toBe(tries);
    expect(written).toEqual([]);
  });

  it('says when it closes what it could not write, and does not wait for ever', async () => {
    const { tracker, clock, state } = world();
    state.away = true;
    tracker.begin(LEG);
    await settle();
    const closed = tracker.close(5_000);
    await clock.advance(5_000);
    expect(await closed).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('is closed as soon as everything is written', async () => {
    const { tracker, clock, state, written } = world();
    state.away = true;
    tracker.begin(LEG);
    await settle();
    state.away = false;
    const closed = tracker.close(5_000);
    await settle();
    expect(await closed).toBe(0);
    expect(written).toEqual(['begin leg-1']);
    expect(clock.pending).toBe(0);
  });
});
