import { beforeAll, describe, expect, it } from 'vitest';
import type { ScenarioSource } from '../../call/types.ts';
import type { Turn } from '../protocol.ts';
import { AT, alerting, logsOf, STARTED } from '../test-support/sandbox-kit.ts';
import { type Instance, SandboxImage } from './image.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { LocalSandboxes } from './local-sandboxes.ts';
import { SandboxRuntime } from './runtime.ts';
import { keyOf } from './script-images.ts';

let image: SandboxImage;
beforeAll(async () => {
  image = await SandboxImage.build(DEFAULT_LIMITS);
});

const scriptsOf = (...sources: string[]): ScenarioSource[] =>
  sources.map((source, index) => ({ name: `${index}.js`, source }));
const preload = async (...sources: string[]) =>
  new SandboxRuntime(await image.instantiate(), DEFAULT_LIMITS).preload(scriptsOf(...sources), image);
const HANDLER = `const greeting = 'hello'; let count = 0; class Counter { #n = 0; next() { return ++this.#n; } }
  const counter = new Counter();
  VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call, callerid }) => {
    count += 1; await null;
    Logger.write([greeting, count, counter.next(), callerid, VoxEngine.customData(), Date.now(), Math.random()].join());
  });`;

describe('scripts that ran before', () => {
  it('do in a session what they do when they are loaded for it', async () => {
    const scripts = scriptsOf(
      'function shared() { return 1; }',
      HANDLER,
      'VoxEngine.addEventListener(AppEvents.Started, (e) => Logger.write(e.sessionId + shared()))',
    );
    const delta = await preload(...scripts.map(({ source }) => source));
    expect(delta).toBeDefined();
    const turns: Turn[][] = [];
    for (const held of [undefined, delta, delta]) {
      const instance = await image.instantiate();
      image.apply(instance, held);
      const runtime = new SandboxRuntime(instance, DEFAULT_LIMITS);
      const first =
        held === undefined
          ? runtime.load(scripts, STARTED)
          : runtime.loadAgain(scripts, JSON.stringify(STARTED));
      turns.push([first, runtime.dispatch(alerting())]);
    }
    const [fresh, ...again] = turns;
    expect(fresh?.map(logsOf)).toEqual([
      ['session-11'],
      [expect.stringMatching(/^hello,1,1,\+79120000001,order 7,\d+,0\.\d+$/)],
    ]);
    for (const one of again) expect(one).toEqual(fresh);
  });

  it('name their line when they fail later', async () => {
    const source = `VoxEngine.addEventListener(AppEvents.CallAlerting, () => {\n  nothing.here();\n});`;
    const instance = await image.instantiate();
    image.apply(instance, await preload(source));
    const runtime = new SandboxRuntime(instance, DEFAULT_LIMITS);
    runtime.loadAgain(scriptsOf(source), JSON.stringify(STARTED));
    expect(runtime.dispatch(alerting()).error).toMatchObject({ scenario: '0.js', line: 2 });
  });

  it.each([
    ['ask for their data', 'const url = VoxEngine.customData();'],
    ['set their data', "VoxEngine.customData('x');"],
    ['ask for the time', 'const now = new Date();'],
    ['ask for the time as a text', 'const now = Date();'],
    ['throw dice', 'const id = Math.random();'],
    ['throw dice below the API', 'const q = new Map([[1, Math.random]]); q.get(1)();'],
    ['say something', "Logger.write('loaded');"],
    ['set a timer', 'setTimeout(() => {}, 1000);'],
    ['call somebody', "VoxEngine.callPSTN('+7', '+7');"],
    ['ask a backend', "Net.httpRequest('http://a.b/', () => {});"],
    ['ask in a promise', 'Promise.resolve().then(() => Date.now());'],
    ['warn', "require('nonsense');"],
    ['fail', 'throw new Error();'],
    ['are no JavaScript', 'const ='],
    ['are too long', `/*${'x'.repeat(DEFAULT_LIMITS.scriptChars)}*/`],
    ['need more memory than an instance begins with', "const big = 'x'.repeat(9_000_000);"],
  ])('are loaded for each session when they %s', async (_what, source) => {
    expect(await preload(source)).toBeUndefined();
  });

  it('leave nothing in an instance that goes to other scripts', async () => {
    const [secret, other] = [
      await preload("const planted = ['PLANT', 'ED-IT'].join('');"),
      await preload('var a = 1;'),
    ];
    const [fresh, used] = [await image.instantiate(), await image.instantiate()];
    const bytes = ({ memory }: Instance): Buffer => Buffer.from(memory.buffer);
    for (const delta of [secret, undefined, secret, other, undefined]) {
      image.apply(used, delta);
      expect(bytes(used).includes('PLANTED-IT')).toBe(delta === secret);
    }
    expect(bytes(used).equals(bytes(fresh))).toBe(true);
    image.apply(used, secret);
    expect(image.restore(used)).toBe(true);
    expect(bytes(used).equals(bytes(fresh))).toBe(true);
  });
});

describe('sandboxes', () => {
  it('serve sessions of several scripts in any order, from the first to the tenth alike', async () => {
    const sandboxes = new LocalSandboxes({ limits: DEFAULT_LIMITS, warm: 2 });
    await sandboxes.ready;
    const sources = {
      quiet: HANDLER,
      asks: `const loadedAt = Date.now() + ':' + VoxEngine.customData();
        VoxEngine.addEventListener(AppEvents.CallAlerting, () => Logger.write(loadedAt));`,
    };
    const run = (source: string, customData: string): Promise<string[]> =>
      new Promise((resolve) => {
        const turns: Turn[] = [];
        const sandbox = sandboxes.open({
          scripts: scriptsOf(source),
          started: { ...STARTED, customData },
          onTurn: (turn) => {
            expect(turn.error).toBeUndefined();
            if (turns.push(turn) < 2) return;
            sandbox.close();
            resolve(turns.flatMap(logsOf));
          },
        });
        sandbox.post(alerting());
      });
    for (let i = 0; i < 10; i++) {
      expect(await run(sources.asks, `order ${i}`)).toEqual([`${AT}:order ${i}`]);
      expect(await run(sources.quiet, `order ${i}`)).toEqual([
        expect.stringMatching(new RegExp(`^hello,1,1,\\+79120000001,order ${i},`)),
      ]);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sandboxes.close();
  });

  it('know scripts by name and text', () => {
    const one = [{ name: 'a.js', source: 'b' }];
    expect(keyOf([...one])).toBe(keyOf(one));
    expect(new Set([keyOf(one), keyOf([{ name: 'a.jsb', source: '' }]), keyOf([...one, ...one])]).size).toBe(
      3,
    );
  });
});
