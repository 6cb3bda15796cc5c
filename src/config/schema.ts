/**
 * Every setting of `maskline.yaml`, with its type, default, unit and reason. `docs/reference/settings.md` and
 * `docs/reference/settings.schema.json` are generated from this page, and `load.ts` refuses what does not fit it.
 */
import Type, { type Static } from 'typebox';
import { ApplicationSchema } from './application-schema.ts';
import { ListenerSchema } from './listener-schema.ts';
import { MediaSchema } from './media-schema.ts';
import { RetentionSchema } from './retention-schema.ts';
import { section } from './section.ts';
import { SpeechSchema } from './speech-schema.ts';
import { TrunkSchema } from './trunk-schema.ts';

export { MASKING_SCENARIO } from './application-schema.ts';

export const SettingsSchema = section(
  {
    node: Type.String({
      default: 'maskline-1',
      pattern: '^[A-Za-z0-9_.-]+$',
      description: 'Name of this node in records; unique among nodes that share a database.',
    }),
    data: Type.String({
      default: './data',
      description: 'Folder for the embedded database, keys, recordings and caches.',
    }),
    databaseUrl: Type.String({
      default: '',
      description:
        'PostgreSQL URL. Empty: the embedded database in `data`. The environment variable DATABASE_URL wins over it.',
    }),
    log: section(
      {
        level: Type.Union(
          [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
          {
            default: 'info',
            description: 'Least severe level that is written to standard error.',
          },
        ),
      },
      'Logs. Numbers and secrets are hidden at every level.',
    ),
    sip: section(
      {
        domain: Type.String({
          default: 'maskline.local',
          description: 'Domain and digest realm of SIP accounts.',
        }),
        listen: Type.Array(ListenerSchema, {
          default: [
            { transport: 'udp', host: '0.0.0.0', port: 5060 },
            { transport: 'tcp', host: '0.0.0.0', port: 5060 },
          ],
          minItems: 1,
          description: 'Where SIP is spoken.',
        }),
        answerUnknownOptions: Type.Boolean({
          default: false,
          description:
            'Answer OPTIONS of sources that are neither trunk nor account. Off: scanners learn nothing.',
        }),
        allowMd5: Type.Boolean({
          default: true,
          description: 'Offer MD5 beside SHA-256 in digest challenges; many phones know nothing else.',
        }),
        allowSha256: Type.Boolean({
          default: true,
          description:
            'Offer SHA-256 beside MD5 (RFC 8760). Some phones, such as baresip 1.0, give up at a challenge that they do not know; with false they are asked for MD5 alone.',
        }),
        failoverSeconds: Type.Integer({
          default: 40,
          minimum: 1,
          maximum: 600,
          description:
            'Since an outbound call began, seconds after which no further target or trunk is tried. A silent target takes 64·T1 (32 s) by itself.',
        }),
        connectionsPerSource: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 100000,
            description:
              'Connections (TCP, TLS, WebSocket) that one address may hold, default 64; trunks have no limit. Raise it where a proxy stands before many browsers.',
          }),
        ),
        t1Ms: Type.Integer({
          default: 500,
          minimum: 50,
          maximum: 4000,
          description: 'Round-trip estimate of RFC 3261 §17, milliseconds.',
        }),
        sessionTimer: section(
          {
            expiresSeconds: Type.Integer({
              default: 1800,
              minimum: 90,
              maximum: 86400,
              description:
                'Seconds after which a call ends whose peer has refreshed nothing (Session-Expires); it is refreshed at half of that. 1800 is what RFC 4028 §4 advises: less finds a dead peer sooner, and costs messages.',
            }),
            minSeconds: Type.Integer({
              default: 90,
              minimum: 90,
              maximum: 86400,
              description:
                'The least that a peer may ask for (Min-SE), seconds; what asks for less gets 422. Below 90 is not allowed by RFC 4028 §5.',
            }),
          },
          'Session timers (RFC 4028): a call whose peer has vanished is not billed for ever.',
        ),
      },
      'SIP.',
    ),
    media: MediaSchema,
    callLists: section(
      {
        simultaneous: Type.Integer({
          default: 100,
          minimum: 0,
          maximum: 10_000,
          description:
            'Tasks of call lists that this node runs at once, whatever the lists allow; 0: it runs none. Each is a scenario session with its calls: leave room for those who call.',
        }),
      },
      'Calling people by list. Nodes that share a database share the lists.',
    ),
    scenario: section(
      {
        workers: Type.Integer({ default: 1, minimum: 1, maximum: 64, description: 'Sandbox threads.' }),
        heapMegabytes: Type.Integer({
          default: 16,
          minimum: 1,
          maximum: 256,
          description: 'Heap of one session, MB.',
        }),
        callbackMs: Type.Integer({
          default: 1000,
          minimum: 10,
          maximum: 60000,
          description: 'CPU time of one callback, milliseconds.',
        }),
        unansweredSeconds: Type.Integer({
          default: 60,
          minimum: 1,
          maximum: 600,
          description: 'An inbound call that the script has not answered by then is ended with 480.',
        }),
        idleSeconds: Type.Integer({
          default: 60,
          minimum: 1,
          maximum: 86400,
          description: 'A session without calls ends after this time.',
        }),
        storageKeys: Type.Integer({
          default: 100_000,
          minimum: 0,
          description:
            'Keys that one application may hold in ApplicationStorage. About 1 kB of the database each; scripts of one application must not fill the disk of all.',
        }),
        httpAllow: Type.Array(Type.String(), {
          default: [],
          description:
            'Private hosts, addresses or CIDR blocks that scripts, questions to backends and webhooks may reach over HTTP. Public ones need no entry.',
        }),
      },
      'Scenario sandboxes. Defaults are the limits of the cloud that the API comes from.',
    ),
    masking: section(
      {
        expirySeconds: Type.Integer({
          default: 5,
          minimum: 1,
          maximum: 3600,
          description:
            'Seconds between two looks for masking sessions that have expired. They are closed for everybody from their last second on; this is how late the event of it may be.',
        }),
      },
      'The masking service.',
    ),
    webhooks: section(
      {
        parallel: Type.Integer({
          default: 32,
          minimum: 1,
          maximum: 1000,
          description:
            'Requests to webhooks that this node has under way at once. Each is a socket and a few kB.',
        }),
        perWebhook: Type.Integer({
          default: 4,
          minimum: 1,
          maximum: 100,
          description:
            'Of those, to one webhook: a slow server must not hold the others, and must not be flooded when it is back.',
        }),
      },
      'Delivery of events to webhooks. Private addresses that they may be at stand in scenario.httpAllow.',
    ),
    speech: SpeechSchema,
    http: section(
      {
        host: Type.String({
          default: '127.0.0.1',
          description:
            'Address to bind the API to. It speaks plain HTTP: put a TLS proxy in front before you open it.',
        }),
        port: Type.Integer({
          default: 8080,
          minimum: 0,
          maximum: 65535,
          description: 'Port; 0 takes a free one.',
        }),
        publicUrl: Type.Optional(
          Type.String({
            pattern: '^https?://[^\\s?#]+$',
            description:
              'How this very node is reached from outside, path prefix included; default: http://host:port. Stands in recording URLs and in the URLs of running sessions (AppEvents.HttpRequest, web sockets), so with several nodes each has its own, as docs/guide/web-sockets.md says.',
          }),
        ),
        requestsPerMinute: Type.Integer({
          default: 3000,
          minimum: 0,
          maximum: 1000000,
          description:
            'Requests of one API key; beyond, 429. 50 a second is more than a person or a dispatch system asks, and less than what keeps calls waiting. 0: any number.',
        }),
        failuresPerMinute: Type.Integer({
          default: 30,
          minimum: 0,
          maximum: 1000000,
          description:
            'Requests of one address with a missing or wrong key; beyond, 429. Keys that were right lately pass all the same, since many clients may share a proxy. 0: any number.',
        }),
      },
      'HTTP API.',
    ),
    platformApi: section(
      {
        accountName: Type.String({
          default: 'maskline',
          pattern: '^[a-z][a-z0-9-]{0,39}$',
          description:
            'Name of the one account, as tools made for Voximplant put it together with names of applications (app.account.voximplant.com).',
        }),
        accountEmail: Type.String({
          default: 'maskline@localhost',
          pattern: '^[^\\s@]{1,64}@[^\\s@]{1,255}$',
          description:
            'Address of the one account: stands in the credentials of service accounts, and may name the account beside an api_key. Nothing is sent to it.',
        }),
      },
      'The platform API, for tools made for Voximplant: `/platform_api/<Command>` on the address of the HTTP API.',
    ),
    trace: section(
      {
        hours: Type.Integer({
          default: 24,
          minimum: 0,
          maximum: 720,
          description:
            'How long the SIP messages of a call are kept, sealed, for keys with the scope traces:read; 0: not at all. A day is enough to ask what went wrong this morning; the messages hold numbers.',
        }),
        callKilobytes: Type.Integer({
          default: 256,
          minimum: 4,
          maximum: 16384,
          description: 'What is kept of one call at most, kB; what comes after that is left out and counted.',
        }),
        totalMegabytes: Type.Integer({
          default: 512,
          minimum: 1,
          maximum: 1048576,
          description: 'What is kept of all calls at most, MB; the oldest go first.',
        }),
      },
      'SIP traces: a store of its own beside logs and records.',
    ),
    replay: section(
      {
        hours: Type.Integer({
          default: 24,
          minimum: 0,
          maximum: 720,
          description:
            'How long it is kept what the scripts of a call were told and did, sealed, for `maskline scenario replay` with a key that has the scope traces:read; 0: not at all. A day is enough to run again what went wrong this morning; numbers and the answers of backends stand in it.',
        }),
        sessionKilobytes: Type.Integer({
          default: 128,
          minimum: 4,
          maximum: 16384,
          description:
            'What is kept of one session at most, kB, and held in memory while it runs; a replay ends there. Most sessions take 10.',
        }),
        totalMegabytes: Type.Integer({
          default: 256,
          minimum: 1,
          maximum: 1048576,
          description: 'What is kept of all sessions at most, MB; the oldest go first.',
        }),
      },
      'Event logs of scenario sessions, for running them again.',
    ),
    retention: RetentionSchema,
    limits: section(
      {
        calls: Type.Integer({
          default: 400,
          minimum: 1,
          maximum: 100000,
          description: 'Legs on this node at once; beyond, calls get 503.',
        }),
        latenessMs: Type.Integer({
          default: 2000,
          minimum: 0,
          maximum: 60000,
          description:
            'New calls get 503 while the work of the main thread waits longer than that, on average over some seconds, or events wait so long in every scenario worker: the calls that the node has are better off, and a carrier tries another node. 0: never.',
        }),
        ringSeconds: Type.Integer({
          default: 55,
          minimum: 5,
          maximum: 600,
          description:
            'An outbound call that nobody answers by then ends with 408. Less than scenario.unansweredSeconds, so that a caller who still waits can be told.',
        }),
        drainSeconds: Type.Integer({
          default: 30,
          minimum: 0,
          maximum: 86400,
          description: 'How long running calls may go on after a stop was asked for.',
        }),
      },
      'What the node carries.',
    ),
    trunks: Type.Array(TrunkSchema, { default: [], description: 'SIP trunks.' }),
    applications: Type.Array(ApplicationSchema, { default: [], description: 'Applications.' }),
  },
  'Maskline settings.',
);

export type Settings = Static<typeof SettingsSchema>;
export type TrunkEntry = Static<typeof TrunkSchema>;
export type ApplicationEntry = Static<typeof ApplicationSchema>;
