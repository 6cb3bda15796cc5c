/**
 * The terminal of `maskline scenario run`: one command a line, each of which is something that a person at a phone, the
 * backend or the clock does. What follows from it is printed as it happens.
 */
import type { ScenarioSource } from '../../call/types.ts';
import { Flow, FlowError } from '../../scenario-test/flow.ts';
import type { FlowOptions } from '../../scenario-test/flow-options.ts';
import type { Asked, Reply } from '../../scenario-test/http-double.ts';
import { drawStep } from '../../scenario-test/ladder.ts';
import type { Phone } from '../../scenario-test/phone.ts';

export const COMMANDS = `  call [FROM [TO]]     somebody calls in                start [DATA]       start a session without a call
  ring [N]             phone N rings                    answer [N]         … answers
  busy [N [CODE]]      … rejects, with 486              hangup [N]         … hangs up, or gives up
  press [N] KEYS       … presses keys                   say [N] TEXT       … says something, for recognisers
  hold [N], back [N]   … puts the call on hold          message [N] TEXT   … sends a text
  wait SECONDS         lets time pass                   http [STATUS] BODY answers the oldest request
  phones               who is there, and hears what     help, quit

  Phones are numbered as they come; without a number it is the newest that is not over. Time stands still but for wait,
  and while keys are pressed and people speak.`;

export interface ConsoleOptions {
  readonly scripts: readonly ScenarioSource[];
  readonly customData: string;
  readonly numbers: readonly string[];
  /** Who calls, when the command does not say. */
  readonly from: string;
  readonly print: (text: string) => void;
}

interface Open {
  readonly asked: Asked;
  readonly answer: (reply: Reply) => void;
}

/** Of `1 +447700900101`. */
const WIDTH = 15;
const OF_PHONES = new Set(['ring', 'answer', 'busy', 'hangup', 'press', 'say', 'hold', 'back', 'message']);

export class Console {
  readonly flow: Flow;
  readonly #options: ConsoleOptions;
  readonly #open: Open[] = [];
  #failed = false;

  constructor(options: ConsoleOptions) {
    this.#options = options;
    const { scripts, customData, numbers, print } = options;
    const flowOptions: FlowOptions = {
      customData,
      numbers,
      byHand: (asked) => this.#ask(asked),
      nameOf: (place, number) => `${place} ${number}`,
    };
    this.flow = new Flow(scripts, flowOptions);
    this.flow.ladder.onStep = (step) => print(drawStep(step, WIDTH));
  }

  /** Whether something went wrong: a command that is none, a script that failed, a call that was left open. */
  get failed(): boolean {
    return this.#failed;
  }
  /** Requests that wait for an answer. */
  get waiting(): number {
    return this.#open.length;
  }

  /** One line. False: it was `quit`. */
  async execute(line: string): Promise<boolean> {
    const [name = '', ...words] = line.trim().split(/\s+/);
    if (name === '' || name.startsWith('#')) return true;
    if (name === 'quit') return false;
    try {
      await this.#run(name, words, line.trim().slice(name.length).trim());
    } catch (error) {
      this.#tell(error);
    }
    return true;
  }

  /** Everything has to be over; what is not is named, and ended. */
  async finish(): Promise<void> {
    for (const { answer } of this.#open.splice(0)) answer({ error: 'nobody answered' });
    await this.flow.finish().catch((error: unknown) => this.#tell(error));
  }

  async #run(name: string, words: readonly string[], rest: string): Promise<void> {
    const { flow } = this;
    switch (name) {
      case 'call':
        await this.#call(words);
        return;
      case 'start':
        await flow.starts(rest === '' ? {} : { customData: rest });
        return;
      case 'wait':
        await flow.advance(secondsOf(words[0]) * 1000);
        return;
      case 'http':
        await this.#answer(rest);
        return;
      case 'phones':
        this.#options.print(this.#phones());
        return;
      case 'help':
        this.#options.print(COMMANDS);
        return;
      default:
        if (!OF_PHONES.has(name)) throw new Error(`There is no command "${name}"; help shows them.`);
        await this.#phone(name, words);
    }
  }

  async #call([from = this.#options.from, to = this.#options.numbers[0]]: readonly string[]): Promise<void> {
    if (to === undefined) throw new Error('Which number? call FROM TO, or --number.');
    await this.flow.callsIn({ from, to });
  }

