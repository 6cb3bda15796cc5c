import { type Static, type TSchema, Type } from 'typebox';
import { SCOPES } from './ports.ts';

/** Ids and cursors. Closed lists of characters, so that nothing odd (NUL, for one) reaches a query. */
export const IdParams = Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }) });

const Cursor = Type.String({
  pattern: '^[A-Za-z0-9_-]{1,256}$',
  description: '`next` of the page before; leave it out to begin.',
});

export const PageQuery = Type.Object(
  {
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  },
  { additionalProperties: false },
);

/** No control characters; PostgreSQL cannot keep NUL. */
export const lineOfText = (minLength: number, maxLength: number, description: string) =>
  Type.String({ minLength, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$', description });

export const ApplicationName = lineOfText(1, 200, 'Id or name of an application.');

export const ApplicationQuery = Type.Object(
  { application: Type.Optional(ApplicationName) },
  { additionalProperties: false },
);

export const Instant = Type.String({ format: 'date-time', description: 'UTC.' });

export const PhoneText = Type.String({
  description: 'E.164 for keys with the scope numbers:read; masked, such as +7•••••••89, for others.',
});

/** A page of a list. */
export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({
    items: Type.Array(item),
    next: Type.Optional(Type.String({ description: 'Cursor of the next page; absent at the end.' })),
  });

/** A list that is never long. */
export const listOf = <T extends TSchema>(item: T) => Type.Object({ items: Type.Array(item) });

export const ScopeSchema = Type.Enum([...SCOPES]);

export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Names the failure; see docs/reference/http.md.' }),
    detail: Type.String({ description: 'What happened, for people.' }),
    hint: Type.String({ description: 'What to do.' }),
    retryable: Type.Boolean({
      description: 'Whether the same request may be sent again without doing it twice.',
    }),
    requestId: Type.String({ description: 'Stands in the log of the node.' }),
    fields: Type.Optional(Type.Array(Type.Object({ name: Type.String(), message: Type.String() }))),
  },
  { $id: 'Problem', description: 'A problem document (RFC 9457).' },
);

export const RecordingSchema = Type.Object({
  recordingId: Type.String(),
  sessionId: Type.String({ description: 'The id of the call record.' }),
  callId: Type.String({ description: 'The leg that was recorded.' }),
  status: Type.String({
    description: '`recording`, `complete`, or `partial`: it was cut off, and plays up to there.',
  }),
  path: Type.String({ description: 'Within the recordings folder.' }),
  url: Type.String({ description: 'Where the audio is.' }),
  channels: Type.Integer(),
  startedAt: Instant,
  seconds: Type.Optional(Type.Number()),
  bytes: Type.Optional(Type.Integer()),
  error: Type.Optional(Type.String()),
  name: Type.Optional(Type.String({ description: 'What the scenario calls it.' })),
  keepUntil: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'Until when the scenario wants it kept (`expire`). Nothing here takes recordings away.',
    }),
  ),
});

export const LegSchema = Type.Object({
  callId: Type.String(),
  direction: Type.String({ description: '`inbound` or `outbound`.' }),
  callerid: Type.String({ description: 'Inbound: who called. Outbound: the number that was shown.' }),
  number: Type.String({ description: 'Inbound: the dialled number. Outbound: who was called.' }),
  startedAt: Instant,
  ringingAt: Type.Optional(Instant),
  answeredAt: Type.Optional(Instant),
  endedAt: Type.Optional(Instant),
  durationSeconds: Type.Number({ description: 'From answer to end.' }),
  code: Type.Optional(Type.Integer({ description: 'SIP status of the end.' })),
  reason: Type.Optional(Type.String()),
  endedBy: Type.Optional(Type.String({ description: '`local`, `remote` or `fault`.' })),
  media: Type.Optional(
    Type.Object({}, { additionalProperties: true, description: 'Packets, loss, jitter, as measured.' }),
  ),
});

export const CallSchema = Type.Object({
  id: Type.String(),
  node: Type.String(),
  application: Type.Optional(Type.String({ description: 'Id of the application.' })),
  rule: Type.Optional(Type.String()),
  scenario: Type.Optional(Type.String()),
  status: Type.String({ description: '`in-progress`, `completed`, `failed` or `refused`.' }),
  startedAt: Instant,
  endedAt: Type.Optional(Instant),
  reason: Type.Optional(Type.String({ description: 'Why it ended, in words.' })),
  error: Type.Optional(Type.String({ description: "The script's error with its line." })),
  legs: Type.Array(LegSchema),
  recordings: Type.Array(RecordingSchema),
});

export const CallEventSchema = Type.Object({
  position: Type.Integer({ description: 'Within the call, from 1, without gaps.' }),
  at: Instant,
  callId: Type.Optional(Type.String()),
  name: Type.String(),
  detail: Type.Object({}, { additionalProperties: true }),
});

export type CallView = Static<typeof CallSchema>;
export type LegView = Static<typeof LegSchema>;
export type RecordingView = Static<typeof RecordingSchema>;
export type CallEventView = Static<typeof CallEventSchema>;
