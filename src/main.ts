/**
 * The page to read first: what a Maskline node is made of, in the order in which a call meets it, and how it stops.
 *
 *   settings → storage → media → SIP → calls → scenarios → records → HTTP → listen ⋯ drain
 *
 * Each part is handed what it needs here and nowhere else.
 */
import { join, resolve } from 'node:path';
import { CallService } from './call/call-service.ts';
import { Fence } from './call/fence/fence.ts';
import type { Settings } from './config/schema.ts';
import { CallListBook } from './dialler/call-lists.ts';
import { Dialler } from './dialler/dialler.ts';
import type { CallLists } from './dialler/ports.ts';
import { createHttpServer } from './http/server.ts';
import { systemClock } from './kernel/clock.ts';
import { MasklineError } from './kernel/errors.ts';
import { Lateness } from './kernel/lateness.ts';
import type { Logger } from './kernel/logger.ts';
import { systemRandom } from './kernel/random.ts';
import { createEmbeddedEngine } from './media/embedded/engine.ts';
import type { MediaEngine } from './media/engine.ts';
import { checkPorts } from './media/preflight.ts';
import { repairWav } from './media/wav-file.ts';
import { ClosingList } from './node/closing-list.ts';
import { declaredDirectory } from './node/declared-directory.ts';
import { Drain } from './node/drain.ts';
import { startEventLogs } from './node/event-logs.ts';
import { startMasking } from './node/masking.ts';
import { type MediaAddresses, mediaAddresses } from './node/media-address.ts';
import { createMetrics } from './node/metrics.ts';
import { createPlatformApi } from './node/platform.ts';
import { startRetention } from './node/retention.ts';
import { closeSip, createSipStack, listenSip, type SipStack } from './node/sip-stack.ts';
import { startTracing } from './node/tracing.ts';
import { createWebhooks } from './node/webhooks.ts';
import { RecordKeeper } from './records/record-keeper.ts';
import { Recordings } from './records/recordings.ts';
import { recoverRecords } from './records/recover.ts';
import { Transcripts } from './records/transcripts.ts';
import type { SpeechSynthesis } from './scenario/ports.ts';
import { DEFAULT_LIMITS } from './scenario/sandbox/limits.ts';
import { WorkerSandboxes } from './scenario/sandbox/worker-sandboxes.ts';
import { ScenarioService } from './scenario/scenario-service.ts';
import { NodeNetwork } from './sip/transport/node-network.ts';
import type { Address, TransportName } from './sip/transport/types.ts';
import { createSpeech } from './speech/create-speech.ts';
import type { Recognition } from './speech/recognition.ts';
import { transcribeFile } from './speech/transcribe-file.ts';
import { openStorage, type Storage } from './storage/storage.ts';
import { TraceReader } from './trace/reader.ts';

export interface StartOptions {
  readonly settings: Settings;
  /** Relative paths in the settings start here. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  /** Default: what the settings say, each text once. */
  readonly speech?: SpeechSynthesis;
  readonly recognition?: Recognition;
}

/** A running node. */
export interface Maskline {
  /** Where SIP is spoken, in the order of the settings. */
  readonly sip: readonly (Address & { readonly transport: TransportName })[];
  /** The API, e.g. `http://127.0.0.1:8080`. */
  readonly httpUrl: string;
  readonly storage: Storage;
  /** For tests that check that nothing is left. */
  readonly parts: {
    readonly media: MediaEngine;
    readonly calls: CallService;
    readonly scenarios: ScenarioService;
    readonly stack: SipStack;
    readonly callLists: CallLists;
  };
  /** Takes no new calls, lets running ones go on for `limits.drainSeconds` at most, then stops everything. Idempotent. */
  stop(): Promise<void>;
  /** After `stop()`: the calls that still run are ended now; a phone that does not answer BYE is not waited for long. */
  endCalls(): void;
  /** Reads certificate files that have changed now, and not within seconds. Open connections stay. */
  reloadCertificates(): Promise<void>;
}

const clock = systemClock;
const random = systemRandom;

/** BYE is sent four times in this time (RFC 3261 §17.1.2.2), then it is given up. */
const LAST_WORDS_MS = 4_000;
/** What scenario sessions get when the node stops: the last call's recording is finished, scripts say their last words. */
const SESSIONS_CLOSE_MS = 5_000;
/** What a slow database gets to take what became of the last tasks of call lists. */
const CALL_LISTS_CLOSE_MS = 5_000;
/** What a slow database gets to take the last changes when the node stops. */
const RECORDS_CLOSE_MS = 10_000;

/** Starts a node. Rejects, with nothing left running, when a part cannot start; the error says what to do. */
export async function startMaskline(options: StartOptions): Promise<Maskline> {
  const closing = new ClosingList(options.log);
  try {
    return await start(options, closing);
  } catch (error) {
    await closing.close();
    throw error;
  }
}

