/**
 * What VoxEngine has and Maskline has not yet. These names are absent, not faked: reading one gives `undefined` and a
 * warning that says so, instead of a bare "undefined is not a function".
 */
import { warn } from './host-link.ts';

export const ABSENT = {
  VoxEngine: [
    'callConference',
    'callUserDirect',
    'callWhatsappUser',
    'createConference',
    'createStreamingAgent',
    'destroyConference',
    'forwardCallToUserDirect',
    'createAMD',
    'getCallById',
  ],
  'Call.prototype': ['handleMicStatus', 'enableBeepDetection', 'disableBeepDetection', 'transferTo'],
  Net: ['sendMail', 'sendMailAsync'],
  globals: [
    'AI',
    'AMD',
    'CallList',
    'Conference',
    'ConferenceEvents',
    'Crypto',
    'ElevenLabs',
    'Gemini',
    'OpenAI',
    'PhoneNumber',
    'PushService',
    'StreamingAgent',
    'Ultravox',
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
