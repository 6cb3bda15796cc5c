import { Type } from 'typebox';
import { Instant, lineOfText } from './schemas.ts';

/** A year; whoever needs longer closes the session. */
export const MAX_TTL_SECONDS = 365 * 86_400;
/** Of a bulk request. A session takes some hundred bytes, and a body may have 1 MiB. */
export const MAX_BULK = 1_000;
const MAX_METADATA_KEYS = 20;
/** A day. */
const MAX_CALL_SECONDS = 86_400;

const CLOSED = { additionalProperties: false } as const;

export const SessionMode = Type.Enum(['axb', 'axyb', 'axn', 'axg', 'extension'], {
  description:
    '`axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are.',
});
export const SessionStatus = Type.Enum(['open', 'in-progress', 'closed']);

export const Language = Type.String({
  pattern: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$',
  maxLength: 35,
  description: 'BCP 47, such as `en-GB`.',
});

/** Read by `announcementOf`: `say` has a text, `play` a URL. The same form as in the routing policy and a backend's answers. */
export const Announcement = Type.Object(
  {
    kind: Type.Enum(['say', 'play']),
    text: Type.Optional(lineOfText(1, 2_000, '`say`: the words.')),
    language: Type.Optional(Language),
    url: Type.Optional(Type.String({ minLength: 8, maxLength: 2_000, description: '`play`: of a sound.' })),
  },
  { ...CLOSED, description: 'What somebody hears.' },
);

const Metadata = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$' }),
  Type.String({ maxLength: 2_000, pattern: '^[^\\u0000]*$' }),
  {
    ...CLOSED,
    maxProperties: MAX_METADATA_KEYS,
    description: 'Your own words: 20 at most, 4 kB together. Kept sealed.',
  },
);

const GivenNumber = Type.String({
  minLength: 3,
  maxLength: 64,
  description: 'Any spelling with the country code.',
});
const Role = lineOfText(1, 40, 'Your own word, such as `driver`.');
const Label = lineOfText(
  0,
  80,
  'How the spoken menu names this party’s order to others, such as `order 47`; fewer than five digits.',
);
const ExternalId = lineOfText(1, 128, 'Your own id of the order; one open session at most has it.');

const NewParty = Type.Object(
  {
    number: GivenNumber,
    role: Type.Optional(Role),
    label: Type.Optional(Label),
    announcement: Type.Optional(Announcement),
    extension: Type.Optional(
      Type.String({
        pattern: '^[0-9]{4,6}$',
        description: 'Mode `extension` only: the digits that reach this party; drawn when absent.',
      }),
    ),
  },
  CLOSED,
);

const NumberWish = Type.Object(
  {
    pool: Type.Optional(lineOfText(1, 64, 'Name of a pool; default: `default`.')),
    prefer: Type.Optional(
      Type.Enum(['sticky', 'avoid', 'any'], {
        description:
          '`sticky` (default): one on which these people have met before, if it is free. `avoid`: one that none of them has had.',
      }),
    ),
    region: Type.Optional(
      lineOfText(1, 64, 'A region of the pool’s numbers; `same`: that of the first party’s number.'),
    ),
    strict: Type.Optional(Type.Boolean({ description: 'No number outside the region. Default: false.' })),
    tags: Type.Optional(Type.Array(lineOfText(1, 64, 'A tag that the number has.'), { maxItems: 20 })),
    explicit: Type.Optional(GivenNumber),
  },
  { ...CLOSED, description: 'Which service number is wished.' },
);

const maxCalls = Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Answered calls.' });
const maxCallSeconds = Type.Integer({ minimum: 1, maximum: MAX_CALL_SECONDS });
const ringSeconds = Type.Integer({ minimum: 5, maximum: 180 });
const oneWayFrom = lineOfText(1, 40, 'Only parties of that role may call.');

