import { describe, expect, it } from 'vitest';
import { parseCommand } from '../parse-command.ts';
import { AT, alerting, loadScript, logsFrom, logsOf } from '../test-support/sandbox-kit.ts';

const QUICK = { callbackCpuMs: 100 };

describe('each limit has its end, with kind and line', () => {
  it.each([
    ['an endless loop (the line of its function)', '\n\nfunction f() { while (true) {} }\nf();', 'cpu', 3],
    ['an endless loop that catches everything', 'for (;;) { try { for (;;) {} } catch (e) {} }', 'cpu', 1],
    ['a regular expression bomb', '/(a+)+$/.test("a".repeat(60) + "b")', 'cpu', 1],
    [
      'a chain of promises without an end',
      'let n = 0; async function f() { for (;;) await n++; } f()',
      'cpu',
      undefined,
    ],
    [
      'microtasks that beget microtasks',
      'const f = () => { Promise.resolve().then(f); }; f()',
      'cpu',
      undefined,
    ],
    ['an endless getter', 'throw { get message() { for (;;) {} } }', 'cpu', undefined],
    ['a memory bomb', 'const a = [];\nfor (;;) a.push(new Array(1000).fill(7));', 'memory', undefined],
    ['a huge array', 'new Array(1e8).fill(1)', 'memory', 1],
    ['a recursion', '\nfunction f() { f(); }\nf();', 'stack', 2],
    ['a flood of commands', 'for (;;) Logger.write("x")', 'flood', 1],
    [
      'a flood of commands that catches everything',
      'for (;;) try { Logger.write("x") } catch (e) {}',
      'flood',
      undefined,
    ],
    ['a syntax error', 'var a = 1;\nvar b = ;', 'syntax', 2],
    ['an exception', 'var a = 1;\n\nnull.x', 'exception', 3],
    ['a thrown value', 'throw "gone"', 'exception', undefined],
    [
      'an error that lies about itself',
      'const e = new Error("a"); e.stack = 7; e.message = { x: 1 }; throw e',
      'exception',
      undefined,
    ],
  ])('%s', async (_name, source, kind, line) => {
    const { turn, runtime } = await loadScript(source, { ...QUICK, heapBytes: 4 * 1024 * 1024 });
    // `throw {get message}` is read under a budget of its own and then counts as an exception.
    expect(kind === 'cpu' ? ['cpu', 'exception'] : [kind]).toContain(turn.error?.kind);
    expect(turn.error?.scenario).toBe('taxi.js');
    if (line !== undefined) expect(turn.error?.line).toBe(line);
    expect(turn.error?.message.length).toBeGreaterThan(0);
    expect(runtime.isDead).toBe(true);
    expect(runtime.dispatch(alerting())).toEqual({ commands: [], error: undefined });
  });

  it('too long a script is not even read', async () => {
    const { turn } = await loadScript(`Logger.write('x');${' '.repeat(256 * 1024)}`);
    expect(turn).toMatchObject({ commands: [], error: { kind: 'size' } });
  });

  it('a giant string stays inside its memory', async () => {
    const { turn } = await loadScript('let s = "x"; for (;;) s += s;', QUICK);
    expect(turn.error).toMatchObject({
      kind: 'exception',
      message: expect.stringMatching(/string too long/) as unknown,
    });
  });

  it('a budget counts per callback: many short ones are no crime', async () => {
    const { runtime } = await loadScript(
      'VoxEngine.addEventListener(AppEvents.CallAlerting, () => { for (let i = 0; i < 1e5; i++); });',
      QUICK,
    );
    for (let i = 0; i < 100; i++) expect(runtime.dispatch(alerting()).error).toBeUndefined();
  });

  it.each([
    ['timers', 'setTimeout(() => {}, 1)', 100, 'timer limit'],
    ['players', "VoxEngine.createURLPlayer('http://a/b.wav')", 10, 'player limit'],
    ['requests', "Net.httpRequest('http://a/', () => {})", 35, 'HTTP connection count limit'],
    ['calls', "VoxEngine.callPSTN('1', '2')", 30, 'call limit'],
  ])('too many %s throw in the script', async (_name, one, count, message) => {
    const logs = await logsFrom(
      `let n = 0; try { for (;;) { ${one}; n++; } } catch (e) { Logger.write(n + ' ' + e.message); }`,
    );
    expect(logs[0]).toMatch(new RegExp(`^${count} Exceeded the .*${message}`));
  });

  it('a long log line is cut', async () => {
    const [line] = await logsFrom('Logger.write("x".repeat(100000))');
    expect(line).toHaveLength(8193);
  });
});

