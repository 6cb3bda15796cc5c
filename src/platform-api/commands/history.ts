import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { CallRecord, LegRecord, RecordingRecord } from '../../records/ports.ts';
import { type Context, command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import { applicationParams, findApplication, fullName, numbersOf, visibleApplications } from '../objects.ts';
import {
  flag,
  forbidden,
  ids,
  ignored,
  integer,
  line,
  list,
  MAX_COUNT,
  otherwise,
  paging,
  required,
  time,
  timeZone,
} from '../params.ts';
import type { TranscriptStatus } from '../ports.ts';
import { readTime, writeTime } from '../time.ts';

/** As voximplant.com/docs/references/httpapi/structure/recordtype has them; it has none for what failed. */
const TRANSCRIPTION = { waiting: 'In progress', complete: 'Complete', failed: 'Not required' } as const;
const noReports = forbidden('reports are not made in the background', ['false', '0', 'json']);

export const history = [
  command({
    name: 'GetCallHistory',
    summary: 'Sessions, with their calls and recordings when asked for.',
    scope: 'calls:read',
    page: 'history',
    missing:
      'nothing of costs and other resources; no search by custom data or user; no reports in the background',
    params: {
      from_date: required(time()),
      to_date: required(time()),
      timezone: otherwise(timeZone(), 'UTC'),
      call_session_history_id: ids(150),
      ...applicationParams,
      rule_name: line({ code: 156 }),
      remote_number: list(121),
      local_number: list(121),
      min_duration: integer(),
      max_duration: integer(),
      with_calls: otherwise(flag(), false),
      with_records: otherwise(flag(), false),
      with_other_resources: ignored('there are no costs'),
      with_total_count: otherwise(flag(), true),
      desc_order: otherwise(flag(), false),
      ...paging,
      user_id: forbidden('a session is nobody’s'),
      call_session_history_custom_data: forbidden('custom data is not kept'),
      remote_number_list: forbidden('use remote_number'),
      child_account_id: forbidden('there are no child accounts'),
      children_calls_only: forbidden('there are no child accounts', ['false', '0']),
      is_async: noReports,
      output: noReports,
      with_header: ignored('only with reports'),
    },
    run: async (context, args) => {
      const zone = args.timezone;
      const [from, to] = [readTime(args.from_date, zone), readTime(args.to_date, zone)];
      if (from === undefined || to === undefined) throw new PlatformError(111);
      if (to < from) throw new PlatformError(123);
      const application = await findApplication(context, args);
      const { items, total } = await context.history.search(
        {
          from,
          // The second that was asked for is part of it.
          to: to + 999,
          applicationId: application?.id ?? context.key.applicationId,
          sessionIds: await sessionIds(context, args.call_session_history_id),
          ruleName: args.rule_name,
          minDuration: args.min_duration,
          maxDuration: args.max_duration,
          remoteNumbers: numbers(context, args.remote_number),
          localNumbers: numbers(context, args.local_number),
          newestFirst: args.desc_order,
          limit: Math.min(args.count, MAX_COUNT),
          offset: args.offset,
        },
        args.with_total_count,
      );
      return {
        result: await views(context, items, args, zone),
        ...(total === undefined ? {} : { total_count: total }),
        count: items.length,
        timezone: zone,
      };
    },
  }),
];

async function sessionIds(context: Context, asked: 'all' | readonly number[] | undefined) {
  if (asked === undefined || asked === 'all') return undefined;
  return [...(await context.ids.refs('session', asked)).values()];
}

/** Searching by a number tells whether it called: a key that may not see numbers may not ask that either. */
function numbers(context: Context, given: readonly string[] | undefined): PhoneNumber[] | undefined {
  if (given === undefined) return undefined;
  if (!context.key.scopes.includes('numbers:read')) {
    throw new PlatformError(104, { detail: 'searching by a number needs the scope numbers:read' });
  }
  // A name of an account is no number, and may be searched for, too.
  return given.map((one) => PhoneNumber.parse(/^\d{7,}$/.test(one) ? `+${one}` : one));
}

async function views(
  context: Context,
  records: readonly CallRecord[],
  asked: { readonly with_calls: boolean; readonly with_records: boolean },
  zone: string,
) {
  const applications = new Map((await visibleApplications(context)).map((one) => [one.id, one.name]));
  const legs = asked.with_calls ? records.flatMap((one) => one.legs.map((leg) => leg.callId)) : [];
  const files = asked.with_records ? records.flatMap((one) => one.recordings) : [];
  const [session, application, call, record, transcripts] = await Promise.all([
    numbersOf(
      context,
      'session',
      records.map((one) => one.id),
    ),
    numbersOf(
      context,
      'application',
      records.flatMap((one) => one.applicationId ?? []),
    ),
    numbersOf(context, 'call', legs),
    numbersOf(
      context,
      'record',
      files.map((one) => one.recordingId),
    ),
    context.history.transcripts(files.map((one) => one.recordingId)),
  ]);
  return records.map((one) => {
    const name = one.applicationId === undefined ? undefined : applications.get(one.applicationId);
    return {
      call_session_history_id: session(one.id),
      account_id: context.account.id,
      ...(one.applicationId === undefined ? {} : { application_id: application(one.applicationId) }),
      ...(name === undefined ? {} : { application_name: fullName(context, name) }),
      rule_name: context.views.text(one.ruleName ?? ''),
      start_date: writeTime(one.startedAt, zone),
      ...(one.endedAt === undefined ? {} : { duration: seconds(one.endedAt - one.startedAt) }),
      ...(one.status === 'in-progress' ? {} : { finish_reason: finishReason(one) }),
      audio_quality: 'Standard',
      log_file_url: `${context.publicUrl()}/v1/calls/${one.id}/events`,
      ...(asked.with_calls ? { calls: one.legs.map((leg) => callView(context, one, leg, call, zone)) } : {}),
      ...(asked.with_records
        ? {
            records: one.recordings.map((file) =>
              recordView(context, file, record, zone, transcripts.get(file.recordingId)),
            ),
          }
        : {}),
    };
  });
}

function callView(
  context: Context,
  session: CallRecord,
  leg: LegRecord,
  number: (ref: string) => number,
  zone: string,
) {
  const [local, remote] = leg.incoming ? [leg.number, leg.callerid] : [leg.callerid, leg.number];
  const file = session.recordings.find((one) => one.callId === leg.callId);
  return {
    call_id: number(leg.callId),
    start_time: writeTime(leg.startedAt, zone),
    ...(leg.endedAt === undefined ? {} : { duration: Math.ceil(leg.durationSeconds) }),
    local_number: bare(context.views.number(local)),
    remote_number: bare(context.views.number(remote)),
    remote_number_type: remote.isE164 ? 'pstn' : 'user',
    incoming: leg.incoming,
    successful: leg.answeredAt !== undefined,
    ...(file === undefined ? {} : { record_url: recordUrl(context, file) }),
    ...(leg.code === undefined ? {} : { end_reason: `${leg.code}` }),
  };
}

function recordView(
  context: Context,
  file: RecordingRecord,
  number: (ref: string) => number,
  zone: string,
  transcript: TranscriptStatus | undefined,
) {
  return {
    record_id: number(file.recordingId),
    record_name: `${file.recordingId}.wav`,
    start_time: writeTime(file.startedAt, zone),
    ...(file.seconds === undefined ? {} : { duration: Math.ceil(file.seconds) }),
    record_url: recordUrl(context, file),
    ...(file.bytes === undefined ? {} : { file_size: file.bytes }),
    ...(transcript === undefined ? {} : { transcription_status: TRANSCRIPTION[transcript] }),
    ...(transcript !== 'complete'
      ? {}
      : { transcription_url: `${context.publicUrl()}/v1/recordings/${file.recordingId}/transcript` }),
  };
}

/** It takes the same keys and tokens as this API does. */
const recordUrl = (context: Context, file: RecordingRecord): string =>
  `${context.publicUrl()}/v1/recordings/${file.recordingId}/audio`;

const seconds = (ms: number): number => Math.ceil(ms / 1_000);

/** Numbers are written without the plus sign there. */
const bare = (number: string): string => number.replace(/^\+/, '');

/** Of the reasons that voximplant.com/docs/references/httpapi/structure/callsessioninfotype lists. */
function finishReason({ error, reason }: CallRecord): string {
  if (error !== undefined) return 'JS session error';
  return reason === 'node stopped' ? 'Terminated administratively' : 'Normal termination';
}
