/**
 * What VoxEngine has and Maskline has not yet. These names are absent, not faked: reading one gives `undefined` and a
 * warning that says so, instead of a bare "undefined is not a function".
 */
import { warn } from './host-link.ts';

export const ABSENT = {
  VoxEngine: [
    'allowWebSocketConnections',
    'callConference',
    'callUserDirect',
    'callWhatsappUser',
    'createASR',
    'createConference',
    'createSequencePlayer',
    'createStreamingAgent',
    'createToneScriptPlayer',
    'createWebSocket',
    'destroyConference',
    'disableStatisticsForIncomingWebsockets',
    'disableTraceForIncomingWebsockets',
    'enableStatisticsForIncomingWebsockets',
    'enableTraceForIncomingWebsockets',
    'enqueueACDRequest',
    'enqueueTask',
    'forwardCallToUserDirect',
    'createAMD',
    'getCallById',
    'mediaSessionAccessURL',
  ],
  'Call.prototype': ['handleMicStatus', 'enableBeepDetection', 'disableBeepDetection', 'transferTo'],
  'Player.prototype': ['addMarker'],
  'Recorder.prototype': ['mute'],
  Net: ['sendMail', 'sendMailAsync'],
  globals: [
    'ACDEvents',
    'AI',
    'AMD',
    'ASREvents',
    'ASRLanguage',
    'ASRModelList',
    'ASRProfileList',
    'CallList',
    'Conference',
    'ConferenceEvents',
    'Crypto',
    'ElevenLabs',
    'Gemini',
    'OpenAI',
    'PhoneNumber',
    'PushService',
    'SequencePlayerEvents',
    'SmartQueue',
    'SmartQueueEvents',
    'StreamingAgent',
    'Ultravox',
    'WebSocketEvents',
    'Yandex',
  ],
} as const;

export function markAbsent(target: object, label: string, names: readonly string[]): void {
  for (const name of names) {
    if (name in target) continue;
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: false,
      get: () => {
        warn(`${label}${name} is not available in Maskline yet.`);
        return undefined;
      },
      // A script may use the name for itself.
      set: (value: unknown) => {
        Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
      },
    });
  }
}
