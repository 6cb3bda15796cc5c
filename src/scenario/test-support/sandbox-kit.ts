import { parseCommand } from '../parse-command.ts';
import type { CallFacts, HostCommand, HostEvent, Turn } from '../protocol.ts';
import { SandboxImage } from '../sandbox/image.ts';
import { DEFAULT_LIMITS, type ScenarioLimits } from '../sandbox/limits.ts';
import { SandboxRuntime, type Started } from '../sandbox/runtime.ts';
import { INSTRUMENT } from './coverage/instrument.ts';

export const AT = Date.UTC(2026, 0, 1, 12);

export const STARTED: Started = {
  type: 'started',
  at: AT,
  seed: 7,
  sessionId: 'session-1',
  applicationId: 'taxi',
  applicationName: 'Taxi',
  ruleName: 'all',
  customData: 'order 7',
  limits: { timers: 100, players: 10, httpTotal: 35, queueRequests: 100, calls: 30, logLineChars: 8192 },
};

export const FACTS: CallFacts = {
  callId: 'call-in',
  callerid: '+79120000001',
  number: '+74950000001',
  displayName: 'Anna',
  fromUri: 'sip:a@example.org',
  toUri: 'sip:b@example.org',
  headers: { 'X-Order': '7' },
  clientType: 'pstn',
};

const images = new Map<string, Promise<SandboxImage>>();

/** One script in one sandbox, or the scripts of one rule (`taxi.js`, `part2.js`, …), without a session around it. */
export async function loadScript(
  source: string | readonly string[],
  limits: Partial<ScenarioLimits> = {},
  started: Partial<Started> = {},
): Promise<{ runtime: SandboxRuntime; turn: Turn }> {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const key = JSON.stringify(all);
  let image = images.get(key);
  if (image === undefined) {
    image = SandboxImage.build(all, INSTRUMENT);
    images.set(key, image);
  }
  const runtime = new SandboxRuntime(await (await image).instantiate(), all);
  const scripts = [source]
    .flat()
    .map((text, i) => ({ name: i === 0 ? 'taxi.js' : `part${i + 1}.js`, source: text }));
  return { runtime, turn: runtime.load(scripts, { ...STARTED, ...started }) };
}

export function commandsOf(turn: Turn): HostCommand[] {
  return turn.commands.map((text) => parseCommand(text));
}

export function logsOf(turn: Turn): string[] {
  return commandsOf(turn).flatMap((command) => (command.type === 'log' ? [command.message] : []));
}

/** What a script writes while it loads. */
export async function logsFrom(source: string, limits: Partial<ScenarioLimits> = {}): Promise<string[]> {
  const { turn } = await loadScript(source, limits);
  if (turn.error !== undefined) throw new Error(turn.error.message);
  return logsOf(turn);
}

export function alerting(at = AT): HostEvent {
  return { type: 'call-alerting', at, call: FACTS, customData: '' };
}
