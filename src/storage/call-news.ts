import { type Kysely, sql } from 'kysely';
import type { EventType, NewEvent } from '../events/types.ts';
import type { Random } from '../kernel/random.ts';
import type { LegRecord, RecordChange, RecordingRecord } from '../records/ports.ts';
import { appendEvents } from './append-events.ts';
import { eventIdOf } from './event-id.ts';
import type { Schema } from './schema.ts';

/** Something that outsiders are told of a call, before it is known whose it is. */
export interface News {
  readonly id: string;
  readonly type: EventType;
  readonly at: number;
  /** The call record: the scenario session. */
  readonly sessionId: string;
  /** The leg; undefined: the call had none. */
  readonly callId: string | undefined;
  /** The masking session for which the leg was dialled, where that is known from the call itself. */
  readonly maskingSessionId?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * What a batch of changes tells. Every state of a leg implies those before it, so a change that was lost for want of room is
 * made up for by the next one; ids come from what is told, so that a batch which is applied twice tells it once.
 */
export function newsOf(changes: readonly RecordChange[]): readonly News[] {
  const news: News[] = [];
  for (const change of changes) {
    if (change.kind === 'leg') news.push(...newsOfLeg(change.sessionId, change.leg));
    else if (change.kind === 'recording') news.push(...newsOfRecording(change.recording));
    else if (change.kind === 'open') {
      const { id, legs, status } = change.record;
      for (const leg of legs) news.push(...(status === 'refused' ? [refusal(id, leg)] : newsOfLeg(id, leg)));
    }
  }
  return [...new Map(news.map((one) => [one.id, one])).values()];
}

/** Stands for the leg in the ids of its events, and says later which subject it has. */
export const startOf = (callId: string): string => eventIdOf('call.started', callId);

function newsOfLeg(sessionId: string, leg: LegRecord): News[] {
  const { callId, startedAt, answeredAt, endedAt, maskingSessionId } = leg;
  const base = { sessionId, callId, maskingSessionId };
  const data = { sessionId, callId, direction: leg.incoming ? 'inbound' : 'outbound' };
  const news: News[] = [{ ...base, id: startOf(callId), type: 'call.started', at: startedAt, data }];
  if (answeredAt !== undefined) {
    news.push({
      ...base,
      id: eventIdOf('call.answered', callId),
      type: 'call.answered',
      at: answeredAt,
      data,
    });
  }
  if (endedAt !== undefined) {
    const end = {
      answered: answeredAt !== undefined,
      seconds: toMilliseconds(leg.durationSeconds),
      ...(leg.code === undefined ? {} : { status: leg.code }),
      ...(leg.endedBy === undefined ? {} : { endedBy: leg.endedBy }),
    };
    news.push({
      ...{ ...base, id: eventIdOf('call.ended', callId), type: 'call.ended', at: endedAt },
      data: { ...data, ...end },
    });
  }
  return news;
}

/** Seconds with three decimals: what a clock says beyond that is noise. */
const toMilliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000;

function refusal(sessionId: string, { callId, startedAt, code }: LegRecord): News {
  const data = { sessionId, callId, direction: 'inbound', ...(code === undefined ? {} : { status: code }) };
  return {
    id: eventIdOf('call.refused', callId),
    type: 'call.refused',
    at: startedAt,
    sessionId,
    callId,
    data,
  };
}

function newsOfRecording(recording: RecordingRecord): News[] {
  const { recordingId, sessionId, callId, status, seconds, bytes, channels, startedAt } = recording;
  if (status === 'recording') return [];
  return [
    {
      id: eventIdOf('recording.completed', recordingId),
      type: 'recording.completed',
      at: startedAt + Math.round((seconds ?? 0) * 1000),
      sessionId,
      callId,
      data: {
        ...{ sessionId, callId, recordingId, status, channels },
        ...(seconds === undefined ? {} : { seconds: toMilliseconds(seconds) }),
        ...(bytes === undefined ? {} : { bytes }),
      },
    },
  ];
}

interface Whose {
  readonly ord: number;
  readonly application_id: string;
  readonly told_as: string | null;
  readonly masking_session: string | null;
  /** Of the leg itself: it was called for that masking session. */
  readonly leg_session: string | null;
  readonly caller: string | null;
  readonly callee: string | null;
}

/**
 * Appends news in the transaction in which the records were written. All events of a leg stand under one subject, the one
 * that its first event has: the masking session if the leg was called for one, else the scenario session, for a caller's leg
 * begins before it is known whom the caller means. Recordings and transcripts go to the masking session, if there is one.
 *
 * @param options.alone nobody else can write to the database meanwhile.
 * @returns the ids of what is in the log now; what belongs to no application is not.
 */
export async function appendNews(
  trx: Kysely<Schema>,
  random: Random,
  news: readonly News[],
  options: { readonly alone?: boolean } = {},
): Promise<readonly string[]> {
  if (news.length === 0) return [];
  const questions = news.map(({ callId, sessionId }, ord) => ({
    ...{ ord, session: sessionId },
    ...(callId === undefined ? {} : { leg: callId, start: startOf(callId) }),
  }));
  const { rows } = await sql<Whose>`
    select n.ord, r.application_id, e.subject as told_as, coalesce(leg.session_id, latest.session_id) as masking_session,
           leg.session_id as leg_session, leg.caller, leg.callee
      from jsonb_to_recordset(${JSON.stringify(questions)}::jsonb) as n (ord int, session text, leg text, start text)
      join call_records r on r.id = n.session and r.application_id is not null
      left join events e on e.id = n.start
      left join masking_calls leg on leg.id = n.leg
      left join lateral (
        select m.session_id from masking_calls m
         where m.scenario_session_id = n.session and m.session_id is not null
         order by m.started_at desc limit 1) latest on true
     order by n.ord`.execute(trx);
  const subjects = new Map<string, string>();
  const events = rows.map((whose) => eventOf(news[whose.ord] as News, whose, subjects));
  const written = await appendEvents(trx, random, events, { fresh: options.alone === true });
  return written.map(({ id }) => id);
}

/** @param subjects of legs that begin in this very batch. */
function eventOf(news: News, whose: Whose, subjects: Map<string, string>): NewEvent {
  const { id, type, at, sessionId, callId, data } = news;
  // The row of the masked call may be written later than the leg.
  const own = news.maskingSessionId ?? whose.leg_session;
  const masking = own ?? whose.masking_session ?? undefined;
  const isOfLeg = type.startsWith('call.');
  const first = (callId === undefined ? undefined : subjects.get(callId)) ?? whose.told_as ?? undefined;
  // A caller's leg is not the session's, however late its beginning is written.
  const subject = (isOfLeg ? (first ?? own) : (masking ?? first)) ?? sessionId;
  if (isOfLeg && callId !== undefined) subjects.set(callId, subject);
  return {
    ...{ id, type, at, subject, applicationId: whose.application_id },
    data: {
      ...data,
      ...(masking === undefined ? {} : { maskingSessionId: masking }),
      ...(whose.caller === null ? {} : { caller: whose.caller }),
      ...(whose.callee === null ? {} : { callee: whose.callee }),
    },
  };
}
