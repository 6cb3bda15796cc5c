import { beforeAll, describe, expect, it } from 'vitest';
import { AT, alerting, logsOf, STARTED } from '../test-support/sandbox-kit.ts';
import { type Instance, SandboxImage } from './image.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { SandboxRuntime } from './runtime.ts';
import { WarmPool } from './warm-pool.ts';

let image: SandboxImage;
beforeAll(async () => {
  image = await SandboxImage.build(DEFAULT_LIMITS);
});

function run(instance: Instance, source: string): { runtime: SandboxRuntime; logs: string[] } {
  const runtime = new SandboxRuntime(instance, DEFAULT_LIMITS);
  const turn = runtime.load([{ name: 'taxi.js', source }], STARTED);
  if (turn.error !== undefined) throw new Error(turn.error.message);
  return { runtime, logs: logsOf(turn) };
}

const bytesOf = (instance: Instance): Buffer => Buffer.from(instance.memory.buffer);

/** Every way that comes to mind of keeping something. The secret is put together inside, so that it is in no source. */
const PLANT = `
  const secret = ['+7912', '555', '0042'].join('');
  globalThis.kept = secret; Object.prototype.kept = secret; Array.prototype.kept = [secret];
  Function.prototype.call = new Proxy(Function.prototype.call, {}); Math.random = () => 4; JSON.parse = () => secret;
  VoxEngine.kept = secret; Logger.write.kept = secret; Symbol.for(secret); /(\\d+)/.exec(secret);
  const big = secret.repeat(20000); const many = []; for (let i = 0; i < 2000; i++) many.push({ [secret + i]: i });
  new Function('return "' + secret + '"')(); const bytes = Uint8Array.from(secret, c => c.charCodeAt(0));
  const weak = new WeakMap([[VoxEngine, secret]]); const pending = new Promise(() => secret);
  setTimeout(() => secret, 1000); VoxEngine.addEventListener(AppEvents.CallAlerting, () => Logger.write(secret));
  (async () => { await pending; Logger.write(secret); })(); function* g() { yield secret; } const it = g(); it.next();
  try { throw new Error(secret); } catch (e) { globalThis.error = e; } Net.httpRequest('http://a/' + secret, () => secret);
  (function deep(n) { const held = secret + n; return n === 0 ? held : deep(n - 1) + held.length; })(100);`;
const SECRET = Buffer.from('+79125550042');
const WIDE = Buffer.from('+79125550042', 'utf16le');

describe('an instance that is put back to the image', () => {
  it('[row 41] is byte for byte a fresh one: nothing that a session planted is left anywhere in its memory', async () => {
    const [fresh, used] = [await image.instantiate(), await image.instantiate()];
    for (let session = 0; session < 3; session++) {
      const { runtime } = run(used, PLANT);
      expect(logsOf(runtime.dispatch(alerting()))).toEqual(['+79125550042']);
      expect(bytesOf(used).includes(SECRET)).toBe(true);
      expect(image.restore(runtime.release() as Instance)).toBe(true);
      expect(bytesOf(used).includes(SECRET) || bytesOf(used).includes(WIDE)).toBe(false);
      expect(bytesOf(used).equals(bytesOf(fresh))).toBe(true);
      expect(used.globals.map(({ value }) => value)).toEqual(fresh.globals.map(({ value }) => value));
    }
  });

  it('finds also what was written where no allocator would look', async () => {
    const instance = await image.instantiate();
    const fresh = Buffer.from(bytesOf(instance));
    const bytes = bytesOf(instance);
    for (let at = 0; at < bytes.length - SECRET.length; at += 4001) SECRET.copy(bytes, at);
    SECRET.copy(bytes, bytes.length - SECRET.length);
    expect(image.restore(instance)).toBe(true);
    expect(bytesOf(instance).equals(fresh)).toBe(true);
  });

  it('runs the next script as a fresh one does: same answers, same memory, same limits', async () => {
    const used = await image.instantiate();
    image.restore(run(used, PLANT).runtime.release() as Instance);
    const source = `Logger.write([typeof kept, typeof [].kept, typeof error, Math.random(), Date.now(), VoxEngine.kept,
      JSON.parse('1'), RegExp.$1].join());
      VoxEngine.addEventListener(AppEvents.CallAlerting, e => Logger.write(e.call.callerid()));`;
    const [first, second] = [run(await image.instantiate(), source), run(used, source)];
    expect(second.logs).toEqual(first.logs);
    expect(second.runtime.usedBytes).toBe(first.runtime.usedBytes);
    expect(second.runtime.dispatch(alerting(AT + 1))).toEqual(first.runtime.dispatch(alerting(AT + 1)));
    for (const { runtime } of [first, second]) runtime.release();
    image.restore(used);
    const bomb = new SandboxRuntime(used, DEFAULT_LIMITS);
    const turn = bomb.load([{ name: 'taxi.js', source: 'const a = []; for (;;) a.push({});' }], STARTED);
    expect(turn.error?.kind).toBe('memory');
    expect(bomb.release()).toBeUndefined();
  });

  it('is refused when its memory has grown', async () => {
    const { runtime } = run(await image.instantiate(), 'const a = new Uint8Array(8e6).fill(7);');
    expect(image.restore(runtime.release() as Instance)).toBe(false);
  });

  it('is refused when a global or an object of the libraries is not what it was', async () => {
    const instance = await image.instantiate();
    const [pointer] = instance.globals;
    if (pointer === undefined) throw new Error('QuickJS has no stack pointer');
    pointer.value -= 16;
    expect(image.restore(instance)).toBe(false);
    pointer.value += 16;
    expect(image.restore(instance)).toBe(true);
    instance.context.newFunction('leftover', () => {});
    expect(image.restore(instance)).toBe(false);
  });
});

describe('the warm pool', () => {
  it('uses what comes back instead of making more, and only after it was put back', async () => {
    const pool = await WarmPool.create(DEFAULT_LIMITS, 1);
    const instance = pool.take() as Instance;
    pool.giveBack(run(instance, PLANT).runtime.release() as Instance);
    const again = pool.take() as Instance;
    expect(again).toBe(instance);
    expect(bytesOf(again).includes(SECRET)).toBe(false);
    pool.close();
    expect(pool.take()).toBeUndefined();
  });

  it('stays as long as so many sessions ran at once not long ago, and goes afterwards', async () => {
    let now = 0;
    const pool = await WarmPool.create(DEFAULT_LIMITS, 1, { now: () => now });
    const use = async (count: number): Promise<Set<Instance>> => {
      const taken: Instance[] = [];
      while (taken.length < count) taken.push(pool.take() ?? (await pool.make()));
      for (const instance of taken) pool.giveBack(instance);
      return new Set(taken);
    };
    const rush = await use(10);
    expect(rush.size).toBe(10);
    for (let minute = 1; minute <= 9; minute++) {
      now += 60_000;
      await use(1);
    }
    const known = async (): Promise<number> => [...(await use(10))].filter((one) => rush.has(one)).length;
    expect(await known()).toBeGreaterThanOrEqual(9);
    for (let minute = 1; minute <= 11; minute++) {
      now += 60_000;
      await use(2);
    }
    // Two at once, and the one that is kept ready.
    expect(await known()).toBeLessThanOrEqual(3);
    pool.close();
  });
});
