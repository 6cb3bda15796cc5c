/** Listeners as VoxEngine has them: by event name, in the order in which they were added. */
import { send, warn } from './host-link.ts';
import { nearest } from './nearest.ts';

export type Handler = (event: Record<string, unknown>) => unknown;

/** The names of one enum: which exist in the API, and which of them happen here. */
export interface EventNames {
  readonly enumName: string;
  readonly values: Readonly<Record<string, string>>;
  readonly happening: ReadonlySet<string>;
  /** `CallEvents.Connected` by its value. */
  readonly labels: ReadonlyMap<string, string>;
}

/** @param happening members that happen here; absent: all of them. */
export function eventNames<T extends Record<string, string>>(
  enumName: string,
  values: T,
  happening: readonly (keyof T)[] = Object.keys(values),
): EventNames {
  return {
    enumName,
    values,
    happening: new Set(happening.map((key) => values[key] as string)),
    labels: new Map(Object.entries(values).map(([key, value]) => [value, `${enumName}.${key}`])),
  };
}

export class Listeners {
  readonly #names: EventNames;
  readonly #handlers = new Map<string, unknown[]>();

  constructor(names: EventNames) {
    this.#names = names;
  }

  add(event: unknown, handler: unknown): void {
    const name = this.#check(event);
    if (name === undefined) return;
    if (typeof handler !== 'function') {
      warn(
        `The handler of ${this.#label(name)} is no function; the scenario will end when the event happens.`,
      );
    }
    const list = this.#handlers.get(name);
    if (list === undefined) this.#handlers.set(name, [handler]);
    else list.push(handler);
  }

  /** Without a handler, removes all handlers of the event. */
  remove(event: unknown, handler?: unknown): void {
    if (typeof event !== 'string') return;
    const list = this.#handlers.get(event);
    if (list === undefined) return;
    if (handler === undefined) this.#handlers.delete(event);
    else
      this.#handlers.set(
        event,
        list.filter((one) => one !== handler),
      );
  }

  /** Calls every handler that was there when the event happened; what they returned. An exception ends the scenario. */
  emit(name: string, payload: Record<string, unknown>): unknown[] {
    const results: unknown[] = [];
    const handlers = this.#handlers.get(name);
    if (handlers === undefined) return results;
    for (const handler of [...handlers]) {
      const result = (handler as Handler)(payload);
      watch(result, this.#label(name));
      results.push(result);
    }
    return results;
  }

  #label(value: string): string {
    return this.#names.labels.get(value) ?? `${this.#names.enumName}.${value}`;
  }

  #check(event: unknown): string | undefined {
    const { enumName, values, happening, labels } = this.#names;
    if (typeof event !== 'string' || !labels.has(event)) {
      const near = typeof event === 'string' ? nearest(event, Object.values(values)) : undefined;
      const hint = near === undefined ? '' : ` Did you mean ${this.#label(near)}?`;
      warn(`addEventListener: ${String(event)} is not one of ${enumName}.${hint}`);
      return typeof event === 'string' ? event : undefined;
    }
    if (!happening.has(event))
      warn(`${this.#label(event)} does not happen in Maskline yet; its handler will not run.`);
    return event;
  }
}

const thenOf = Promise.prototype.then;

/** An async handler that rejects is reported; the host decides whether the session can go on. */
export function watch(result: unknown, where: string): void {
  if (!(result instanceof Promise)) return;
  // biome-ignore lint/complexity/useLiteralKeys: `then` of this realm, taken before scripts could change it
  (thenOf as (...args: unknown[]) => unknown)['call'](result, undefined, (reason: unknown) =>
    send({ type: 'unhandled-rejection', ...rejectionIn(where, reason) }),
  );
}

function rejectionIn(
  where: string,
  reason: unknown,
): { message: string; scenario: string; line: number | undefined } {
  const message = `Unhandled rejection in ${where}: ${titleOf(reason)}`.slice(0, MAX_MESSAGE);
  const { scenario, line } = placeOf(reason) ?? { scenario: '', line: undefined };
  return { message, scenario, line };
}

/** Name, message and the innermost line of a script: neither the API's own frames nor the text that JSON.parse read. */
export function describe(reason: unknown): string {
  const place = placeOf(reason);
  return place === undefined ? titleOf(reason) : `${titleOf(reason)} (${place.scenario}:${place.line})`;
}

const MAX_MESSAGE = 1000;

function titleOf(reason: unknown): string {
  return reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
}

function placeOf(reason: unknown): { scenario: string; line: number } | undefined {
  if (!(reason instanceof Error)) return undefined;
  for (const frame of String(reason.stack ?? '').split('\n')) {
    const place = /([^\s():]+):(\d+)(?::\d+)?\)?$/.exec(frame.trim());
    const file = place?.[1];
    if (file !== undefined && !file.startsWith('<') && !file.startsWith('maskline:'))
      return { scenario: file, line: Number(place?.[2]) };
  }
  return undefined;
}
