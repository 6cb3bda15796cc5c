import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedPlaces, type StoragePlaces } from '../../../test/kit/storage-places.ts';
import { type Clock, systemClock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import { createLogger } from '../../kernel/logger.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { systemRandom } from '../../kernel/random.ts';
import { eventLogsOf } from '../../node/event-logs.ts';
import { maskingApi } from '../../node/masking-api.ts';
import { createResolver } from '../../node/resolver.ts';
import { createWebhooks } from '../../node/webhooks.ts';
import { erasuresOf } from '../../retention/erasures.ts';
import type { StartRequest } from '../../scenario/ports.ts';
import { TRUNK_DEFAULTS } from '../../sip/user-agent/types.ts';
import { openStorage, type Storage } from '../../storage/storage.ts';
import { TraceReader } from '../../trace/reader.ts';
import type { Api } from '../api.ts';
import { createApp } from '../app.ts';
import type { HttpServerOptions, Readiness, TrunkStatus } from '../options.ts';
import { SCOPES, type Scope } from '../ports.ts';

/** The API on a real embedded database with two applications, `taxi` and `delivery`. */
export interface World {
  readonly app: Api;
  readonly storage: Storage;
  readonly options: HttpServerOptions;
  readonly recordingsFolder: string;
  readonly dataFolder: string;
  /** Of a PostgreSQL server. */
  readonly databaseUrl: string | undefined;
  readonly applications: { readonly taxi: string; readonly delivery: string };
  /** What was started; `startFails` makes the next starts fail. */
  readonly started: StartRequest[];
  startFails: Error | undefined;
  /** Of the sessions that are started, when they have one. */
  sessionUrl: string | undefined;
  ready: Readiness;
  trunk: TrunkStatus | undefined;
  draining: boolean;
  /** How far the node's clock is ahead of the machine's; may be set at any time, backwards too. */
  readonly time: { aheadMs: number };
  /** Every line that the node logged. */
  readonly logged: string[];
  /** Headers with a new key of these scopes. */
  key(
    scopes: readonly Scope[] | 'all',
    application?: 'taxi' | 'delivery',
  ): Promise<{ authorization: string }>;
  close(): Promise<void>;
}

export const NUMBERS = {
  service: PhoneNumber.parse('+442079460456'),
  other: PhoneNumber.parse('+442079460457'),
  driver: PhoneNumber.parse('+447700900101'),
  passenger: PhoneNumber.parse('+447700900202'),
} as const;

/** @param places whose database it is; closed with the world. */
export async function createWorld(
  settings: Partial<HttpServerOptions['settings']> = {},
  places: StoragePlaces = embeddedPlaces(),
): Promise<World> {
  const place = await places.fresh();
  const logged: string[] = [];
  const log: Logger = createLogger('debug', { write: (line: string) => void logged.push(line) });
  const time = { aheadMs: 0 };
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + time.aheadMs };
  const tools = { clock, random: systemRandom, log };
  const storage = await openStorage({ ...place, ...tools, environment: {} });
  await storage.importDirectory({
    trunks: [
      {
        ...TRUNK_DEFAULTS,
        name: 'carrier',
        host: 'sip.example.net',
        allowedSources: ['192.0.2.0/24'],
        register: true,
        prefixes: ['+44'],
        priority: 1,
        assertIdentity: true,
        outboundAuth: { username: 'maskline', password: 'trunk-password' },
      },
    ],
    applications: [
      application('taxi', NUMBERS.service, NUMBERS.driver),
      application('delivery', NUMBERS.other, NUMBERS.passenger),
    ],
  });
  const ids = new Map(storage.admin.applications().map(({ id, name }) => [name, id]));
  const applications = { taxi: ids.get('taxi') ?? '', delivery: ids.get('delivery') ?? '' };
  const root = mkdtempSync(join(tmpdir(), 'maskline-http-'));
  const recordingsFolder = join(root, 'recordings');
  mkdirSync(recordingsFolder);
  const started: StartRequest[] = [];
  const resolver = createResolver({
    ...{
      store: storage.masking.resolution,
      answers: storage.masking.answers,
      secrets: storage.masking.secrets,
    },
    ...{ numbers: storage.directory, httpAllow: [], clock, random: systemRandom },
  });
  const options: HttpServerOptions = {
    ...tools,
    records: storage.records,
    traces: new TraceReader(storage.traces),
    eventLogs: eventLogsOf(storage.eventLogs),
    transcripts: storage.transcripts,
    admin: storage.admin,
    apiKeys: storage.apiKeys,
    idempotency: storage.idempotency,
    audit: storage.audit,
    erasures: erasuresOf(storage.erasures, async () => undefined),
    masking: maskingApi(storage, resolver),
    events: createWebhooks({
      ...{ storage, node: 'maskline-1', settings: { parallel: 4, perWebhook: 2 }, ...tools },
      httpAllow: ['127.0.0.1'],
    }).parts,
    directory: storage.directory,
    scenarios: {
      start: async (request) => {
        if (world.startFails !== undefined) throw world.startFails;
        started.push(request);
        const url = world.sessionUrl;
        const access = url === undefined ? {} : { access: { url, secureUrl: url } };
        return { sessionId: systemRandom.uuid(), ...access };
      },
    },
    recordingsFolder,
    trunkStatus: () => world.trunk,
    readiness: async () => world.ready,
    metrics: async () => 'maskline_calls 3\n',
    node: {
      name: 'maskline-1',
      calls: () => 3,
      isDraining: () => world.draining,
      setDraining: (on) => {
        world.draining = on;
      },
    },
    settings: { host: '127.0.0.1', port: 0, ...settings },
  };
  const app = await createApp(options);
  const world: World = {
    app,
    storage,
    options,
    recordingsFolder,
    dataFolder: place.dataFolder,
    databaseUrl: place.databaseUrl,
    applications,
    started,
    time,
    draining: false,
    startFails: undefined,
    sessionUrl: undefined,
    ready: { ok: true, checks: { database: 'ok' } },
    trunk: { registered: true, lastError: undefined },
    logged,
    key: async (scopes, application) => {
      const { secret } = await storage.apiKeys.create({
        name: 'test',
        scopes: scopes === 'all' ? SCOPES : scopes,
        applicationId: application === undefined ? undefined : applications[application],
      });
      return { authorization: `Bearer ${secret}` };
    },
    close: async () => {
      await app.close();
      resolver.close();
      await storage.close();
      await places.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return world;
}

function application(name: string, number: PhoneNumber, user: PhoneNumber) {
  return {
    name,
    numbers: [number],
    verifiedNumbers: [],
    users: [
      { username: `${name}-driver`, ha1: { md5: 'a'.repeat(32), sha256: 'b'.repeat(64) }, number: user },
    ],
    scenarios: [{ name: 'masking', source: '// masking' }],
    rules: [{ name: 'all', pattern: '.*', scenarios: ['masking'], customData: '' }],
  };
}
