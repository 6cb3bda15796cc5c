import { describe, expect, it } from 'vitest';
import type { HostCommand, HostEvent, Turn } from './protocol.ts';
import type { SandboxRuntime } from './sandbox/runtime.ts';
import { AT, alerting, commandsOf, loadScript, logsOf } from './test-support/sandbox-kit.ts';
import { SessionKit, turns } from './test-support/session-kit.ts';

/** A call whose menu is told in a few words, played from the host's side. */
class Caller {
  readonly #runtime: SandboxRuntime;
  #at = AT;
  #timer: number | undefined;

  constructor(runtime: SandboxRuntime) {
    this.#runtime = runtime;
  }

  static async enters(
    states: string,
    enter = 'main.enter(e.call)',
  ): Promise<{ caller: Caller; did: string[] }> {
    const { runtime, turn } = await loadScript(`require(Modules.IVR);
      const done = name => input => Logger.write(name + ' complete ' + input), late = name => input => Logger.write(name + ' late ' + input);
      ${states}
      VoxEngine.addEventListener(AppEvents.CallAlerting, e => { ${enter} });`);
    if (turn.error !== undefined) throw new Error(turn.error.message);
    const caller = new Caller(runtime);
    return { caller, did: caller.tell(alerting()) };
  }

  tell(event: HostEvent): string[] {
    return this.#read(this.#runtime.dispatch(event));
  }
  types(digits: string): string[] {
    return [...digits].flatMap((tone) =>
      this.tell({ type: 'call-tone', at: this.#at, callId: 'call-in', tone }),
    );
  }
  begins(): string[] {
    return this.tell({ type: 'playback-started', at: this.#at, callId: 'call-in', durationSeconds: 1 });
  }
  heard(error?: string): string[] {
    return this.tell({
      type: 'playback-finished',
      at: this.#at,
      callId: 'call-in',
      ...(error === undefined ? {} : { error }),
    });
  }
  hangsUp(): string[] {
    const end = { code: 200, reason: 'Normal', durationSeconds: 1, headers: {} };
    return this.tell({ type: 'call-disconnected', at: this.#at, callId: 'call-in', ...end });
  }
  /** The one timer that runs goes off. */
  waits(): string[] {
    if (this.#timer === undefined) throw new Error('no timer runs');
    return this.tell({ type: 'timer', at: this.#at, timerId: this.#timer });
  }

  #read(turn: Turn): string[] {
    if (turn.error !== undefined) throw new Error(turn.error.message);
    for (const command of commandsOf(turn)) {
      if (command.type === 'timer-set') this.#timer = command.timerId;
      if (command.type === 'timer-clear' && command.timerId === this.#timer) this.#timer = undefined;
    }
    return commandsOf(turn).flatMap(inWords);
  }
}

function inWords(command: HostCommand): string[] {
  switch (command.type) {
    case 'call-play':
      return [
        command.source.kind === 'say' ? `say ${command.source.text} ${command.source.language}` : 'play',
      ];
    case 'call-stop-playback':
      return ['stop'];
    case 'call-handle-tones':
      return ['tones'];
    case 'timer-set':
      return [`wait ${command.ms}`];
    case 'log':
      return [command.message];
    default:
      return [];
  }
}

// https://voximplant.com/docs/guides/speech/ivr-basics and https://voximplant.com/docs/references/voxengine/ivrsettings
describe('IVRState', () => {
  const MENU = `const one = new IVRState('one', { type: 'noinput', prompt: { play: 'http://a/one.wav' } }, done('one'));
    const main = new IVRState('main', { type: 'select', timeout: 3000, prompt: { say: 'press one', lang: Language.RU_RUSSIAN_FEMALE }, nextStates: { 1: one } }, done('main'), late('main'));
    main.settings.nextStates['0'] = main;`;

  it('select: a digit interrupts the prompt and leads to the next state', async () => {
    const { caller, did } = await Caller.enters(MENU);
    expect(did).toEqual(['tones', 'say press one ru-RU']);
    caller.begins();
    expect(caller.types('0')).toEqual(['stop', 'tones', 'say press one ru-RU']);
    caller.begins();
    expect(caller.heard()).toEqual(['wait 3000']);
    expect(caller.types('1')).toEqual(['play']);
    caller.begins();
    expect(caller.heard()).toEqual(['one complete ']);
    expect(caller.types('1')).toEqual([]);
  });

  it('select: a digit without a state completes the input, also one that every object has', async () => {
    for (const [digit, states] of [
      ['9', MENU],
      ['2', `${MENU} Object.prototype['2'] = one;`],
    ] as const) {
      const { caller } = await Caller.enters(states);
      expect(caller.types(digit)).toEqual(['stop', `main complete ${digit}`]);
    }
  });

  it('the time-out starts when the prompt has been heard, is five seconds unless told, and starts anew with each digit', async () => {
    const { caller } = await Caller.enters(
      "const main = new IVRState('main', { type: 'inputfixed', inputLength: 3, prompt: { say: 'code' } }, done('main'), late('main'));",
    );
    caller.begins();
    expect(caller.heard()).toEqual(['wait 5000']);
    expect(caller.types('4')).toEqual(['wait 5000']);
    expect(caller.waits()).toEqual(['main late 4']);
    expect(caller.types('5')).toEqual([]);
  });

  it('inputfixed takes as many digits as it says, and `input` holds them afterwards', async () => {
    const { caller } = await Caller.enters(
      "const main = new IVRState('main', { type: 'inputfixed', inputLength: 3, prompt: { say: 'code' } }, () => Logger.write(main.input), late('main'));",
    );
    expect(caller.types('12')).toEqual(['stop', 'wait 5000', 'wait 5000']);
    expect(caller.types('3')).toEqual(['123']);
  });

  // Public scripts take the digit away themselves: https://github.com/voximplant/jitsi-connector
  it('inputunknown ends with `terminateOn`, which is part of the input, or when the validator is content', async () => {
    const { caller } = await Caller.enters(
      `const pin = new IVRState('pin', { type: 'inputunknown', prompt: { say: 'pin' }, inputValidator: input => input.endsWith('77') }, done('pin'));
       const main = new IVRState('main', { type: 'inputunknown', terminateOn: '#', prompt: { say: 'number' } }, input => { Logger.write(input); pin.enter(theCall); }); let theCall;`,
      'theCall = e.call; main.enter(e.call);',
    );
    expect(caller.types('495#')).toEqual([
      'stop',
      'wait 5000',
      'wait 5000',
      'wait 5000',
      '495#',
      'tones',
      'say pin en-US',
    ]);
    expect(caller.types('177')).toEqual(['stop', 'wait 5000', 'wait 5000', 'pin complete 177']);
  });

  it('noinput goes to the next state when its prompt has been heard; digits do not hurry it', async () => {
    const { caller, did } = await Caller.enters(
      "const last = new IVRState('last', { type: 'noinput' }, done('last')); const main = new IVRState('main', { type: 'noinput', prompt: { say: 'hello' }, nextState: last });",
    );
    expect(did).toEqual(['say hello en-US']);
    caller.begins();
    expect(caller.types('5')).toEqual([]);
    expect(caller.heard()).toEqual(['wait 0']);
    expect(caller.waits()).toEqual(['last complete ']);
  });

  it('a prompt that cannot be played, and the end of an earlier one, leave nobody waiting', async () => {
    const { caller } = await Caller.enters(MENU);
    expect(caller.heard()).toEqual([]);
    expect(caller.heard('no such voice')).toEqual(['wait 3000']);
    expect(caller.waits()).toEqual(['main late ']);
  });

  it('settings of one visit replace those of the state', async () => {
    const { did } = await Caller.enters(MENU, "main.enter(e.call, { prompt: { say: 'again' } });");
    expect(did).toEqual(['tones', 'say again en-US']);
  });

  it('a call that ends, another state, and IVR.reset leave the menu without a callback', async () => {
    for (const leave of [
      (caller: Caller) => caller.hangsUp(),
      (caller: Caller) =>
        caller.tell({ type: 'call-message', at: AT, callId: 'call-in', text: '', headers: {} }),
    ]) {
      const { caller } = await Caller.enters(
        MENU,
        'e.call.addEventListener(CallEvents.MessageReceived, () => IVR.reset()); one.enter(e.call); main.enter(e.call);',
      );
      caller.begins();
      expect(caller.heard()).toEqual(['wait 3000']);
      expect(leave(caller)).toEqual([]);
      expect(caller.types('1')).toEqual([]);
      expect(() => caller.waits()).toThrow('no timer runs');
    }
  });

  it('an ended call is not asked; what is no call, no type or no settings says so', async () => {
    const { runtime, turn } = await loadScript(
      "new IVRState('m', { type: 'menu' }); new IVRState('n'); try { new IVRState('o', { type: 'noinput' }).enter({}); } catch (e) { Logger.write(e.message); }\n" +
        "VoxEngine.addEventListener(AppEvents.CallAlerting, e => e.call.addEventListener(CallEvents.Failed, () => new IVRState('p', { type: 'select', prompt: { say: 'x' } }).enter(e.call)));",
    );
    expect(logsOf(turn)).toEqual([
      'IVRState m: the type menu is none of select, inputfixed, inputunknown, noinput.',
      'IVRState n: the type  is none of select, inputfixed, inputunknown, noinput.',
      'IVRState.enter needs a Call',
    ]);
    runtime.dispatch(alerting());
    const failed: HostEvent = {
      type: 'call-failed',
      at: AT,
      callId: 'call-in',
      code: 487,
      reason: '',
      headers: {},
    };
    expect(runtime.dispatch(failed).commands).toEqual([]);
  });

  it('whoever types without end fills nothing', async () => {
    const { caller } = await Caller.enters(
      "const main = new IVRState('main', { type: 'inputunknown', terminateOn: '#' }, input => Logger.write(input.length), late('main'));",
    );
    caller.types('1'.repeat(300));
    expect(caller.types('#')).toEqual([]);
    expect(caller.waits()[0]).toHaveLength('main late '.length + 256);
  });
});

it('a menu in a session: the digit of the phone interrupts, and nothing is left after the end', async () => {
  const kit = await SessionKit.create();
  const script = `require(Modules.IVR); VoxEngine.addEventListener(AppEvents.CallAlerting, e => { e.call.answer();
    e.call.addEventListener(CallEvents.Connected, () => new IVRState('m', { type: 'inputfixed', inputLength: 1, prompt: { say: 'press a key' } },
      input => { Logger.write(input); VoxEngine.terminate(); }, () => Logger.write('late')).enter(e.call)); });`;
  const call = kit.calls.ring({
    applicationId: 'a',
    applicationName: 'a',
    ruleName: 'r',
    scenarios: [{ name: 'm.js', source: script }],
  });
  await turns();
  await call.connect();
  await expect.poll(() => kit.said).toEqual([{ text: 'press a key', language: 'en-US' }]);
  call.events.emit('digit', { digit: '7' });
  await kit.advance(0);
  expect(kit.logs).toContain('7');
  await kit.advance(10_000);
  kit.expectNothingLeft();
});
