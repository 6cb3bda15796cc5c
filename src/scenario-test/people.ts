/** Everybody in a flow: which phone is which call, what each hears now, and whose call is still open. */
import type { Call } from '../call/types.ts';
import type { CallDouble } from './call-double.ts';
import type { NewCall } from './calls-double.ts';
import type { Ladder } from './ladder.ts';
import type { MediaDouble } from './media-double.ts';
import { nameOfSound, Phone, type PhoneHost } from './phone.ts';
import type { RecognitionDouble, StreamDouble } from './recognition-double.ts';

export interface PeopleOptions {
  readonly host: PhoneHost;
  readonly ladder: Ladder;
  readonly media: MediaDouble;
  readonly recognition: RecognitionDouble;
  /** What the nth phone is called, from 1. Default: its number. */
  readonly nameOf: ((place: number, number: string) => string) | undefined;
}

export class People {
  readonly phones: Phone[] = [];
  /** Called by a scenario, and not met by the test yet. */
  readonly unmet: Phone[] = [];
  /** What the next phone is called. */
  nextName: string | undefined;
  readonly #options: PeopleOptions;
  readonly #calls = new Map<Phone, CallDouble>();
  readonly #hearing = new Map<Phone, Phone | string>();

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  add({ call, from, to, headers }: NewCall): void {
    const { host, ladder, nameOf } = this.#options;
    const name = this.nextName ?? nameOf?.(this.phones.length + 1, call.incoming ? from : to);
    this.nextName = undefined;
    const phone = new Phone(call, { name, from, to, headers }, host);
    this.phones.push(phone);
    this.#calls.set(phone, call);
    if (call.incoming) {
      ladder.add(phone.name, 'in', `calls ${to}${phone.name.includes(from) ? '' : ` from ${from}`}`);
      return;
    }
    this.unmet.push(phone);
    ladder.add(phone.name, 'out', `is called ${from === '' ? 'without a number' : `and sees ${from}`}`);
  }

  phoneOf(call: Call): Phone | undefined {
    return this.phones.find((phone) => this.#calls.get(phone) === call);
  }
  phoneOfId(callId: string): Phone | undefined {
    return this.phones.find((phone) => this.#calls.get(phone)?.id === callId);
  }

  /** Another phone, a prompt, several in a room, or silence. */
  hearing(phone: Phone): Phone | string {
    const leg = this.#calls.get(phone)?.leg;
    const sources = leg === undefined ? [] : this.#options.media.heardBy(leg);
    const heard = sources.map((source) => (typeof source === 'string' ? source : this.#at(source)));
    if (heard.length > 1) return `room: ${heard.map(nameOfSound).join(', ')}`;
    return heard[0] ?? 'silence';
  }

  /** Recognisers that get the sound of a phone. */
  recognising(phone: Phone): readonly StreamDouble[] {
    const { recognition, media } = this.#options;
    const leg = this.#calls.get(phone)?.leg;
    return recognition.hearing(
      (listener) => leg !== undefined && media.heardBy(listener).some((one) => one === leg),
    );
  }

  /** Notes what has changed in what people hear. */
  listen(): void {
    for (const phone of this.phones) {
      const before = this.#hearing.get(phone) ?? 'silence';
      if (before === 'silence' && phone.state === 'ended') continue;
      const now = this.hearing(phone);
      if (now === before) continue;
      this.#hearing.set(phone, now);
      if (phone.state === 'ended') continue;
      phone.heard.push(now);
      this.#options.ladder.add(phone.name, 'note', `hears ${nameOfSound(now)}`);
    }
  }

  /** Why sessions still run, in a sentence. */
  leftOpen(): string {
    const open = this.phones.filter(({ state }) => state !== 'ended').map(describe);
    if (open.length > 0) return `The scenario left open: ${open.join('; ')}.`;
    return 'All calls are over, and the session is not: the scenario has not called VoxEngine.terminate().';
  }

  #at(leg: unknown): Phone | string {
    return this.phones.find((phone) => this.#calls.get(phone)?.leg === leg) ?? 'silence';
  }
}

function describe({ name, isCaller, state, from, to }: Phone): string {
  const who = isCaller ? `the call of ${name} to ${to}` : `the call to ${name}`;
  const shown = isCaller || from === '' ? '' : `, which sees ${from}`;
  return `${who}${shown} (${state === 'waiting' ? 'nobody answered' : state})`;
}