  async #phone(name: string, words: readonly string[]): Promise<void> {
    const isNumber = /^\d$/.test(words[0] ?? '') && (words.length > 1 || !/^(press|say|message)$/.test(name));
    const phone = this.#find(isNumber ? Number(words[0]) : undefined);
    const rest = (isNumber ? words.slice(1) : words).join(' ');
    await this.#does(name, phone, rest);
    await this.flow.settled();
  }

  async #does(name: string, phone: Phone, rest: string): Promise<void> {
    switch (name) {
      case 'ring':
        phone.rings();
        return;
      case 'answer':
        phone.answers();
        return;
      case 'busy':
        phone.rejects(rest === '' ? 486 : Number(rest));
        return;
      case 'hangup':
        phone.hangsUp();
        return;
      case 'press':
        if (!/^[0-9*#A-D]+$/.test(rest)) throw new Error('Keys are 0-9, *, # and A-D.');
        await phone.presses(rest);
        return;
      case 'say':
        await phone.says(rest);
        return;
      case 'message':
        phone.sendsMessage(rest);
        return;
      default:
        phone.holds(name === 'hold');
    }
  }

  /** The phone of that number, from 1; else the newest whose call is not over. */
  #find(number: number | undefined): Phone {
    const { phones } = this.flow;
    const found =
      number === undefined ? phones.findLast(({ state }) => state !== 'ended') : phones[number - 1];
    if (found === undefined)
      throw new Error(number === undefined ? 'No call is open.' : `There is no phone ${number}.`);
    return found;
  }

  #phones(): string {
    const { phones } = this.flow;
    if (phones.length === 0) return 'Nobody has called yet.';
    return phones
      .map((phone, index) => {
        const { hears } = phone;
        const heard = typeof hears === 'string' ? hears : `phone ${phones.indexOf(hears) + 1}`;
        const who = phone.isCaller
          ? `${phone.from} called ${phone.to}`
          : `${phone.to} sees ${phone.from || 'no number'}`;
        return `  ${index + 1}  ${who}: ${phone.state}${phone.state === 'ended' ? ` (${phone.end?.code})` : `, hears ${heard}`}`;
      })
      .join('\n');
  }

  #ask(asked: Asked): Promise<Reply> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    const open = {
      asked,
      answer: (reply: Reply) => {
        const at = this.#open.indexOf(open);
        if (at >= 0) this.#open.splice(at, 1);
        resolve(reply);
      },
    };
    this.#open.push(open);
    const body = asked.text === '' ? '' : ` ${asked.text.slice(0, 200)}`;
    this.flow.ladder.add(
      'HTTP',
      'out',
      `asks ${asked.method} ${asked.url}${body}; answer with: http STATUS BODY`,
    );
    return promise;
  }

  async #answer(rest: string): Promise<void> {
    const open = this.#open[0];
    if (open === undefined) throw new Error('Nothing is asked.');
    const [, status = '200', text = ''] = /^(?:(\d{3})(?:\s+|$))?([\s\S]*)$/.exec(rest) ?? [];
    const json = /^[[{]/.test(text) ? { 'content-type': 'application/json' } : {};
    open.answer({ status: Number(status), text, headers: json });
    await this.flow.settled();
  }

  #tell(error: unknown): void {
    this.#failed = true;
    const message = error instanceof Error ? error.message : String(error);
    // The ladder that a flow's error carries stands on the terminal already.
    this.#options.print(`! ${error instanceof FlowError ? (message.split('\n\n')[0] ?? '') : message}`);
  }
}

function secondsOf(word: string | undefined): number {
  const seconds = Number(word);
  if (word === undefined || !Number.isFinite(seconds) || seconds < 0 || seconds > 86_400)
    throw new Error('wait takes seconds, up to a day.');
  return seconds;
}
