/**
 * `AMD.AnsweringMachineDetector` (voximplant.com/docs/references/voxengine/amd). It is handed to `callPSTN` or `callSIP`
 * and begins when the call is answered. What is detected here is the cadence of the greeting, the same for every model.
 */
import type { Call } from './call.ts';
import { uuid } from './deterministic.ts';
import { checkedEnum } from './enums.ts';
import { eventNames, Listeners } from './events.ts';
import { send, warn } from './host-link.ts';

const EVENTS = {
  DetectionComplete: 'AMD.Events.DetectionComplete',
  DetectionError: 'AMD.Events.DetectionError',
};
const names = eventNames('AMD.Events', EVENTS);
export const Events = checkedEnum('AMD.Events', EVENTS);

const DEFAULT_TIMEOUT_MS = 6500;

const detectors = new Map<string, AnsweringMachineDetector>();

export class AnsweringMachineDetector {
  readonly model: unknown;
  readonly timeout: number | undefined;
  readonly #id = uuid();
  readonly #listeners = new Listeners(names);
  readonly #waiting: {
    readonly resolve: (event: object) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #call: Call | undefined;
  #outcome: object | Error | undefined;

  constructor(parameters: Readonly<Record<string, unknown>>) {
    this.model = parameters.model;
    const timeout = Number(parameters.timeout);
    this.timeout = timeout > 0 ? timeout : undefined;
    if (parameters.thresholds !== undefined)
      warn('AMD.create: thresholds are of the cloud\'s models; compare "confidence" in the event instead.');
  }
  get call(): Call | undefined {
    return this.#call;
  }
  id(): string {
    return this.#id;
  }
  addEventListener(event: unknown, callback: unknown): void {
    this.#listeners.add(event, callback);
  }
  removeEventListener(event: unknown, callback?: unknown): void {
    this.#listeners.remove(event, callback);
  }
  /** Gives what `DetectionComplete` gives; rejects without a call, and with what `DetectionError` says. */
  detect(): Promise<object> {
    if (this.#outcome instanceof Error) return Promise.reject(this.#outcome);
    if (this.#outcome !== undefined) return Promise.resolve(this.#outcome);
    if (this.#call === undefined)
      return Promise.reject(new Error('AMD: hand the detector to callPSTN or callSIP as `amd` first'));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  static begin(amd: AnsweringMachineDetector, call: Call): void {
    amd.#call = call;
    detectors.set(amd.#id, amd);
    const timeoutMs = Math.round(Math.min(60_000, Math.max(500, amd.timeout ?? DEFAULT_TIMEOUT_MS)));
    send({ type: 'amd-start', amdId: amd.#id, callId: call.id(), timeoutMs });
  }
  static deliver(amd: AnsweringMachineDetector, name: string, payload: object): void {
    const event = { amd, name, callId: amd.#call?.id(), ...payload };
    const isError = name === EVENTS.DetectionError;
    const outcome = isError ? new Error(String((payload as { message?: unknown }).message)) : event;
    amd.#outcome = outcome;
    for (const { resolve, reject } of amd.#waiting.splice(0)) {
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    }
    amd.#listeners.emit(name, event);
  }
}

const { begin, deliver } = AnsweringMachineDetector;
Reflect.deleteProperty(AnsweringMachineDetector, 'begin');
Reflect.deleteProperty(AnsweringMachineDetector, 'deliver');

/** Begins to listen as soon as the call is answered. One detector is for one call. */
export function detectOn(amd: unknown, call: Call, where: string): void {
  if (amd === undefined || amd === null) return;
  if (!(amd instanceof AnsweringMachineDetector) || amd.call !== undefined)
    warn(`${where}: amd is no detector of AMD.create, or has a call already; the call goes on without it.`);
  else begin(amd, call);
}

export function deliverTo(amdId: string, name: string, payload: (call: Call | undefined) => object): void {
  const amd = detectors.get(amdId);
  if (amd === undefined) return;
  detectors.delete(amdId);
  deliver(amd, name, payload(amd.call));
}

export { EVENTS };
