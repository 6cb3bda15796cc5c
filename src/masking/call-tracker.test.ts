import { describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/kit/virtual-clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { CallTracker, type MaskedLeg, NotBegun } from './call-tracker.ts';

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
const NO_TERMS = async () => ({ attemptsPerHour: undefined });
const OUTCOME = { answered: true, seconds: 7, status: 200 };

/** A database that is away as long as it is told to be. */
function world() {
  const clock = new VirtualClock();
  const written: string[] = [];
  const state = { away: false, tries: 0, refusal: undefined as 'calls-used-up' | undefined };
  const write = async (what: string): Promise<void> => {
    state.tries += 1;
    if (state.away) throw new Error('away');
    written.push(what);
  };
  const store = {
    begin: async ({ id }: { id: string }, { over }: { over: readonly string[] }) => {
      await write(`begin ${id}${over.length === 0 ? '' : ` but for ${over.join()}`}`);
      return state.refusal;
    },
    answered: (id: string) => write(`answered ${id}`),
    ended: (id: string, { seconds }: { seconds: number }) => write(`ended ${id} ${seconds}`),
  };
  const tracker = new CallTracker({ store, clock, log: silentLogger });
  return { clock, written, state, tracker };
}

describe('CallTracker', () => {
  it('writes in order, and keeps nothing of a call that is over', async () => {
    const { written, tracker, clock } = world();
    void tracker.begin(LEG, NO_TERMS);
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
    expect(await tracker.begin(LEG, NO_TERMS)).toBeUndefined();
    state.away = true;
    tracker.answered(LEG.id);
    tracker.ended(LEG.id, OUTCOME);
    await clock.advance(60_000);
    expect(written).toEqual(['begin leg-1']);
    expect(tracker.waiting).toBe(2);
    state.away = false;
    await clock.advance(15_000);
    expect(written).toEqual(['begin leg-1', 'answered leg-1', 'ended leg-1 7']);
    expect(clock.pending).toBe(0);
  });

  it('begins a call when the database is back in time, and else not', async () => {
    const { written, tracker, clock, state } = world();
    state.away = true;
    const first = tracker.begin(LEG, NO_TERMS);
    await clock.advance(1_000);
    state.away = false;
    await clock.advance(2_000);
    expect(await first).toBeUndefined();

    state.away = true;
    const second = tracker.begin({ ...LEG, id: 'leg-2' }, NO_TERMS);
    const refused = expect(second).rejects.toBeInstanceOf(NotBegun);
    await clock.advance(5_000);
    await refused;
    tracker.ended('leg-2', { ...OUTCOME, answered: false });
    state.away = false;
    await clock.advance(15_000);
    // What an earlier try may have written is over by that; it is not begun a second time.
    expect(written).toEqual(['begin leg-1', 'ended leg-2 7']);
    expect(clock.pending).toBe(0);
  });

  it('[row 40] does not wait for ever for a database that says nothing at all', async () => {
    const { written, tracker, clock } = world();
    const refused = expect(tracker.begin(LEG, () => new Promise(() => {}))).rejects.toBeInstanceOf(NotBegun);
    await clock.advance(5_000);
    await refused;
    expect([written, clock.pending]).toEqual([[], 0]);
  });

  it('keeps nothing of a call that may not begin', async () => {
    const { written, tracker, clock, state } = world();
    state.refusal = 'calls-used-up';
    expect(await tracker.begin(LEG, NO_TERMS)).toBe('calls-used-up');
    tracker.ended(LEG.id, { ...OUTCOME, answered: false });
    await settle();
    expect(written).toEqual(['begin leg-1']);
    expect(tracker.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('says which calls of the session ended unanswered, as long as that is not written', async () => {
    const { written, tracker, clock, state } = world();
    await tracker.begin(LEG, NO_TERMS);
    await tracker.begin({ ...LEG, id: 'leg-2' }, NO_TERMS);
    await tracker.begin({ ...LEG, id: 'leg-3', sessionId: 'ms_2' }, NO_TERMS);
    state.away = true;
    tracker.answered('leg-2');
    for (const id of ['leg-1', 'leg-2', 'leg-3']) tracker.ended(id, { ...OUTCOME, answered: id === 'leg-2' });
    await settle();
    state.away = false;
    await tracker.begin({ ...LEG, id: 'leg-4' }, NO_TERMS);
    expect(written.at(-1)).toBe('begin leg-4 but for leg-1');
    await clock.advance(15_000);
    await tracker.begin({ ...LEG, id: 'leg-5' }, NO_TERMS);
    expect(written.at(-1)).toBe('begin leg-5');
  });

  it('gives up after a quarter of an hour, and what would follow is not tried', async () => {
    const { written, tracker, clock, state } = world();
    await tracker.begin(LEG, NO_TERMS);
    state.away = true;
    tracker.answered(LEG.id);
    await clock.advance(20 * 60_000);
    expect(clock.pending).toBe(0);
    const { tries } = state;
    state.away = false;
    tracker.ended(LEG.id, OUTCOME);
    await settle();
    expect(state.tries).toBe(tries);
    expect(written).toEqual(['begin leg-1']);
  });

  it('says when it closes what it could not write, and does not wait for ever', async () => {
    const { tracker, clock, state } = world();
    await tracker.begin(LEG, NO_TERMS);
    state.away = true;
    tracker.answered(LEG.id);
    await settle();
    const closed = tracker.close(5_000);
    await clock.advance(5_000);
    expect(await closed).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('begins no call any more when it is closed', async () => {
    const { tracker, clock, state, written } = world();
    state.away = true;
    const refused = expect(tracker.begin(LEG, NO_TERMS)).rejects.toBeInstanceOf(NotBegun);
    const closed = tracker.close(1_000);
    await clock.advance(1_000);
    await refused;
    expect(await closed).toBe(1);
    expect([written, clock.pending]).toEqual([[], 0]);
  });

  it('is closed as soon as everything is written', async () => {
    const { tracker, clock, state, written } = world();
    await tracker.begin(LEG, NO_TERMS);
    state.away = true;
    tracker.answered(LEG.id);
    await settle();
    state.away = false;
    const closed = tracker.close(5_000);
    await settle();
    expect(await closed).toBe(0);
    expect(written).toEqual(['begin leg-1', 'answered leg-1']);
    expect(clock.pending).toBe(0);
  });
});