/** As in a request that makes a session. */
const rules = {
  sliding: Type.Optional(
    Type.Boolean({ description: 'The time begins anew with every answered call. Default: false.' }),
  ),
  maxCalls: Type.Optional(maxCalls),
  maxCallSeconds: Type.Optional(maxCallSeconds),
  oneWayFrom: Type.Optional(oneWayFrom),
  ringSeconds: Type.Optional(ringSeconds),
  greeting: Type.Optional(Announcement),
  record: Type.Optional(Type.Boolean({ description: 'Default: false.' })),
  transcribe: Type.Optional(Type.Boolean({ description: 'Recordings are recognised. Default: false.' })),
  language: Type.Optional(Language),
};
const ttlSeconds = Type.Integer({
  minimum: 1,
  maximum: MAX_TTL_SECONDS,
  description: 'From now; absent: until it is closed.',
});

const newSession = {
  mode: Type.Optional(SessionMode),
  parties: Type.Array(NewParty, { minItems: 1, maxItems: 50 }),
  externalId: Type.Optional(ExternalId),
  ttlSeconds: Type.Optional(ttlSeconds),
  ...rules,
  number: Type.Optional(NumberWish),
  metadata: Type.Optional(Metadata),
};
const application = Type.Optional(lineOfText(1, 200, 'Id or name of an application.'));

export const NewSessionBody = Type.Object({ ...newSession, application }, CLOSED);
export const BulkBody = Type.Object(
  {
    sessions: Type.Array(Type.Object(newSession, CLOSED), { minItems: 1, maxItems: MAX_BULK }),
    application,
  },
  CLOSED,
);
export const BulkCloseBody = Type.Object(
  {
    ids: Type.Array(Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }), { minItems: 1, maxItems: MAX_BULK }),
  },
  CLOSED,
);

const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]));

/** `null` takes a rule away; what is absent stays. */
export const SessionChangeBody = Type.Object(
  {
    ...{ sliding: rules.sliding, record: rules.record, transcribe: rules.transcribe },
    ttlSeconds: orNull(ttlSeconds),
    maxCalls: orNull(maxCalls),
    maxCallSeconds: orNull(maxCallSeconds),
    oneWayFrom: orNull(oneWayFrom),
    ringSeconds: orNull(ringSeconds),
    greeting: orNull(Announcement),
    language: orNull(Language),
    metadata: Type.Optional(Metadata),
    extendSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_TTL_SECONDS, description: 'It ends so long from now.' }),
    ),
  },
  { ...CLOSED, minProperties: 1 },
);

export const PartyChangeBody = Type.Object(
  {
    number: Type.Optional(GivenNumber),
    role: Type.Optional(Role),
    label: Type.Optional(Label),
    announcement: orNull(Announcement),
  },
  { ...CLOSED, minProperties: 1 },
);

export const SessionSearchBody = Type.Object(
  {
    application,
    externalId: Type.Optional(ExternalId),
    status: Type.Optional(SessionStatus),
    person: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' })),
    number: Type.Optional(GivenNumber),
    cursor: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,256}$' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  },
  CLOSED,
);

const PersonToken = Type.String({
  description: 'Token of the person: the same in everything of this application.',
});

const PartyView = Type.Object({
  id: Type.String(),
  person: PersonToken,
  number: Type.Optional(
    Type.String({ description: 'E.164, for keys with the scope numbers:read only. Absent: erased.' }),
  ),
  role: Type.String(),
  label: Type.String(),
  announcement: Type.Optional(Announcement),
  serviceNumber: Type.Optional(
    Type.String({ description: 'What this party dials, and sees when it is called. E.164.' }),
  ),
  extension: Type.Optional(Type.String({ description: 'Typed after a service number, reaches this party.' })),
});

