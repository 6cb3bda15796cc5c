/** `require(Modules.X)`: everything that is here is loaded already; what is not here says so. */
import { REASONS } from './absent.ts';
import { checkedEnum } from './enums.ts';
import { warn } from './host-link.ts';
import { nearest } from './nearest.ts';
import { PARTS } from './parts.ts';

const MODULES = {
  ACD: 'acd',
  AI: 'ai',
  ApplicationStorage: 'applicationstorage',
  ASR: 'asr',
  Avatar: 'avatar',
  Conference: 'conference',
  ElevenLabs: 'elevenlabs',
  Gemini: 'gemini',
  IVR: 'ivr',
  OpenAI: 'openai',
  PushService: 'pushservice',
  Recorder: 'recorder',
  SmartQueue: 'smartqueue',
  StreamingAgent: 'streamingagent',
  Ultravox: 'ultravox',
  Cartesia: 'cartesia',
  Yandex: 'yandex',
  VoximplantAPI: 'voximplantapi',
};

/** Names of older scripts, whose modules became part of the core. */
const OLDER = { CallList: 'calllist', Net: 'net', Player: 'player', WebSocket: 'websocket', AMD: 'amd' };
/** Ours; the cloud has no such module. */
const OURS = { Masking: 'masking' };
const AVAILABLE = new Set(['recorder', 'net', 'player', ...PARTS.flatMap(({ modules = [] }) => modules)]);

export const Modules = checkedEnum('Modules', { ...MODULES, ...OLDER, ...OURS });

export function requireModule(module: unknown): void {
  const known = Object.values({ ...MODULES, ...OLDER, ...OURS });
  if (typeof module === 'string' && AVAILABLE.has(module)) return;
  if (typeof module === 'string' && known.includes(module)) {
    const name = Object.entries(MODULES).find(([, one]) => one === module)?.[0] ?? module;
    const why = REASONS[name];
    warn(
      `require: the module ${module} is not available in Maskline${why === undefined ? ' yet.' : `: ${why}.`}`,
    );
    return;
  }
  const near = typeof module === 'string' ? nearest(module, known) : undefined;
  const shown = typeof module === 'string' ? module : typeof module;
  warn(`require: there is no module ${shown}.${near === undefined ? '' : ` Did you mean ${near}?`}`);
}
