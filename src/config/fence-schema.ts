import Type from 'typebox';

const Prefix = Type.String({ pattern: '^\\+?\\d+$' });
const Host = Type.String({ pattern: '^(\\*|(\\*\\.)?[A-Za-z0-9_.:-]+)$' });

/** What an application may dial; `call/fence/types.ts` tells how it is counted. */
export const FenceSchema = Type.Object(
  {
    countries: Type.Array(Type.String({ pattern: '^([A-Z]{2}|\\*)$' }), {
      default: [],
      description:
        'ISO 3166 countries that may be called beside those of the service numbers; `*`: every country. Empty by default, since stolen calls go where nobody of yours ever calls.',
    }),
    prefixes: Type.Array(Prefix, {
      default: [],
      description:
        'Beginnings of numbers that may be called beside the countries, dear ones included: E.164 with +, or without it those of short numbers (a PBX, a service code), which have no country.',
    }),
    denyPrefixes: Type.Array(Prefix, {
      default: [],
      description: 'Beginnings of numbers that are refused whatever else says, written like `prefixes`.',
    }),
    hosts: Type.Array(Host, {
      default: [],
      description:
        'Foreign SIP hosts that `callSIP` may reach: a host, `*.example.net`, or `*`. Empty by default: a script that is told an address by somebody else must not be a gateway to it.',
    }),
    premium: Type.Boolean({
      default: false,
      description:
        'Allow premium-rate, shared-cost, personal and satellite numbers. Off: they cost a hundred times as much, and calls are stolen for them.',
    }),
    concurrentCalls: Type.Integer({
      default: 100,
      minimum: 0,
      maximum: 100000,
      description:
        'Outbound calls at once, on all nodes together. Some 100 calls a minute of one minute each; a thief would take all he gets.',
    }),
    callsPerMinute: Type.Integer({
      default: 300,
      minimum: 0,
      maximum: 1000000,
      description:
        'Outbound calls in any 60 seconds, on all nodes together. Three times what fits into `concurrentCalls` of a minute each.',
    }),
    longestCallSeconds: Type.Integer({
      default: 7200,
      minimum: 10,
      maximum: 86400,
      description:
        'An outbound call that has been answered for so long is ended with all legs of its session. Nobody talks to a driver for two hours; a forgotten line does.',
    }),
    dailyMinutes: Type.Integer({
      default: 10000,
      minimum: 0,
      maximum: 10000000,
      description:
        'Minutes of outbound calls per day (UTC), on all nodes together; then no new ones begin. A bill that an unlucky night may reach: at 2 cents a minute, 200.',
    }),
  },
  {
    additionalProperties: false,
    default: {},
    description:
      'Toll-fraud fence: what leaves towards trunks and foreign SIP hosts. Calls to SIP accounts of this installation are not limited.',
  },
);
