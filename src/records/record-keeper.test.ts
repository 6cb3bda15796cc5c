import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DRIVER, PASSENGER, SERVICE } from '../../test/kit/call-records.ts';
import { MemoryRecords } from '../../test/kit/memory-records.ts';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import type { Call, CallEnd, CallObserverEvents } from '../call/types.ts';
import { Emitter } from '../kernel/emitter.ts';
import { silentLogger } from '../kernel/logger.ts';
import type { RecordChange } from './ports.ts';
import { RecordKeeper } from './record-keeper.ts';
import { Recordings } from './recordings.ts';
import type { SessionEvents } from './session-events.ts';

const sessionId = 'session-1';
const END: CallEnd = {
  code: 200,
  reason: 'hung up',
  by: 'remote',
  headers: {},
  durationSeconds: 4,
  media: undefined,
};
/** The keeper reads these of a call, the masking session if there is one, and nothing else. */
const inbound = { id: 'call-1', incoming: true, callerid: DRIVER, number: SERVICE } as Call;
const outbound = { id: 'call-2', incoming: false, callerid: SERVICE, number: PASSENGER } as Call;

describe('the record keeper', () => {
  let clock: VirtualClock;
  let store: MemoryRecords;
  let keeper: RecordKeeper;
  let calls: Emitter<CallObserverEvents>;
  let sessions: Emitter<SessionEvents>;

  beforeEach(() => {
    clock = new VirtualClock();
    store = new MemoryRecords();
    calls = new Emitter();
    sessions = new Emitter();
    keeper = new RecordKeeper({ store, clock, random: seededRandom(1), log: silentLogger, node: 'node-1' });
    keeper.watchCalls(calls);
    keeper.watchSessions(sessions);
  });
  afterEach(async () => {
    await keeper.close(1_000);
    expect(clock.pending).toBe(0);
    expect(keeper.counts).toEqual({ open: 0, waiting: 0, lost: 0 });
    expect(calls.listenerCount('created') + sessions.listenerCount('started')).toBe(0);
  });

  const started = (): void =>
    sessions.emit('started', {
      sessionId,
      applicationId: 'app',
      ruleName: 'all',
      scenario: 'taxi',
      inbound: true,
    });
  const created = (call: Call): void => calls.emit('created', { call, applicationId: 'app', sessionId });
  const happens = (
    call: Call,
    name: CallObserverEvents['event']['name'],
    detail: Record<string, unknown> = {},
  ): void => calls.emit('event', { call, sessionId, name, detail });
  const ended = (call: Call, end: Partial<CallEnd> = {}): void =>
    calls.emit('ended', { call, sessionId, end: { ...END, ...end } });
  const sessionEnds = (error?: SessionEvents['ended']['error']): void =>
    sessions.emit('ended', { sessionId, reason: 'terminated', error });
  const closing = (): Extract<RecordChange, { kind: 'close' }>[] =>
    store.changes.filter((change) => change.kind === 'close');
  const names = (): string[] =>
    store.changes.flatMap((change) => (change.kind === 'event' ? [change.event.name] : []));

  it('keeps a masked call from its first event to its close, in order', async () => {
    started();
    created(inbound);
    created(outbound);
    await clock.advance(1_000);
    happens(outbound, 'ringing');
    await clock.advance(2_000);
    happens(outbound, 'connected');
    happens(inbound, 'connected');
    await clock.advance(4_000);
    ended(outbound, { media: { packetsLost: 2, roundTripMs: undefined } as CallEnd['media'] });
    ended(inbound, { by: 'local' });
    sessionEnds();
    await clock.advance(20);
    expect(names()).toEqual([
      'session.started',
      'leg.created',
      'leg.created',
      'leg.ringing',
      'leg.connected',
      'leg.connected',
      'leg.disconnected',
      'leg.disconnected',
      'session.ended',
    ]);
    const events = store.changes.flatMap((change) =>
      change.kind === 'event' ? [change.event.position] : [],
    );
    expect(events).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const legs = store.changes.flatMap((change) => (change.kind === 'leg' ? [change.leg] : []));
    expect(legs.findLast((leg) => leg.callId === 'call-2')).toMatchObject({
      startedAt: clock.now() - 7_020,
      ringingAt: clock.now() - 6_020,
      answeredAt: clock.now() - 4_020,
      endedAt: clock.now() - 20,
      durationSeconds: 4,
      code: 200,
      endedBy: 'remote',
      media: { packetsLost: 2 },
    });
    expect(closing()).toEqual([
      {
        kind: 'close',
        id: sessionId,
        status: 'completed',
        endedAt: clock.now() - 20,
        reason: 'connected, the called party hung up',
        error: undefined,
      },
    ]);
  });

  it('[row 43] writes no number, typed digit, header or body into events', async () => {
    started();
    created(inbound);
    happens(inbound, 'digit', { digit: '7' });
    happens(inbound, 'info', {
      mimeType: 'text/plain',
      body: '+79123456789',
      headers: { 'X-To': '+79031112233' },
    });
    happens(inbound, 'connected', { headers: { 'X-Order': '79031112233' } });
    sessions.emit('log', { sessionId, level: 'info', message: 'calling +7 903 111-22-33' });
    sessions.emit('log', { sessionId, level: 'info', message: 'x'.repeat(3) });
    ended(inbound);
    sessionEnds({ message: 'Error: 79123456789', scenario: 'taxi', line: 3 });
    await clock.advance(20);
    const events = JSON.stringify(store.changes.filter((change) => change.kind === 'event'));
    expect(events).toContain('leg.digit');
    expect(events).toContain('text/plain');
    expect(events).not.toMatch(/9123456789|9031112233|903 111|"7"/);
    expect(closing()[0]?.error).toBe('Error: 79•••••••89 (taxi, line 3)');
  });

  it('opens the record with the first leg when that is told before the session', async () => {
    created(inbound);
    started();
    ended(inbound, { by: 'remote', code: 487 });
    sessionEnds();
    await clock.advance(20);
    const opens = store.changes.filter((change) => change.kind === 'open');
    expect(opens.map((change) => [change.record.applicationId, change.record.scenario])).toEqual([
      ['app', undefined],
      ['app', 'taxi'],
    ]);
    expect(store.changes[0]?.kind).toBe('open');
    expect(closing()[0]?.reason).toBe('caller hung up before answer');
  });

  it('closes once, when session, legs and recordings are all over', async () => {
    const recordings = new Recordings({
      folder: mkdtempSync(join(tmpdir(), 'maskline-recordings-')),
      publicUrl: 'https://example.net',
      keeper,
      clock,
      random: seededRandom(2),
    });
    started();
    created(inbound);
    const wish = { name: 'call to +79120000001', keepMonths: 1 };
    const place = recordings.begin({ sessionId, callId: inbound.id, channels: 2, ...wish });
    expect(place.url).toBe(`https://example.net/v1/recordings/${place.recordingId}/audio`);
    expect(place.path).toMatch(/\/2026\/01\/01\/session-1\/[0-9a-f-]{36}\.wav$/);
    expect(statSync(dirname(place.path)).mode & 0o777).toBe(0o700);
    sessionEnds();
    ended(inbound);
    await clock.advance(20);
    expect(closing()).toEqual([]);
    const outcome = {
      recordingId: place.recordingId,
      seconds: 3,
      bytes: 96_044,
      channels: 2,
      error: undefined,
    };
    recordings.finish(outcome);
    recordings.finish(outcome);
    await clock.advance(20);
    expect(closing()).toHaveLength(1);
    expect(recordings.running).toBe(0);
    const kept = store.changes.flatMap((change) => (change.kind === 'recording' ? [change.recording] : []));
    expect(kept[0]).toMatchObject({
      name: expect.stringMatching(/^call to \+7•+01$/) as string,
      keepUntil: Date.UTC(2026, 1, 1),
    });
    expect(names().filter((name) => name.startsWith('recording'))).toEqual([
      'recording.started',
      'recording.stopped',
    ]);
    rmSync(dirname(dirname(dirname(dirname(dirname(place.path))))), { recursive: true });
  });

  it('closes a record whose leg never ends, after a while', async () => {
    started();
    created(inbound);
    sessionEnds();
    await clock.advance(34_000);
    expect(closing()).toEqual([]);
    await clock.advance(2_000);
    expect(closing()).toHaveLength(1);
  });

  it('concludes legs whose session never started', async () => {
    created(inbound);
    ended(inbound, { by: 'local', code: 503 });
    await clock.advance(10_020);
    expect(closing()[0]).toMatchObject({ status: 'failed', reason: 'the scenario rejected the call (503)' });
  });

  it('keeps a refused call as a whole record', async () => {
    calls.emit('refused', {
      code: 404,
      reason: 'Not Found',
      caller: DRIVER,
      dialled: PASSENGER,
      error: 'number/unknown',
    });
    await clock.advance(20);
    const [open, event] = store.changes;
    expect(open).toMatchObject({
      kind: 'open',
      record: {
        status: 'refused',
        reason: 'unknown number',
        endedAt: clock.now() - 20,
        legs: [{ code: 404 }],
      },
    });
    expect(event).toMatchObject({ kind: 'event', event: { position: 1, name: 'call.refused' } });
  });

  it('closes what is open when the node stops', async () => {
    started();
    created(inbound);
    expect(await keeper.close(1_000)).toBe(0);
    expect(closing()).toMatchObject([{ status: 'failed', reason: 'node stopped' }]);
  });

  it('a leg that goes on when the node stops has its end in the record all the same', async () => {
    started();
    created(inbound);
    happens(inbound, 'connected');
    created(outbound);
    await clock.advance(4_000);
    const closed = keeper.close(1_000);
    await clock.advance(1_000);
    await closed;
    const last = new Map(
      store.changes.flatMap((change) => (change.kind === 'leg' ? [[change.leg.callId, change.leg]] : [])),
    );
    const end = { endedAt: clock.now() - 1_000, endedBy: 'local', reason: 'node stopped' };
    expect(last.get('call-1')).toMatchObject({ ...end, code: 200, durationSeconds: 4 });
    expect(last.get('call-2')).toMatchObject({ ...end, code: 487, durationSeconds: 0 });
  });
});