async function start(options: StartOptions, closing: ClosingList): Promise<Maskline> {
  const { settings, folder, environment, log } = options;
  const data = resolve(settings.data);
  const recordingsFolder = join(data, 'recordings');

  // What the settings name is read first: a mistake there must not cost a half-made start.
  const declared = await declaredDirectory(settings, folder);
  const network = new NodeNetwork();
  const places = await mediaAddresses(settings.media, network);

  // Threads of their own: all three start at once.
  const databaseUrl = environment.DATABASE_URL ?? settings.databaseUrl;
  const opening = openStorage({
    ...{ databaseUrl, dataFolder: data, node: settings.node, clock, random, log, environment },
    maxStorageKeys: settings.scenario.storageKeys,
  });
  closing.add('storage', () => opening.then((storage) => storage.close()).catch(() => {}));
  const media = createMedia(settings, places, log);
  closing.add('media', () => media.close());
  const scenario = scenarioSettings(settings, data);
  const sandboxes = new WorkerSandboxes({ ...scenario, clock, log });
  closing.add('sandboxes', () => sandboxes.close());

  const storage = await opening;
  const changes = await storage.importDirectory(declared);
  for (const { outcome, entry } of changes) log.info({ entry }, `the settings file: ${outcome}`);

  const stack = createSipStack({
    settings: settings.sip,
    network,
    directory: storage.directory,
    locations: storage.locations,
    clock,
    random,
    log,
  });
  closing.add('SIP', () => closeSip(stack, clock, LAST_WORDS_MS));

  const { directory } = storage;
  const { limits } = settings;
  const fence = await Fence.open({
    store: storage.fence,
    directory,
    domain: settings.sip.domain,
    node: settings.node,
    clock,
    random,
    log,
  });
  closing.add('fence', () => fence.close());
  const lateness = new Lateness(clock);
  closing.add('lateness', () => lateness.close());
  const calls = new CallService({
    ...{ userAgent: stack.userAgent, directory, clock, random, log, limits, fence },
    isLate: () => limits.latenessMs > 0 && Math.max(lateness.averageMs, sandboxes.lateMs) > limits.latenessMs,
  });

  const tracing = await startTracing(settings, storage, stack, calls, log);
  closing.add('traces', () => tracing?.close());

  const keeper = new RecordKeeper({ store: storage.records, node: settings.node, clock, random, log });
  closing.add('records', async () => {
    const lost = await keeper.close(RECORDS_CLOSE_MS);
    if (lost > 0) log.error({ lost }, 'changes of call records could not be written');
  });
  await recoverRecords({ store: storage.records, node: settings.node, recordingsFolder, repairWav, log });
  const api: { url: string } = { url: settings.http.publicUrl ?? '' };
  // Calls may come a moment before HTTP listens; what cannot be known yet is only a port that is still to be chosen.
  const { host, port } = settings.http;
  const expectedUrl = port === 0 ? '' : `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const speech = createSpeech(settings.speech, { clock, cacheFolder: join(data, 'cache') });
  const recognition = options.recognition ?? speech.recognition;
  const transcripts = new Transcripts({
    store: storage.transcripts,
    records: storage.records,
    node: settings.node,
    recordingsFolder,
    recognise: (path, wish, signal) =>
      transcribeFile(recognition, path, { ...wish, endSilenceMs: 700 }, signal),
    parallel: settings.speech.transcriptsParallel,
    clock,
    log,
  });
  closing.add('transcripts', () => transcripts.close());
  await transcripts.resume();
  const recordings = new Recordings({
    folder: recordingsFolder,
    get publicUrl() {
      return api.url;
    },
    keeper,
    transcripts,
    clock,
    random,
  });

  const webhooks = createWebhooks({
    ...{ storage, node: settings.node, settings: settings.webhooks, clock, random, log },
    httpAllow: settings.scenario.httpAllow,
  });
  // Closed after the calls, whose last events may still go out; what is written after that goes at the next start.
  closing.add('webhooks', () => webhooks.close());
  const logged = await startEventLogs(settings.replay, sandboxes, { store: storage.eventLogs, clock, log });
  closing.add('event logs', () => logged.close());
  let dialler: Dialler | undefined;
  // Closed after the sessions: it writes what became of their tasks.
  closing.add('dialler', () => dialler?.close(CALL_LISTS_CLOSE_MS));
  const masking = await startMasking({
    ...{ storage, node: settings.node, clock, random, log },
    expirySeconds: settings.masking.expirySeconds,
    httpAllow: settings.scenario.httpAllow,
  });
  // Closed after the sessions: what became of their calls is written by it.
  closing.add('masking', () => masking.close());
  const scenarios = new ScenarioService({
    calls,
    media,
    recordings,
    speech: options.speech ?? speech.synthesis,
    recognition,
    storage: storage.appStorage,
    masking: masking.service,
    callLists: {
      report: (task, said) => dialler?.report(task, said) ?? Promise.reject(new Error('no dialler runs')),
    },
    routes: directory,
    clock,
    random,
    log,
    settings: scenario,
    sandboxes: logged.sandboxes,
    publicUrl: () => (api.url === '' ? expectedUrl : api.url),
  });
  closing.add('scenarios', () => scenarios.close(SESSIONS_CLOSE_MS));
  keeper.watchCalls(calls.observers);
  keeper.watchSessions(scenarios.observers);

  const drain = new Drain({ calls, userAgent: stack.userAgent, log });
  dialler = new Dialler({
    store: storage.callLists,
    rules: directory,
    sessions: scenarios,
    accepts: () => !drain.isOn,
    node: settings.node,
    simultaneous: settings.callLists.simultaneous,
    ...{ clock, random, log },
  });
  const retention = startRetention(settings, { storage, recordingsFolder, clock, log });
  closing.add('retention', () => retention.close());
  const metrics = createMetrics({
    calls,
    scenarios,
    media,
    sip: stack,
    clock,
    isDraining: () => drain.isOn,
    recordsWaiting: () => keeper.counts.waiting,
    masking: masking.metrics,
    retention: () => retention.retention.counts,
    fenceRefused: () => fence.refused,
    traces: () => tracing?.counts ?? { waiting: 0, lost: 0 },
    webhooks: () => webhooks.counts(),
  });
  closing.add('metrics', () => metrics.close());

  await scenarios.ready;
  const sip = await listenSip(stack, settings.sip, folder);
  stack.userAgent.start();
  // Trunks that another node has changed are registered at and probed without a restart.
  directory.onReloaded = () => stack.userAgent.trunksChanged();
  const starts: Pick<ScenarioService, 'start'> = {
    start: async (request) => {
      if (drain.isOn) throw new MasklineError('admission/draining');
      return await scenarios.start(request);
    },
  };
  const callLists = new CallListBook({
    store: storage.callLists,
    rules: directory,
    onChanged: () => dialler?.wake(),
    ...{ clock, random },
  });
  const http = await createHttpServer({
    records: storage.records,
    traces: new TraceReader(storage.traces),
    eventLogs: logged.logs,
    transcripts: storage.transcripts,
    admin: storage.admin,
    apiKeys: storage.apiKeys,
    idempotency: storage.idempotency,
    masking: masking.parts,
    events: webhooks.parts,
    audit: storage.audit,
    erasures: retention.erasures,
    directory,
    doors: scenarios,
    scenarios: starts,
    ...(await createPlatformApi({
      settings,
      storage,
      scenarios: starts,
      callLists,
      publicUrl: () => api.url,
      clock,
      log,
    })),
    recordingsFolder,
    trunkStatus: (id) => stack.userAgent.trunkStatus(id),
    readiness: () => readiness(storage, media, drain.isOn),
    metrics: () => metrics.scrape(),
    node: {
      name: settings.node,
      calls: () => calls.active.length,
      isDraining: () => drain.isOn,
      setDraining: (on) => drain.set(on),
    },
    clock,
    random,
    log,
    settings: { ...settings.http, rateLimits: settings.http },
  });
  closing.add('HTTP', () => http.close());
  api.url ||= http.url;
  dialler.start();
  webhooks.start();

  closing.add('calls', () => drain.finish(limits.drainSeconds * 1000));
  log.info({ sip, http: http.url, database: storage.kind }, 'Maskline is ready');
  return {
    sip,
    httpUrl: http.url,
    storage,
    parts: { media, calls, scenarios, stack, callLists },
    stop: () => closing.close(),
    endCalls: () => drain.hurry(),
    reloadCertificates: () => stack.certificates.reload(),
  };
}

function createMedia(settings: Settings, places: MediaAddresses, log: Logger): MediaEngine {
  const { ports, workers, legsPerWorker, silenceSeconds } = settings.media;
  for (const warning of checkPorts(ports)) log.warn({}, warning);
  return createEmbeddedEngine({
    workers,
    ...places,
    ports,
    maxLegsPerWorker: legsPerWorker,
    silenceSeconds,
    log,
  });
}

function scenarioSettings(settings: Settings, data: string) {
  const { workers, heapMegabytes, callbackMs, unansweredSeconds, idleSeconds, httpAllow } = settings.scenario;
  return {
    workers,
    warm: 8,
    limits: {
      ...DEFAULT_LIMITS,
      heapBytes: heapMegabytes * 1024 * 1024,
      callbackCpuMs: callbackMs,
      unansweredSeconds,
      idleSeconds,
    },
    httpAllowPrivate: httpAllow,
    playbackFolder: join(data, 'cache', 'sounds'),
  };
}

/** What `GET /ready` says. */
async function readiness(
  storage: Storage,
  media: MediaEngine,
  draining: boolean,
): Promise<{ ok: boolean; checks: Record<string, string> }> {
  const check = async (what: Promise<unknown>): Promise<string> =>
    await what.then(
      () => 'ok',
      (error: unknown) => (error instanceof Error ? error.message : 'failed'),
    );
  const checks = {
    database: await check(storage.ping()),
    media: await check(media.stats()),
    calls: draining ? 'the node is stopping and takes no new calls' : 'ok',
  };
  return { ok: Object.values(checks).every((state) => state === 'ok'), checks };
}
