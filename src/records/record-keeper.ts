import type { Call, CallObserverEvents } from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Emitter } from '../kernel/emitter.ts';
import type { Logger } from '../kernel/logger.ts';
import { maskNumbersIn } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import { LEG_EVENTS } from './event-names.ts';
import { emptyRecord, type OpenRecord } from './open-record.ts';
import type { LegRecord, RecordingRecord, RecordStore } from './ports.ts';
import { conclude, describeScriptError } from './reason.ts';
import { refusedRecord } from './refused-record.ts';
import type { SessionEvents } from './session-events.ts';
import { WRITE_LIMITS, WriteBehind, type WriteBehindLimits } from './write-behind.ts';

export interface RecordKeeperOptions {
  readonly store: RecordStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Name of this node; `recover` closes what it left open when it died. */
  readonly node: string;
  readonly limits?: WriteBehindLimits;
}

/** A session that has ended waits this long for legs and recordings that have not, then its record is closed anyway. */
const LINGER_MS = 35_000;
/** Legs of a session that never started are concluded after this time. */
const NEVER_STARTED_MS = 10_000;

/**
 * Keeps one record per scenario session and per refused call, from the events of calls and sessions. Nothing here
 * waits for the database: see `write-behind.ts`. A record is closed when its session, its legs and its recordings
 * have all ended, in whichever order.
 */
export class RecordKeeper {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #node: string;
  readonly #writer: WriteBehind;
  readonly #open = new Map<string, OpenRecord>();
  readonly #unwatch: (() => void)[] = [];

  constructor(options: RecordKeeperOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log;
    this.#node = options.node;
    this.#writer = new WriteBehind(options.store, options.clock, options.log, options.limits ?? WRITE_LIMITS);
  }

  /** Records that are open, changes that are not written yet, and changes that were given up. For metrics. */
  get counts(): { readonly open: number; readonly waiting: number; readonly lost: number } {
    return { open: this.#open.size, waiting: this.#writer.waiting, lost: this.#writer.lost };
  }

  watchCalls(events: Emitter<CallObserverEvents>): void {
    this.#unwatch.push(
      events.on('created', ({ call, applicationId, sessionId }) =>
        this.#legCreated(call, applicationId, sessionId),
      ),
      events.on('event', (told) => this.#legEvent(told)),
      events.on('ended', (told) => this.#legEnded(told)),
      events.on('refused', (told) => this.#refused(told)),
    );
  }

  watchSessions(events: Emitter<SessionEvents>): void {
    this.#unwatch.push(
      events.on('started', (told) => this.#sessionStarted(told)),
      events.on('log', ({ sessionId, level, message }) => {
        const open = this.#open.get(sessionId);
        if (open !== undefined) this.#event(open, 'session.log', { level, message: maskNumbersIn(message) });
      }),
      events.on('ended', (told) => this.#sessionEnded(told)),
    );
  }

  /** Told by `recordings.ts`. */
  recordingChanged(recording: RecordingRecord): void {
    this.#writer.add({ kind: 'recording', recording });
    const open = this.#open.get(recording.sessionId);
    if (open === undefined) return;
    const { recordingId, status, seconds, callId } = recording;
    if (status === 'recording') {
      open.recordings.add(recordingId);
      this.#event(open, 'recording.started', { recordingId }, callId);
      return;
    }
    open.recordings.delete(recordingId);
    this.#event(
      open,
      status === 'complete' ? 'recording.stopped' : 'recording.failed',
      { recordingId, seconds },
      callId,
    );
    this.#closeIfOver(open);
  }

  /**
   * Closes what is still open with the reason `node stopped` and writes everything; at most `ms`. Resolves with the
   * number of changes that could not be written.
   */
  async close(ms: number): Promise<number> {
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
    for (const open of [...this.#open.values()]) {
      open.session ??= { reason: 'node stopped', error: undefined };
      for (const leg of [...open.legs.values()]) this.#endWithNode(open, leg);
      this.#close(open, 'node stopped');
    }
    return await this.#writer.close(ms);
  }

  #recordOf(sessionId: string): OpenRecord {
    let open = this.#open.get(sessionId);
    if (open === undefined) {
      open = {
        record: emptyRecord(sessionId, this.#node, this.#clock.now()),
        position: 0,
        legs: new Map(),
        ended: [],
        recordings: new Set(),
        started: false,
        session: undefined,
        timer: undefined,
      };
      this.#open.set(sessionId, open);
    }
    return open;
  }

  #sessionStarted(told: SessionEvents['started']): void {
    const open = this.#recordOf(told.sessionId);
    open.started = true;
    this.#clock.clearTimeout(open.timer);
    const { applicationId, ruleName, scenario } = told;
    open.record = { ...open.record, applicationId, ruleName, scenario };
    this.#writer.add({ kind: 'open', record: open.record });
    this.#event(open, 'session.started', { scenario, inbound: told.inbound });
  }

  #sessionEnded(told: SessionEvents['ended']): void {
    const open = this.#open.get(told.sessionId);
    if (open === undefined) return;
    open.session = { reason: told.reason, error: told.error };
    const error = told.error === undefined ? {} : { error: describeScriptError(told.error) };
    this.#event(open, 'session.ended', { reason: maskNumbersIn(told.reason), ...error });
    this.#closeIfOver(open);
    if (this.#open.has(told.sessionId)) this.#arm(open, LINGER_MS);
  }

  #legCreated(call: Call, applicationId: string, sessionId: string): void {
    const open = this.#recordOf(sessionId);
    if (!open.started) {
      open.record = { ...open.record, applicationId };
      this.#clock.clearTimeout(open.timer);
      this.#writer.add({ kind: 'open', record: open.record });
    }
    this.#setLeg(open, {
      callId: call.id,
      incoming: call.incoming,
      callerid: call.callerid,
      number: call.number,
      ...(call.maskingSessionId === undefined ? {} : { maskingSessionId: call.maskingSessionId }),
      startedAt: this.#clock.now(),
      ringingAt: undefined,
      answeredAt: undefined,
      endedAt: undefined,
      durationSeconds: 0,
      code: undefined,
      reason: undefined,
      endedBy: undefined,
      media: undefined,
    });
    this.#event(open, 'leg.created', { incoming: call.incoming }, call.id);
  }

