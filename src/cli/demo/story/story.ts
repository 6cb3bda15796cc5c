/**
 * The whole story of the taxi example, played with phones of our own and checked from the outside, step by step: what
 * the displays show, who hears whom, what the backend has promised, what was recorded and recognised, and that nothing
 * of one side ever reached the other.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PhoneCall } from '../../../phone/phone-call.ts';
import type { Conversation } from './conversations.ts';
import { checkLeaks, checkRecordings, checkTranscripts } from './evidence.ts';
import { HZ, type Role, restartBackend, type StoryStage, setStoryStage, strikeStory } from './stage.ts';
import { hearsBeep, hearsSilence, hearsVoice, utterance } from './voices.ts';
import { type Sayings, sayings } from './words.ts';

/** One line of `demo --story --json`. */
export interface StoryStep {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen, or what does not hold. */
  readonly detail: string;
}

export interface StoryResult {
  readonly ok: boolean;
  readonly steps: readonly StoryStep[];
}

/** Plays it. A step that does not hold is in the result, and the next ones are played all the same. */
export async function playStory(tell: (line: string) => void): Promise<StoryResult> {
  const folder = await mkdtemp(join(tmpdir(), 'maskline-story-'));
  try {
    const stage = await setStoryStage(folder);
    try {
      return await new Story(stage, await sayings(), tell).play();
    } finally {
      await strikeStory(stage);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Story {
  readonly #stage: StoryStage;
  readonly #sayings: Sayings;
  readonly #tell: (line: string) => void;
  readonly #steps: StoryStep[] = [];
  readonly #conversations: Conversation[] = [];

  constructor(stage: StoryStage, words: Sayings, tell: (line: string) => void) {
    this.#stage = stage;
    this.#sayings = words;
    this.#tell = tell;
  }

  async play(): Promise<StoryResult> {
    const { driver } = this.#stage.phones;
    this.#order('en');
    await this.#step('the driver reaches the passenger through the service number', async () => {
      const outgoing = driver.call(this.#stage.serviceNumber);
      return await this.#answered('driver', outgoing, 'passenger');
    });
    await this.#step('the passenger calls later: wrong key, no key, once more, then 1 for the driver', () =>
      this.#menuToDriver(),
    );
    this.#order('ru');
    await this.#step('the menu in Russian: 2 for the operator, a SIP user', async () => {
      const outgoing = await this.#passengerInMenu();
      outgoing.rtp.pressKeys('2');
      return await this.#answered('passenger', outgoing, 'operator');
    });
    await this.#step(
      'off shift the menu promises a call, and the company’s backend keeps that through a restart',
      () => this.#promise(),
    );
    await this.#step(
      'the shift begins: the driver is called, presses 1, the passenger is called, they talk',
      () => this.#callBack(),
    );
    await this.#step('every conversation is recorded in two channels', () =>
      checkRecordings(this.#stage, this.#conversations.length),
    );
    await this.#step('every conversation is recognised, the transcript lies beside the recording', () =>
      checkTranscripts(this.#stage),
    );
    await this.#step('nothing of one side ever reached the other', async () =>
      checkLeaks(this.#stage, this.#conversations),
    );
    return { ok: this.#steps.every(({ ok }) => ok), steps: this.#steps };
  }

  async #step(name: string, play: () => Promise<string>): Promise<void> {
    let step: StoryStep;
    try {
      step = { name, ok: true, detail: await play() };
    } catch (error) {
      step = { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
      await this.#everybodyHangsUp();
    }
    this.#steps.push(step);
    this.#tell(`${step.ok ? 'ok  ' : 'NOT '} ${name}\n       ${step.detail}`);
  }

  #order(language: 'en' | 'ru'): void {
    const [order] = this.#stage.backend.orders;
    this.#stage.backend.orders.splice(0, 1, { ...order!, language });
  }

  async #passengerInMenu(): Promise<PhoneCall> {
    const outgoing = this.#stage.phones.passenger.call(this.#stage.serviceNumber);
    await outgoing.waitFor('connected');
    await hearsVoice(outgoing, 1);
    return outgoing;
  }

  async #menuToDriver(): Promise<string> {
    const outgoing = await this.#passengerInMenu();
    outgoing.rtp.pressKeys('7');
    await hearsVoice(outgoing, 2);
    await hearsSilence(outgoing, 2);
    await hearsVoice(outgoing, 2);
    outgoing.rtp.pressKeys('*');
    await hearsVoice(outgoing, 1);
    outgoing.rtp.pressKeys('1');
    return `7 and silence brought the menu again, so did *; 1: ${await this.#answered('passenger', outgoing, 'driver')}`;
  }

  async #promise(): Promise<string> {
    const { driver } = this.#stage.backend.orders[0]!;
    await this.#post('/shifts', { driver, on: false });
    const outgoing = await this.#passengerInMenu();
    outgoing.rtp.pressKeys('1');
    await hearsVoice(outgoing, 1.5);
    await outgoing.waitFor('ended', 20_000);
    await restartBackend(this.#stage);
    const [promise] = this.#stage.backend.promises.all();
    if (promise?.status !== 'waiting') throw new Error(`the promise is ${promise?.status ?? 'forgotten'}`);
    return 'promised, said so, hung up; the backend was restarted and still knows';
  }

  async #callBack(): Promise<string> {
    const { serviceNumber, phones, backend } = this.#stage;
    const { driver } = backend.orders[0]!;
    const { started } = (await this.#post('/shifts', { driver, on: true })) as { started: number };
    if (started !== 1) throw new Error(`${started} scenarios were started`);
    const called = await phones.driver.nextCall();
    if (called.shown.number !== serviceNumber) throw new Error(`the driver saw ${called.shown.number}`);
    await called.waitFor('connected');
    await hearsVoice(called, 1);
    called.rtp.pressKeys('1');
    const detail = await this.#answered('driver', called, 'passenger');
    for (let tries = 0; backend.promises.all()[0]?.status !== 'kept'; tries++) {
      if (tries === 100) throw new Error('the backend was not told that the promise is kept');
      await sleep(50);
    }
    return `the driver’s phone showed ${called.shown.number} too; ${detail}; the backend notes the promise as kept`;
  }

  /** The other phone rings and answers; both speak and hear each other; the first hangs up. */
  async #answered(one: Role, call: PhoneCall, other: Role): Promise<string> {
    const { serviceNumber, phones } = this.#stage;
    const answer = await Promise.race([phones[other].nextCall(), failed(call)]);
    if (answer.shown.number !== serviceNumber) throw new Error(`the ${other} saw ${answer.shown.number}`);
    await Promise.all([answer.waitFor('connected'), call.waitFor('connected')]);
    this.#conversations.push({ one, call, other, answer });
    // Sound is joined a moment after the answer: who speaks at once would not be heard from the beginning.
    await sleep(300);
    await Promise.all([this.#says(one, call, answer), this.#says(other, answer, call)]);
    call.hangup();
    await Promise.all([phones[one].waitFor('idle'), phones[other].waitFor('idle')]);
    return `the ${other} saw ${answer.shown.number}; each heard the other`;
  }

  async #says(role: Role, from: PhoneCall, to: PhoneCall): Promise<void> {
    const { language = 'en' } = this.#stage.backend.orders[0]!;
    from.rtp.speak(utterance(HZ[role], this.#sayings[language][role]));
    await hearsBeep(to, HZ[role]);
    while (from.rtp.speaking) await sleep(50);
  }

  async #everybodyHangsUp(): Promise<void> {
    const phones = Object.values(this.#stage.phones);
    for (const phone of phones) for (const call of phone.calls) if (call.end === undefined) call.hangup();
    await Promise.allSettled(phones.map((phone) => phone.waitFor('idle')));
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(`${this.#stage.backend.url}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status}`);
    return await response.json();
  }
}

async function failed(call: PhoneCall): Promise<never> {
  await call.waitFor('ended', 60_000);
  throw new Error(`the call ended with ${call.end?.status ?? ''} ${call.end?.reason ?? ''}`);
}
