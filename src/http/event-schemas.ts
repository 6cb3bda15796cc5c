import { Type } from 'typebox';
import { EVENT_TYPES, type EventType } from '../events/types.ts';
import { HttpError } from './problems.ts';
import { ApplicationName, Instant } from './schemas.ts';

export const EventCursor = Type.String({
  pattern: '^[A-Za-z0-9_-]{1,256}$',
  description: '`cursor` of an event, of a page of events, or an `id` of the stream.',
});

const Types = Type.String({
  pattern: '^[a-z_.]{1,40}(,[a-z_.]{1,40}){0,29}$',
  description: 'Only events of these types, parted by commas. Default: all.',
});

const Subject = Type.String({
  pattern: '^[A-Za-z0-9._-]{1,64}$',
  description: 'Only events of this subject: the id of a masking session, or else of a call.',
});

/** What the log and its stream can be narrowed to. */
export const EventFilter = {
  application: Type.Optional(ApplicationName),
  subject: Type.Optional(Subject),
  types: Type.Optional(Types),
} as const;

/** @throws HttpError for one that there is not. */
export function readTypes(given: string | undefined): readonly EventType[] {
  const wanted = given === undefined ? [] : given.split(',');
  const known = EVENT_TYPES.filter((type) => wanted.includes(type));
  if (known.length < new Set(wanted).size) {
    const fields = [{ name: 'query/types', message: `must be of ${EVENT_TYPES.join(', ')}` }];
    throw new HttpError('request/invalid', undefined, { fields });
  }
  return known;
}

export const EventSchema = Type.Object({
  id: Type.String({ description: 'The same wherever the event is seen: log, stream, webhooks.' }),
  type: Type.String({ description: 'See docs/guide/events.md.' }),
  timestamp: Instant,
  application: Type.String({ description: 'Id of the application.' }),
  subject: Type.String({ description: 'What it is about, and within which it has its order.' }),
  position: Type.Integer({ description: 'Within the subject, from 1, without gaps.' }),
  data: Type.Object({}, { additionalProperties: true }),
});

export const ReadEventSchema = Type.Object({
  ...EventSchema.properties,
  cursor: Type.String({ description: 'Reading goes on behind this event from here.' }),
});

export const WebhookUrl = Type.String({
  maxLength: 2_000,
  // Credentials in a URL end up in logs; a signature says who sends.
  pattern: '^https?://[^\\s/?#@\\\\]+([/?][^\\s#\\\\]*)?$',
  description:
    'Where events are sent by POST: http or https, without credentials. Private addresses need the setting scenario.httpAllow.',
});

export const WebhookTypes = Type.Array(Type.Enum([...EVENT_TYPES]), {
  maxItems: 50,
  description: 'Only events of these types; empty: all.',
});

export const WebhookSchema = Type.Object({
  id: Type.String(),
  application: Type.String({ description: 'Id of the application whose events it gets.' }),
  url: Type.String(),
  types: Type.Array(Type.String(), { description: 'Empty: all.' }),
  enabled: Type.Boolean({
    description:
      'Off: nothing is sent, and nothing is kept for it; a replay brings what it has missed. 410 turns it off.',
  }),
  createdAt: Instant,
  failures: Type.Integer({ description: 'Attempts that failed one after the other, up to now.' }),
  pausedUntil: Type.Optional(Instant),
});

export const DeliverySchema = Type.Object({
  id: Type.String(),
  state: Type.String({ description: '`waiting`, `delivered` or `failed`: given up.' }),
  attempts: Type.Integer(),
  nextAt: Type.Optional(Instant),
  lastAttemptAt: Type.Optional(Instant),
  lastStatus: Type.Optional(Type.Integer({ description: 'HTTP status of the last answer.' })),
  lastError: Type.Optional(Type.String({ description: 'Why the last attempt failed, in words.' })),
  event: EventSchema,
});