  #legEvent(told: CallObserverEvents['event']): void {
    const open = this.#open.get(told.sessionId);
    const form = LEG_EVENTS[told.name];
    if (open === undefined || form === undefined) return;
    const leg = open.legs.get(told.call.id);
    const now = this.#clock.now();
    // Ringing is written with the next change of the leg: its event has the time already.
    if (leg !== undefined && told.name === 'ringing' && leg.ringingAt === undefined) {
      open.legs.set(leg.callId, { ...leg, ringingAt: now });
    }
    if (leg !== undefined && told.name === 'connected') this.#setLeg(open, { ...leg, answeredAt: now });
    this.#event(open, form.name, form.detail(told.detail), told.call.id);
  }

  #legEnded(told: CallObserverEvents['ended']): void {
    const open = this.#open.get(told.sessionId);
    const leg = open?.legs.get(told.call.id);
    if (open === undefined || leg === undefined) return;
    const { end } = told;
    const ended: LegRecord = {
      ...leg,
      endedAt: this.#clock.now(),
      durationSeconds: end.durationSeconds,
      code: end.code,
      reason: maskNumbersIn(end.reason),
      endedBy: end.by,
      media: end.media === undefined ? undefined : numbersOf(end.media),
    };
    this.#writer.add({ kind: 'leg', sessionId: told.sessionId, leg: ended });
    open.legs.delete(leg.callId);
    open.ended.push(ended);
    const { code, by } = end;
    const name = leg.answeredAt === undefined ? 'leg.failed' : 'leg.disconnected';
    this.#event(open, name, { code, by, reason: ended.reason }, leg.callId);
    this.#closeIfOver(open);
    if (!open.started && open.legs.size === 0) this.#arm(open, NEVER_STARTED_MS);
  }

  /** The end of a leg that its peer lets us wait for longer than the node lives; SIP ends it in a moment, the same way. */
  #endWithNode(open: OpenRecord, leg: LegRecord): void {
    const now = this.#clock.now();
    this.#setLeg(open, {
      ...leg,
      endedAt: now,
      durationSeconds: leg.answeredAt === undefined ? 0 : (now - leg.answeredAt) / 1000,
      code: leg.answeredAt === undefined ? 487 : 200,
      reason: 'node stopped',
      endedBy: 'local',
    });
  }

  #refused(told: CallObserverEvents['refused']): void {
    for (const change of refusedRecord(told, this.#random, this.#node, this.#clock.now()))
      this.#writer.add(change);
  }

  #setLeg(open: OpenRecord, leg: LegRecord): void {
    open.legs.set(leg.callId, leg);
    this.#writer.add({ kind: 'leg', sessionId: open.record.id, leg });
  }

  #event(open: OpenRecord, name: string, detail: Readonly<Record<string, unknown>>, callId?: string): void {
    if (!this.#writer.takesEvents) {
      this.#writer.noteLost('event');
      return;
    }
    const position = ++open.position;
    const at = this.#clock.now();
    this.#writer.add({
      kind: 'event',
      event: { sessionId: open.record.id, position, at, callId, name, detail },
    });
  }

  #arm(open: OpenRecord, ms: number): void {
    this.#clock.clearTimeout(open.timer);
    open.timer = this.#clock.setTimeout(() => {
      if (open.legs.size > 0 || open.recordings.size > 0) {
        this.#log.warn(
          { session: open.record.id },
          'a call record is closed with legs or recordings that go on',
        );
      }
      this.#close(open, undefined);
    }, ms);
  }

  #closeIfOver(open: OpenRecord): void {
    if (open.session === undefined || open.legs.size > 0 || open.recordings.size > 0) return;
    this.#close(open, undefined);
  }

  #close(open: OpenRecord, stopped: string | undefined): void {
    this.#clock.clearTimeout(open.timer);
    const { id } = open.record;
    if (!this.#open.delete(id)) return;
    const told = conclude(open.ended, open.session);
    this.#writer.add({
      kind: 'close',
      id,
      status: stopped === undefined ? told.status : 'failed',
      endedAt: this.#clock.now(),
      reason: stopped ?? told.reason,
      error: told.error,
    });
  }
}

/** The numeric figures of what the media engine reported. */
function numbersOf(stats: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(stats).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
