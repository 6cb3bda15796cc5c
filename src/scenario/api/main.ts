/**
 * Puts the API on the global object and gives the host its one way in, `dispatch`. Evaluated once per sandbox image;
 * nothing here may depend on time, dice or the session.
 */
import type { HostEvent } from '../protocol.ts';
import { ABSENT, markAbsent } from './absent.ts';
import { deliverToPlayer } from './base-player.ts';
import { Call } from './call.ts';
import { installDate, installRandom } from './deterministic.ts';
import * as easy from './easy-process.ts';
import * as enums from './enums.ts';
import { watch } from './events.ts';
import { installGuards } from './guards.ts';
import { log, parseJson, tell, world } from './host-link.ts';
import { Language, VoiceList } from './language.ts';
import { connectBoth, disconnectBoth } from './media-unit.ts';
import { Modules, requireModule } from './modules.ts';
import * as net from './net.ts';
import { deliverToPart, PARTS } from './parts.ts';
import { createToneScriptPlayer, createTTSPlayer, createURLPlayer } from './player.ts';
import { ConferenceRecorder, createRecorder, deliverToRecorder } from './recorder.ts';
import { createSequencePlayer } from './sequence-player.ts';
import * as tools from './text-tools.ts';
import * as timers from './timers.ts';
import * as vox from './vox-engine.ts';

const VoxEngine = {
  addEventListener: vox.addEventListener,
  removeEventListener: vox.removeEventListener,
  callPSTN: vox.callPSTN,
  callSIP: vox.callSIP,
  callUser: vox.callUser,
  customData: vox.customData,
  terminate: vox.terminate,
  sendMediaBetween: (mediaUnit1: unknown, mediaUnit2: unknown) =>
    connectBoth(mediaUnit1, mediaUnit2, 'VoxEngine.sendMediaBetween'),
  stopMediaBetween: (mediaUnit1: unknown, mediaUnit2: unknown) =>
    disconnectBoth(mediaUnit1, mediaUnit2, 'VoxEngine.stopMediaBetween'),
  easyProcess: easy.easyProcess,
  forwardCallToPSTN: easy.forwardCallToPSTN,
  forwardCallToUser: easy.forwardCallToUser,
  forwardCallToSIP: easy.forwardCallToSIP,
  playSoundAndHangup: easy.playSoundAndHangup,
  createURLPlayer,
  createTTSPlayer,
  createToneScriptPlayer,
  createSequencePlayer,
  createRecorder,
  // Older scripts find this enum here.
  RecordExpireTime: enums.RecordExpireTime,
};

const Net = {
  httpRequest: net.httpRequest,
  httpRequestAsync: net.httpRequestAsync,
  HttpRequestOptions: net.HttpRequestOptions,
};

const Logger = {
  write: (message: unknown): void => log('info', String(message)),
  /** Digits that a caller types are never written to any log here, so there is nothing to hide. */
  hideTones: (_flag: unknown): void => {},
};

const {
  AppEvents,
  CallEvents,
  PlayerEvents,
  SequencePlayerEvents,
  RecorderEvents,
  RecorderDirection,
  RecorderProfile,
  TTSEffectsProfile,
  TranscriptionProvider,
  DTMFType,
  CallAudioQuality,
  URLPlayerRequestMethod,
  RecordExpireTime,
} = enums;
const API = {
  VoxEngine,
  Net,
  Logger,
  Modules,
  Language,
  VoiceList,
  AppEvents,
  CallEvents,
  PlayerEvents,
  SequencePlayerEvents,
  RecorderEvents,
  RecorderDirection,
  RecorderProfile,
  TTSEffectsProfile,
  TranscriptionProvider,
  DTMFType,
  CallAudioQuality,
  URLPlayerRequestMethod,
  RecordExpireTime,
  require: requireModule,
  setTimeout: timers.setTimeout,
  setInterval: timers.setInterval,
  clearTimeout: timers.clearTimeout,
  clearInterval: timers.clearInterval,
  ...tools,
};

for (const { members } of PARTS) {
  Object.assign(VoxEngine, members?.VoxEngine);
  Object.assign(Net, members?.Net);
}

installDate();
installRandom();
installGuards();
for (const [name, value] of [API, ...PARTS.map(({ globals = {} }) => globals)].flatMap(Object.entries)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
markAbsent(VoxEngine, 'VoxEngine.', ABSENT.VoxEngine);
markAbsent(Call.prototype, 'Call.', ABSENT['Call.prototype']);
markAbsent(ConferenceRecorder.prototype, 'ConferenceRecorder.', ABSENT['ConferenceRecorder.prototype']);
markAbsent(Net, 'Net.', ABSENT.Net);
markAbsent(globalThis, '', ABSENT.globals);

function prepareFor(event: Extract<HostEvent, { type: 'started' }>): void {
  const { at, sessionId, customData, access, limits } = event;
  tell({ at, dice: event.seed >>> 0, sessionId, customData, access, limits });
}

/** Before any script runs: the session's time, dice, limits and data, without telling the script yet. */
export function prepare(json: string): void {
  prepareFor(parseJson(json) as Extract<HostEvent, { type: 'started' }>);
}

/** The same and `Started` at once, where the scripts ran before and asked for nothing. */
export function begin(json: string): void {
  const event = parseJson(json) as Extract<HostEvent, { type: 'started' }>;
  prepareFor(event);
  deliver(event);
}

/** One event of the host. An exception of a handler passes through and ends the session. */
export function dispatch(json: string): void {
  const event = parseJson(json) as HostEvent;
  world.at = event.at;
  deliver(event);
}

function deliver(event: HostEvent): void {
  if (deliverToPart(event)) return;
  if (event.type === 'timer') {
    timers.deliverTimer(event.timerId);
    return;
  }
  if (event.type === 'http-response') {
    net.deliverHttpResponse(event.requestId, event.result);
    return;
  }
  if ('playerId' in event) {
    deliverToPlayer(event);
    return;
  }
  if ('recorderId' in event) {
    deliverToRecorder(event);
    return;
  }
  if ('callId' in event) {
    vox.deliverCallEvent(event);
    return;
  }
  vox.deliverAppEvent(event);
}

/** The value of a script's last statement: often the promise of an async function that was called at top level. */
export function loaded(value: unknown, scenario: string): void {
  watch(value, `${scenario} (top level)`);
}

export { wasAsked } from './host-link.ts';
