/** Runs the scripts of a session again from its event log, and finds where they do something else than they did. */
import type { ScenarioSource } from '../call/types.ts';
import { type EventLog, hashOf, type LoggedTurn, withoutSecrets } from './event-log.ts';
import { maskCommand } from './event-log-mask.ts';
import type { HostEvent, Turn } from './protocol.ts';
import { SandboxImage } from './sandbox/image.ts';
import { DEFAULT_LIMITS } from './sandbox/limits.ts';
import { SandboxRuntime } from './sandbox/runtime.ts';

/** A busy laptop must not make a script fail that ran well. */
const CALLBACK_MS = 10_000;

export interface ChangedScript {
  readonly name: string;
  readonly recorded: string;
  /** Undefined: there is no such script. */
  readonly now: string | undefined;
}

/** Where the two runs part. */
export interface Parting {
  /** From 0; 0 is the start. */
  readonly turn: number;
  readonly event: HostEvent;
  /** Milliseconds since the session began. */
  readonly ms: number;
  /** Commands of this turn that are still the same. */
  readonly same: readonly string[];
  /** The first that differs, or an error; undefined: nothing more. */
  readonly recorded: string | undefined;
  readonly now: string | undefined;
}

export interface Replayed {
  readonly turns: number;
  readonly commands: number;
  readonly parting: Parting | undefined;
}

/** Takes a third of a second; built once. */
let image: Promise<SandboxImage> | undefined;

/** Scripts that are not what ran, by content, in the order in which they ran. */
export function changedScripts(log: EventLog, scripts: readonly ScenarioSource[]): readonly ChangedScript[] {
  return log.scripts.flatMap(({ name, sha256 }, index) => {
    const script = scripts[index];
    const now = script === undefined ? undefined : hashOf(script);
    return now === sha256 ? [] : [{ name, recorded: sha256, now }];
  });
}

/**
 * @param masked the log has no numbers: what scripts do now is compared without them, too.
 * @param onTurn told of every turn that is the same.
 */
export async function replay(
  log: EventLog,
  scripts: readonly ScenarioSource[],
  { masked, onTurn }: { readonly masked: boolean; readonly onTurn?: (turn: LoggedTurn) => void },
): Promise<Replayed> {
  const limits = { ...DEFAULT_LIMITS, callbackCpuMs: CALLBACK_MS };
  image ??= SandboxImage.build(limits);
  const runtime = new SandboxRuntime(await (await image).instantiate(), limits);
  let commands = 0;
  for (const [index, turn] of log.turns.entries()) {
    const { event } = turn;
    const now = plain(index === 0 ? runtime.load(scripts, log.started) : runtime.dispatch(event), masked);
    const before = [...turn.commands, ...errorOf(turn)];
    const at = differenceOf(before, now, masked);
    if (at !== undefined) {
      const parting = {
        ...{ turn: index, event, ms: event.at - log.started.at, same: before.slice(0, at) },
        ...{ recorded: before[at], now: now[at] },
      };
      return { turns: index, commands: commands + at, parting };
    }
    commands += turn.commands.length;
    onTurn?.(turn);
  }
  return { turns: log.turns.length, commands, parting: undefined };
}

function plain(turn: Turn, masked: boolean): readonly string[] {
  const commands = turn.commands.map(withoutSecrets);
  return [...(masked ? commands.map(maskCommand) : commands), ...errorOf(turn)];
}

function errorOf({ error }: Pick<Turn, 'error'> | LoggedTurn): readonly string[] {
  return error === undefined ? [] : [`failed: ${error.message} (${error.scenario}:${error.line ?? '?'})`];
}

function differenceOf(
  before: readonly string[],
  now: readonly string[],
  masked: boolean,
): number | undefined {
  const form = (text: string | undefined): string | undefined => (masked ? text?.replace(DIGITS, '#') : text);
  for (let at = 0; at < Math.max(before.length, now.length); at++)
    if (form(before[at]) !== form(now[at])) return at;
  return undefined;
}

/** What is hidden of a text depends on what stands beside it, so that digits say nothing where numbers are hidden. */
const DIGITS = /[+\d•](?:[\s().-]*[\d•])*/g;
