/**
 * What the scripts of a session were told, in order, and what they did each time: enough to run them again, since a script
 * is a deterministic machine (protocol.ts). `LoggedSandboxes` stands between the sessions and their sandboxes and keeps it;
 * a session that has ended is handed on as a whole. Secrets that stand in commands by name are left out before.
 */
import { createHash } from 'node:crypto';
import type { ScenarioSource } from '../call/types.ts';
import type { HostEvent, ScriptError, Turn } from './protocol.ts';
import type { Started } from './sandbox/runtime.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from './sandbox/sandboxes.ts';

/** One event and what it led to: commands as JSON, without secrets. */
export interface LoggedTurn {
  readonly event: HostEvent;
  readonly commands: readonly string[];
  readonly error?: ScriptError;
}

/** A session, from `started` on: its first turn is that of loading the scripts. */
export interface EventLog {
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What ran, by content. */
  readonly scripts: readonly { readonly name: string; readonly sha256: string }[];
  readonly started: Started;
  readonly turns: readonly LoggedTurn[];
  /** Turns that found no room. */
  readonly omitted: number;
}

/** Storage implements it. */
export interface EventLogStore {
  append(logs: readonly EventLog[]): Promise<void>;
  read(sessionId: string): Promise<EventLog | undefined>;
  /** Forgets what is older than `before` (ms since the epoch), and the oldest beyond `totalBytes`. Returns how many. */
  purge(before: number, totalBytes: number): Promise<number>;
}

export function hashOf({ source }: ScenarioSource): string {
  return createHash('sha256').update(source).digest('hex');
}

/** Sandboxes whose sessions are kept. */
export class LoggedSandboxes implements Sandboxes {
  readonly #inner: Sandboxes;
  readonly #sessionBytes: number;
  readonly #onEnded: (log: EventLog) => void;

  /** @param sessionBytes what is kept of one session at most, about. */
  constructor(inner: Sandboxes, sessionBytes: number, onEnded: (log: EventLog) => void) {
    this.#inner = inner;
    this.#sessionBytes = sessionBytes;
    this.#onEnded = onEnded;
  }

  get ready(): Promise<void> {
    return this.#inner.ready;
  }
  get count(): number {
    return this.#inner.count;
  }

  open(options: OpenSandbox): Sandbox {
    const session = new LoggedSession(options, this.#sessionBytes);
    const end = (): void => {
      const log = session.end();
      if (log !== undefined) this.#onEnded(log);
    };
    const sandbox = this.#inner.open({
      ...options,
      onTurn: (turn) => {
        session.answered(turn);
        if (turn.error !== undefined) end();
        options.onTurn(turn);
      },
    });
    return {
      post: (event) => {
        session.told(event);
        sandbox.post(event);
      },
      close: () => {
        end();
        sandbox.close();
      },
    };
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** Hashes of scripts by their text: the same few run all day. */
const hashes = new WeakMap<readonly ScenarioSource[], EventLog['scripts']>();

class LoggedSession {
  readonly #options: Pick<OpenSandbox, 'scripts' | 'started'>;
  readonly #waiting: HostEvent[];
  readonly #turns: LoggedTurn[] = [];
  #room: number;
  #omitted = 0;
  #ended = false;

  constructor(options: OpenSandbox, room: number) {
    this.#options = options;
    this.#waiting = [options.started];
    this.#room = room;
  }

  told(event: HostEvent): void {
    this.#waiting.push(event);
  }

  /** Every event is answered by one turn, in order. */
  answered({ commands, error }: Turn): void {
    const event = this.#waiting.shift();
    if (event === undefined) return;
    this.#room -= sizeOf(event) + commands.reduce((sum, command) => sum + command.length, 0);
    // A log with a gap could not be run again.
    if (this.#room < 0 || this.#omitted > 0) this.#omitted++;
    else
      this.#turns.push({
        event,
        commands: commands.map(withoutSecrets),
        ...(error === undefined ? {} : { error }),
      });
  }

  /** Once. */
  end(): EventLog | undefined {
    if (this.#ended) return undefined;
    this.#ended = true;
    const { scripts, started } = this.#options;
    let names = hashes.get(scripts);
    if (names === undefined) {
      names = scripts.map((script) => ({ name: script.name, sha256: hashOf(script) }));
      hashes.set(scripts, names);
    }
    const { sessionId, at } = started;
    return { sessionId, at, scripts: names, started, turns: this.#turns, omitted: this.#omitted };
  }
}

/** About what an event takes as JSON. Most are small; the answers of backends are not. */
function sizeOf(event: HostEvent): number {
  if (event.type !== 'http-response') return 300;
  const { text, data } = event.result;
  return 300 + (text?.length ?? 0) + (data?.length ?? 0) * 4;
}

/** Fields, header fields and parts of a query that are secrets by their names. */
const SECRET = /^(.*[-_])?(password|secret|token|authorization|cookie|api[-_]?key|auth)$/i;
const MAYBE = /password|secret|token|authorization|cookie|api[-_]?key|auth/i;
const HIDDEN = '•';

/** A command without passwords and keys. It is the same for the same command, so that two runs can be compared. */
export function withoutSecrets(command: string): string {
  if (!MAYBE.test(command)) return command;
  try {
    return JSON.stringify(hide(JSON.parse(command)));
  } catch {
    return command;
  }
}

function hide(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/([?&])([\w-]+)=([^&#\s]*)/g, hideParameter);
  if (Array.isArray(value)) {
    const [name, content] = value as unknown[];
    const isField = value.length === 2 && typeof name === 'string' && typeof content === 'string';
    return isField && SECRET.test(name) ? [name, HIDDEN] : value.map(hide);
  }
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, one]) => [
    key,
    SECRET.test(key) && typeof one === 'string' ? HIDDEN : hide(one),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function hideParameter(whole: string, before: string, name: string): string {
  return SECRET.test(name) ? `${before}${name}=${HIDDEN}` : whole;
}