export const SessionView = Type.Object({
  id: Type.String(),
  application: Type.String({ description: 'Id of the application.' }),
  externalId: Type.Optional(Type.String()),
  mode: SessionMode,
  status: SessionStatus,
  closedReason: Type.Optional(
    Type.Enum(['asked', 'expired', 'calls-used-up', 'party-erased', 'number-removed']),
  ),
  parties: Type.Array(PartyView),
  ttlSeconds: Type.Optional(Type.Integer()),
  sliding: Type.Boolean(),
  maxCalls: Type.Optional(Type.Integer()),
  maxCallSeconds: Type.Optional(Type.Integer()),
  oneWayFrom: Type.Optional(Type.String()),
  ringSeconds: Type.Optional(Type.Integer()),
  greeting: Type.Optional(Announcement),
  record: Type.Boolean(),
  transcribe: Type.Boolean(),
  language: Type.Optional(Type.String()),
  metadata: Type.Object({}, { additionalProperties: Type.String() }),
  calls: Type.Integer({ description: 'Answered calls so far.' }),
  createdAt: Instant,
  expiresAt: Type.Optional(Instant),
  lastCallAt: Type.Optional(Instant),
  closedAt: Type.Optional(Instant),
});

export const BlockBody = Type.Object(
  {
    person: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'Token, or:' })),
    number: Type.Optional(GivenNumber),
    counterpart: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'Token of the other one, or:' }),
    ),
    counterpartNumber: Type.Optional(GivenNumber),
    direction: Type.Optional(
      Type.Enum(['from', 'to', 'both'], {
        description: '`from`: calls of that person are refused; `to`: calls to them. Default: `both`.',
      }),
    ),
    by: Type.Optional(
      Type.Enum(['application', 'party'], {
        description: '`party`: the person asked to be left alone. Default: `application`.',
      }),
    ),
    reason: Type.Optional(lineOfText(0, 200, 'For people.')),
    ttlSeconds: Type.Optional(ttlSeconds),
    application,
  },
  CLOSED,
);

export const BlockView = Type.Object({
  id: Type.String(),
  application: Type.String({ description: 'Id of the application.' }),
  person: PersonToken,
  counterpart: Type.Optional(Type.String({ description: 'Token; absent: everybody.' })),
  direction: Type.String(),
  by: Type.String(),
  reason: Type.String(),
  createdAt: Instant,
  expiresAt: Type.Optional(Instant),
});

export const PoolView = Type.Object({
  id: Type.String(),
  application: Type.String({ description: 'Id of the application.' }),
  name: Type.String(),
  coolOffSeconds: Type.Integer(),
  sharing: Type.Boolean(),
});

export const PoolBody = Type.Object(
  {
    coolOffSeconds: Type.Integer({
      minimum: 0,
      maximum: MAX_TTL_SECONDS,
      description: 'After a session, nobody of it meets anybody else on its number for so long.',
    }),
    sharing: Type.Optional(
      Type.Boolean({
        description:
          'Somebody may meet several others on one number at a time; the routing policy says what happens then. Default: false.',
      }),
    ),
  },
  CLOSED,
);

/** What `/v1/numbers` shows of a service number beyond what every number has. */
export const poolNumberFields = {
  pool: Type.Optional(Type.String({ description: 'Name of the pool; service numbers only.' })),
  country: Type.Optional(Type.String({ description: 'ISO 3166.' })),
  region: Type.Optional(Type.String()),
  tags: Type.Optional(Type.Array(Type.String())),
  status: Type.Optional(Type.String({ description: '`active`, or `quarantined`: given to no new session.' })),
  quarantineReason: Type.Optional(Type.String()),
  sessions: Type.Optional(Type.Integer({ description: 'Live masking sessions that have it.' })),
};

export const NumberChangeBody = Type.Object(
  {
    pool: Type.Optional(lineOfText(1, 64, 'Name of a pool of the application, or `default`.')),
    region: orNull(lineOfText(1, 64, 'Your own word for where it is; null takes it away.')),
    tags: Type.Optional(Type.Array(lineOfText(1, 64, 'Your own word.'), { maxItems: 20 })),
    label: Type.Optional(lineOfText(0, 200, 'For people.')),
    status: Type.Optional(Type.Enum(['active', 'quarantined'])),
    quarantineReason: Type.Optional(lineOfText(0, 200, 'For people.')),
  },
  { ...CLOSED, minProperties: 1 },
);