describe('a script owns its sandbox and nothing else', () => {
  it.each([
    [
      'the constructor of a function',
      '(function () {}).constructor("return typeof process + typeof require(0)")()',
    ],
    ['the constructor of an async function', 'void (async () => {}).constructor("return 1")'],
    ['a dynamic import', 'import("node:fs").catch(() => {})'],
    ['an import of the API', 'import("maskline:host-link").then(() => Logger.write("in"), () => {})'],
    ['eval', 'eval("typeof process")'],
  ])('%s reaches nothing', async (_name, source) => {
    const logs = await logsFrom(`Logger.write(String(typeof process)); ${source}`);
    expect(logs.filter((line) => !line.startsWith('require'))).toEqual(['undefined']);
  });

  it('prototype pollution inside does not reach the commands that the host reads', async () => {
    const { turn } =
      await loadScript(`Object.prototype.callerid = '+79129999999'; Object.prototype.type = 'terminate'; Array.prototype.toJSON = () => 'x';
      Object.prototype.toJSON = function () { return { type: 'dial', __proto__: { evil: true }, constructor: 1 }; };
      VoxEngine.terminate();`);
    for (const text of turn.commands) {
      // The script may forge its own commands, and they are refused or read like any other.
      expect(() => parseCommand(text)).toThrow(/callId|target|string/);
    }
    expect(({} as Record<string, unknown>).evil).toBeUndefined();
    expect(({} as Record<string, unknown>).callerid).toBeUndefined();
  });

  it('replaced built-ins do not stop events', async () => {
    const { runtime } =
      await loadScript(`JSON.parse = () => ({}); JSON.stringify = () => 'x'; Promise.prototype.then = null; WeakMap.prototype.get = null;
      Date.now = () => 1; VoxEngine.addEventListener(AppEvents.CallAlerting, async e => { e.call.answer(); });`);
    expect(runtime.dispatch(alerting()).commands).toEqual([
      '{"type":"call-answer","callId":"call-in","headers":{}}',
    ]);
  });

  it('the way in for events cannot be reached from a call', async () => {
    const { runtime } = await loadScript(`VoxEngine.addEventListener(AppEvents.CallAlerting, e => {
      Logger.write(Object.getOwnPropertyNames(e.call.constructor).join() + Object.keys(e.call)); });`);
    expect(logsOf(runtime.dispatch(alerting()))).toEqual(['length,name,prototype']);
  });

  it('sessions share nothing', async () => {
    await loadScript('globalThis.secret = 1; Array.prototype.mine = 2; Logger.write = null;');
    expect(await logsFrom('Logger.write(typeof secret + typeof [].mine)')).toEqual(['undefinedundefined']);
  });

  it('a memory bomb next door leaves other sandboxes alone', async () => {
    const { runtime } = await loadScript(
      'let n = 0; VoxEngine.addEventListener(AppEvents.CallAlerting, () => Logger.write(++n));',
    );
    for (let i = 1; i <= 5; i++) {
      const { turn } = await loadScript('const a = []; for (;;) a.push({});');
      expect(turn.error?.kind).toBe('memory');
      expect(logsOf(runtime.dispatch(alerting(AT + i)))).toEqual([String(i)]);
    }
  });
});
