/**
 * What VoxEngine has and Maskline has not yet. These names are absent, not faked: reading one gives `undefined` and a
 * warning that says so, instead of a bare "undefined is not a function".
 */
import { warn } from './host-link.ts';

export const ABSENT = {
  VoxEngine: ['callWhatsappUser', 'createStreamingAgent'],
  'Call.prototype': ['transferTo'],
  'ConferenceRecorder.prototype': ['setPriority', 'getPriority', 'update'],
  Net: [],
  globals: [
    'AI',
    'Avatar',
    'Cartesia',
    'ElevenLabs',
    'Gemini',
    'OpenAI',
    'PushService',
    'StreamingAgent',
    'Ultravox',
    'VoximplantAPI',
    'Yandex',
  ],
} as const;

const BY_WEBSOCKET =
  'attach a voice AI by VoxEngine.createWebSocket and sendMediaTo, see docs/reference/voxengine.md';

/** Names that will not come, and why. */
export const REASONS: Readonly<Record<string, string>> = {
  AI: BY_WEBSOCKET,
  Avatar: BY_WEBSOCKET,
  Cartesia: BY_WEBSOCKET,
  ElevenLabs: BY_WEBSOCKET,
  Gemini: BY_WEBSOCKET,
  OpenAI: BY_WEBSOCKET,
  Ultravox: BY_WEBSOCKET,
  Yandex: BY_WEBSOCKET,
  PushService: 'phones that are registered over SIP need no push',
  StreamingAgent: 'there is no video',
  'ConferenceRecorder.setPriority': 'there is no video, and everybody is heard',
  'ConferenceRecorder.getPriority': 'there is no video, and everybody is heard',
  'ConferenceRecorder.update': 'there is no video',
  VoximplantAPI: 'call the platform API of this server by Net.httpRequestAsync',
  'VoxEngine.callWhatsappUser': 'it is a service of the cloud',
  'VoxEngine.createStreamingAgent': 'there is no video',
  'Call.transferTo':
    'a REFER would hand the number or the dialog of one party to the phone of the other; call the target and join the two with VoxEngine.easyProcess',
};

export function markAbsent(target: object, label: string, names: readonly string[]): void {
  for (const name of names) {
    if (name in target) continue;
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: false,
      get: () => {
        const why = REASONS[`${label}${name}`];
        warn(`${label}${name} is not available in Maskline${why === undefined ? ' yet.' : `: ${why}.`}`);
        return undefined;
      },
      // A script may use the name for itself.
      set: (value: unknown) => {
        Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
      },
    });
  }
}
