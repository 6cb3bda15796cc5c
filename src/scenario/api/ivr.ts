/**
 * `IVRState`: a menu as a graph of states, each with a prompt and a kind of input
 * (voximplant.com/docs/guides/speech/ivr-basics, voximplant.com/docs/references/voxengine/ivrsettings).
 *
 * - A digit interrupts the prompt. The time-out runs from the end of the prompt, and anew from each digit.
 * - `select` takes one digit; `inputfixed` as many as `inputLength` says; `inputunknown` until `terminateOn`, which is part
 *   of the input, or until `inputValidator` is content; `noinput` goes on when the prompt has been heard.
 * - A call that ends takes its menu with it; no callback runs.
 */
import { Call } from './call.ts';
import { watch } from './events.ts';
import { text } from './headers.ts';
import { warn } from './host-link.ts';
import type { ApiPart } from './part.ts';
import { clearTimeout, setTimeout } from './timers.ts';

interface Prompt {
  readonly say?: unknown;
  readonly lang?: unknown;
  readonly play?: unknown;
}

interface Settings {
  readonly type?: unknown;
  readonly prompt?: Prompt;
  readonly timeout?: unknown;
  readonly inputLength?: unknown;
  readonly inputValidator?: unknown;
  readonly terminateOn?: unknown;
  readonly nextState?: unknown;
  readonly nextStates?: Readonly<Record<string, unknown>>;
}

const TYPES = ['select', 'inputfixed', 'inputunknown', 'noinput'];
const DEFAULT_TIMEOUT_MS = 5000;
/** Nobody types more; what comes after belongs to no input. */
const MAX_INPUT = 256;

type Callback = (input: string) => unknown;

/** One visit of a call to a state. */
class Visit {
  readonly #call: Call;
  readonly #state: IVRState;
  readonly #settings: Settings;
  readonly #done: (input: string, state: unknown) => void;
  readonly #late: (input: string) => void;
  #input = '';
  #timer: number | undefined;
  #prompting: 'waiting' | 'heard' | undefined;
  #over = false;

  constructor(
    call: Call,
    state: IVRState,
    settings: Settings,
    done: (input: string, next: unknown) => void,
    late: (input: string) => void,
  ) {
    this.#call = call;
    this.#state = state;
    this.#settings = settings;
    this.#done = done;
    this.#late = late;
  }

  begin(): void {
    visits.get(this.#call)?.leave();
    visits.set(this.#call, this);
    for (const [event, handler] of this.#handlers) this.#call.addEventListener(event, handler);
    if (this.#settings.type !== 'noinput') this.#call.handleTones(true);
    const { say, lang, play } = this.#settings.prompt ?? {};
    if (text(say) !== '') this.#call.say(say, lang);
    else if (text(play) !== '') this.#call.startPlayback(play);
    if (text(say) !== '' || text(play) !== '') this.#prompting = 'waiting';
    // Nothing to hear: a time-out of nothing, so that the state is left after `enter` has returned.
    else this.#timer = setTimeout(() => this.#prompted(), 0);
  }

  /** Nothing of it happens any more. */
  leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    for (const [event, handler] of this.#handlers) this.#call.removeEventListener(event, handler);
    if (visits.get(this.#call) === this) visits.delete(this.#call);
    this.#state.input = this.#input;
  }

  readonly #handlers: readonly (readonly [string, (event: Record<string, unknown>) => void])[] = [
    ['Call.ToneReceived', (event) => this.#digit(text(event.tone))],
    [
      'Call.PlaybackStarted',
      () => {
        if (this.#prompting === 'waiting') this.#prompting = 'heard';
      },
    ],
    // The end of what the script played before may still be on its way: ours has begun, or could not be played.
    [
      'Call.PlaybackFinished',
      (event) => {
        const isOver = this.#prompting === 'heard' || event.error !== undefined;
        if (this.#prompting !== undefined && isOver) this.#prompted();
      },
    ],
    ['Call.Disconnected', () => this.leave()],
    ['Call.Failed', () => this.leave()],
  ];

  #prompted(): void {
    this.#prompting = undefined;
    if (this.#settings.type === 'noinput') this.#finish(this.#settings.nextState);
    else this.#startTimer();
  }

  #startTimer(): void {
    this.#stopTimer();
    const ms = Number(this.#settings.timeout ?? DEFAULT_TIMEOUT_MS);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.leave();
        this.#late(this.#input);
      },
      ms >= 0 ? ms : DEFAULT_TIMEOUT_MS,
    );
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #digit(tone: string): void {
    const { type, inputLength, terminateOn, inputValidator, nextStates } = this.#settings;
    if (type === 'noinput' || this.#input.length >= MAX_INPUT) return;
    if (this.#prompting !== undefined) this.#call.stopPlayback();
    this.#prompting = undefined;
    this.#input += tone;
    const input = this.#input;
    if (type === 'select')
      this.#finish(Object.hasOwn(nextStates ?? {}, input) ? nextStates?.[input] : undefined);
    else if (type === 'inputfixed' && input.length >= Number(inputLength ?? 1)) this.#finish(undefined);
    else if (type === 'inputunknown' && tone === text(terminateOn)) this.#finish(undefined);
    else if (type === 'inputunknown' && typeof inputValidator === 'function' && inputValidator(input))
      this.#finish(undefined);
    // The validator may have entered another state.
    else if (!this.#over) this.#startTimer();
  }

  #finish(next: unknown): void {
    if (this.#over) return;
    this.leave();
    this.#done(this.#input, next);
  }
}

const visits = new Map<Call, Visit>();

class IVRState {
  /** What was typed, once the state has been left. */
  input = '';
  settings: Settings;
  readonly name: string;
  readonly #onInputComplete: unknown;
  readonly #onInputTimeout: unknown;

  constructor(name: unknown, settings: unknown, onInputComplete?: unknown, onInputTimeout?: unknown) {
    this.name = text(name);
    this.settings = settings !== null && typeof settings === 'object' ? (settings as Settings) : {};
    this.#onInputComplete = onInputComplete;
    this.#onInputTimeout = onInputTimeout;
    const type = text(this.settings.type);
    if (!TYPES.includes(type))
      warn(`IVRState ${this.name}: the type ${type} is none of ${TYPES.join(', ')}.`);
  }

  /** `settings` replace single settings of the state for this visit. */
  enter(call: unknown, settings?: unknown): void {
    if (!(call instanceof Call)) throw new TypeError('IVRState.enter needs a Call');
    if (call.state() === 'TERMINATED') return;
    const all =
      settings !== null && typeof settings === 'object' ? { ...this.settings, ...settings } : this.settings;
    const tell = (callback: unknown, input: string): void => {
      if (typeof callback === 'function') watch((callback as Callback)(input), `IVRState ${this.name}`);
    };
    const done = (input: string, next: unknown): void => {
      if (next instanceof IVRState) next.enter(call);
      else tell(this.#onInputComplete, input);
    };
    new Visit(call, this, all, done, (input) => tell(this.#onInputTimeout, input)).begin();
  }
}

const IVR = {
  /** Every menu is left where it is; no callback runs. */
  reset: (): void => {
    for (const visit of [...visits.values()]) visit.leave();
  },
};

export const ivr: ApiPart = { globals: { IVR, IVRState }, modules: ['ivr'] };
