/** The routing policy and what it comes to for a call. `masking/policy.ts` reads the document; this is its form for clients. */
import { Type } from 'typebox';
import type { RoutingPolicy } from '../masking/types.ts';
import { Announcement, Language } from './masking-schemas.ts';
import { lineOfText } from './schemas.ts';

const AMBIGUITY_OPTIONS: RoutingPolicy['ambiguous'][number][] = [
  'most-recent',
  'menu',
  'extension',
  'pull',
  'operator',
];

const CLOSED = { additionalProperties: false } as const;

const Account = lineOfText(1, 100, 'A SIP account.');
const Url = Type.String({
  minLength: 8,
  maxLength: 2_000,
  description: 'http or https, without a password.',
});
const timeoutMs = Type.Optional(
  Type.Integer({ minimum: 100, maximum: 10_000, description: 'Milliseconds.' }),
);
const seconds = (description: string, maximum: number, minimum = 0) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));
const DAY = 86_400;

const UnknownCaller = Type.Object(
  {
    kind: Type.Enum(['announce', 'operator', 'call-back', 'reject']),
    user: Type.Optional(Account),
    announcement: Type.Optional(Announcement),
  },
  CLOSED,
);

/** What is left out is as the defaults are; the answer has everything that is set. */
export const PolicySchema = Type.Object(
  {
    ambiguous: Type.Optional(
      Type.Array(Type.Enum(AMBIGUITY_OPTIONS), {
        maxItems: AMBIGUITY_OPTIONS.length,
        description: 'When a caller could mean several sessions: what is tried, in order.',
      }),
    ),
    mostRecentSeconds: seconds('`most-recent` decides only within so long of the last call.', 30 * DAY, 1),
    menuEntries: Type.Optional(
      Type.Integer({ minimum: 2, maximum: 9, description: 'Orders that the spoken menu names at most.' }),
    ),
    pull: Type.Optional(
      Type.Object(
        {
          url: Url,
          timeoutMs,
          freshSeconds: seconds('So long an answer is used without asking again.', DAY),
          staleSeconds: seconds(
            'After that, for so long, it is used and asked again behind the call.',
            30 * DAY,
          ),
          downSeconds: seconds('So old an answer may be when the backend is down.', 30 * DAY),
          numbers: Type.Optional(
            Type.Boolean({ description: 'The backend is told the caller’s number, not only the token.' }),
          ),
        },
        { ...CLOSED, description: 'The backend that is asked when no session fits.' },
      ),
    ),
    extensionPrompt: Type.Optional(Type.Boolean({ description: 'Callers may be asked for an extension.' })),
    extensionTries: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
    unknown: Type.Optional(UnknownCaller),
    expired: Type.Optional(UnknownCaller),
    operator: Type.Optional(Account),
    intercept: Type.Optional(
      Type.Object(
        { url: Url, timeoutMs, whenSilent: Type.Optional(Type.Enum(['allow', 'refuse'])) },
        { ...CLOSED, description: 'Asked before a call that was decided; may veto it.' },
      ),
    ),
    attemptsPerHour: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000, description: 'Calls of one person to one counterpart.' }),
    ),
    language: Type.Optional(Language),
  },
  CLOSED,
);

export const ExplainBody = Type.Object(
  {
    from: Type.String({ minLength: 3, maxLength: 64, description: 'Who would call.' }),
    to: Type.String({ minLength: 3, maxLength: 64, description: 'The service number that they would dial.' }),
    extension: Type.Optional(
      Type.String({ pattern: '^[0-9]{0,10}$', description: 'Digits that they would type.' }),
    ),
    chosen: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'Session chosen from the menu.' }),
    ),
    askBackend: Type.Optional(
      Type.Boolean({
        description: 'The backend is asked, where a call would ask it; nothing is kept. Default: false.',
      }),
    ),
    application: Type.Optional(lineOfText(1, 200, 'Id or name of an application.')),
  },
  CLOSED,
);

const Callee = Type.Object({
  party: Type.Optional(Type.String({ description: 'Id of the party.' })),
  number: Type.Optional(Type.String({ description: 'E.164, for keys with the scope numbers:read only.' })),
  sees: Type.String({ description: 'The service number that the callee sees.' }),
  announcement: Type.Optional(Announcement),
});

export const ExplainView = Type.Object({
  decision: Type.Object({
    kind: Type.Enum(['connect', 'choose', 'ask-extension', 'play', 'operator', 'call-back', 'reject']),
    session: Type.Optional(Type.String({ description: 'Id of the masking session.' })),
    callees: Type.Optional(Type.Array(Callee, { description: 'Called one after the other.' })),
    greeting: Type.Optional(Announcement),
    ringSeconds: Type.Optional(Type.Integer()),
    maxCallSeconds: Type.Optional(Type.Integer()),
    record: Type.Optional(Type.Boolean()),
    transcribe: Type.Optional(Type.Boolean()),
    language: Type.Optional(Type.String()),
    options: Type.Optional(
      Type.Array(Type.Object({ session: Type.String(), label: Type.String() }), {
        description: 'The spoken menu.',
      }),
    ),
    tries: Type.Optional(Type.Integer()),
    announcement: Type.Optional(Announcement),
    user: Type.Optional(Type.String({ description: 'SIP account of the operator.' })),
    status: Type.Optional(Type.Integer({ description: 'SIP status that the caller gets.' })),
    reason: Type.Optional(Type.String()),
  }),
  callerHears: Type.Array(Type.String(), {
    description:
      'In order; before anybody rings. Announcements are quoted; what the scenario says in its own words is described.',
  }),
  calleeSees: Type.Array(Type.String(), { description: 'Of each who is called: the number shown.' }),
  steps: Type.Array(
    Type.Object({
      step: Type.String(),
      verdict: Type.Enum(['decided', 'passed', 'skipped', 'failed']),
      detail: Type.String(),
    }),
    { description: 'What was asked, in order, and what each said.' },
  ),
});
