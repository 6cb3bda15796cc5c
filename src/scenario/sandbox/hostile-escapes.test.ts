/** Ways out of the sandbox, and ways to stop it, that `hostile.test.ts` does not have. Each ends its own session at most. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BadCommand, parseCommand } from '../parse-command.ts';
import type { Turn } from '../protocol.ts';
import { INSTRUMENT } from '../test-support/coverage/instrument.ts';
import { AT, alerting, loadScript, logsFrom, logsOf, STARTED } from '../test-support/sandbox-kit.ts';
import { SessionKit, turns } from '../test-support/session-kit.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { LocalSandboxes } from './local-sandboxes.ts';
import type { Sandbox } from './sandboxes.ts';

const QUICK = { callbackCpuMs: 50, heapBytes: 4 * 1024 * 1024 };

/** Stops with an error of one of these kinds. */
const STOPPED: readonly [string, string, readonly string[]][] = [
  ['a flood of promises', 'for (;;) Promise.resolve().then(() => {}).then(() => {})', ['cpu', 'memory']],
  [
    'promises that wait for ever',
    'const all = []; for (;;) all.push(new Promise(() => {}))',
    ['memory', 'cpu'],
  ],
  [
    'an endless generator, spread',
    '[...(function* () { for (;;) yield "x".repeat(100) })()]',
    ['memory', 'cpu'],
  ],
  [
    'an endless iterator in a destructuring',
    'const [...all] = { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }) }) }',
    ['memory', 'cpu'],
  ],
  [
    'a `finally` that goes on',
    'function f() { for (;;) try { return 1 } finally { continue } } f()',
    ['cpu'],
  ],
  [
    'a generator that does not want to end',
    'function* g() { for (;;) try { yield } finally { for (;;) {} } } const i = g(); i.next(); i.return()',
    ['cpu'],
  ],
  [
    'strings that double',
    'let s = "ab"; for (;;) { s = s.replace(/a|b/g, "$&$&"); }',
    ['memory', 'cpu', 'exception'],
  ],
  ['padding without end', '"x".padStart(2 ** 30, "y")', ['memory', 'exception']],
  [
    'JSON that is too deep',
    'let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; JSON.stringify(o)',
    ['stack', 'exception', 'memory'],
  ],
  ['text that is parsed too deep', 'JSON.parse("[".repeat(1e5))', ['stack', 'exception', 'syntax']],
  ['code that nests too deep', 'eval("(".repeat(1e5))', ['stack', 'exception', 'syntax']],
  ['a giant number', '(10n ** 10000000n).toString()', ['memory', 'cpu', 'exception']],
  ['a typed array', 'const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1))', ['memory', 'exception']],
  [
    'a buffer that grows',
    'const b = new ArrayBuffer(1, { maxByteLength: 2 ** 30 }); b.resize(2 ** 29); new Uint8Array(b).fill(1)',
    ['memory', 'exception'],
  ],
  ['a sort that lies', 'Array.from({ length: 1e5 }, (_, i) => i).sort(() => { for (;;) {} })', ['cpu']],
  [
    'a regular expression with captures',
    '/^(([a-z])+.)+[A-Z]([a-z])+$/.test("a".repeat(200))',
    ['cpu', 'exception'],
  ],
  [
    'a regular expression made of many',
    'new RegExp("(".repeat(1e4) + ")".repeat(1e4)).exec("")',
    ['stack', 'exception', 'memory', 'syntax'],
  ],
  ['a proxy of itself', 'const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x', ['stack', 'exception']],
  [
    'a prototype that leads back',
    'const o = {}; Object.setPrototypeOf(o, new Proxy(o, {})); o.x',
    ['stack', 'exception'],
  ],
  [
    'a toString that calls itself',
    'const o = { toString() { return `${this}` } }; Logger.write(o)',
    ['stack', 'exception'],
  ],
  ['a toString that never ends', 'Logger.write({ toString() { for (;;) {} } })', ['cpu']],
  ['a valueOf that never ends, in a number', 'setTimeout(() => {}, { valueOf() { for (;;) {} } })', ['cpu']],
  [
    'a toJSON that never ends',
    'Net.httpRequest("http://a/", () => {}, { postData: { toJSON() { for (;;) {} } } })',
    ['cpu'],
  ],
  [
    'a getter that never ends, in an option',
    'VoxEngine.callUser({ get username() { for (;;) {} } })',
    ['cpu'],
  ],
  [
    'a proxy that never ends, as options',
    'VoxEngine.callSIP("sip:a@b", new Proxy({}, { get() { for (;;) {} } }))',
    ['cpu'],
  ],
  [
    'headers without end',
    'const h = {}; for (let i = 0; i < 1e7; i++) h["X-" + i] = "1"; VoxEngine.callSIP("sip:a@b", { headers: h })',
    ['memory', 'cpu'],
  ],
  [
    'ten thousand calls to the host in a loop',
    'for (let i = 0; i < 10000; i++) try { VoxEngine.terminate(); } catch (e) {}',
    ['flood'],
  ],
  [
    'commands that are too large together',
    'for (let i = 0; i < 900; i++) VoxEngine.callPSTN("1", "2").sendMessage("x".repeat(1e5))',
    ['flood', 'exception', 'memory', 'cpu'],
  ],
  [
    'an error whose stack is a bomb',
    'Error.prepareStackTrace = () => { for (;;) {} }; Object.defineProperty(Error.prototype, "stack", { get() { for (;;) {} } }); const e = new Error("a"); Object.defineProperty(e, "message", { get() { for (;;) {} } }); throw e',
    ['cpu', 'exception'],
  ],
  [
    'an error that is huge',
    'const e = new Error("x".repeat(1e6)); e.more = "y".repeat(1e6); throw e',
    ['exception', 'memory'],
  ],
  [
    'a thrown proxy',
    'throw new Proxy({}, { get() { throw new Proxy({}, {}) }, ownKeys() { for (;;) {} }, getPrototypeOf() { for (;;) {} } })',
    ['exception', 'cpu'],
  ],
  ['a thrown function', 'throw function f() { for (;;) {} }', ['exception']],
  [
    'a rejection that is thrown at the top level',
    'throw Promise.reject(new Error("x"))',
    ['exception', 'memory'],
  ],
  [
    'finalizers that work',
    'const r = new FinalizationRegistry(() => { for (;;) {} }); for (let i = 0; i < 1e6; i++) r.register({}, i); for (;;) {}',
    ['cpu', 'memory', 'exception'],
  ],
  [
    'a wait on shared memory',
    'Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0, 1e9)',
    ['exception', 'cpu'],
  ],
];

/** Loops of the interpreter itself, which it cannot stop. */
const ENDLESS: readonly [string, string][] = [
  ['a sparse array that is joined', "new Array(2 ** 32 - 1).join('')"],
  ['a sparse array that is visited', 'new Array(2 ** 32 - 1).forEach(() => {})'],
  ['one that is appended', '[].concat([1], new Array(2 ** 32 - 1))'],
  ['one deep inside another', '[[[new Array(2 ** 32 - 1)]]].flat(Infinity)'],
  ['one that makes a set', 'new (new Set().constructor)(new Array(2 ** 32 - 1))'],
  ['what only looks like an array', 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)'],
  ['a template without end', 'String.raw({ raw: { length: 2 ** 53 - 1 } })'],
  ['a long text in a long text', "'a'.repeat(3e6).indexOf('a'.repeat(1e6) + 'b')"],
  ['a text that is split by a long one', "'a'.repeat(3e6).split({ toString: () => 'a'.repeat(1e6) + 'b' })"],
  ['a replacement of a long text', "'a'.repeat(3e6).replaceAll('a'.repeat(1e6) + 'b', '')"],
];

describe('loops that the interpreter cannot stop', () => {
  it.each(ENDLESS)('%s is refused, or takes steps that can be stopped', async (_name, source) => {
    const { turn } = await loadScript(source, { ...QUICK, heapBytes: 16 * 1024 * 1024 });
    expect(['cpu', 'exception']).toContain(turn.error?.kind);
  });

  it('what everybody does with arrays and texts goes on as it did', async () => {
    const [line = ''] = await logsFrom(
      `function rest() { return Array.prototype.slice.call(arguments, 1).join('-'); } class Many extends Set {} const o = { 0: 'a', length: 1 };
       Logger.write(JSON.stringify([[1, [2, [3, , 4]]].flat(), [1, [2, [3]]].flat(Infinity), [1, 2].flatMap(x => [x, [x]]), [3, 1, 2].sort().concat([4], 5), [1, 2].reverse(), rest(1, 2, 3),
         'a,b'.split(','), 'ab'.split(''), 'a b'.split(/ /, 1), 'a'.split(), 'aXbX'.replace('X', '$&$&'), 'aXbX'.replaceAll('X', (m, at) => m + at), 'a1'.replace(/([0-9])/, '<$1>'), 'abc'.includes('b'), 'abc'.indexOf('c', 1), 'undefined'.indexOf(),
         String.raw\`a\${1}\\n\`, new Set([1, 1]).size, new Many([1]) instanceof Many, new Set() instanceof Set, Set.name, [].map.name, [].map.length, Array.prototype.fill.call(o, 'b') === o, o[0], [1, 2, 3].splice(1, 1), [, 1].includes(undefined), 'x'.replace({ [Symbol.replace]: s => s + '!' }, '')]));`,
    );
    expect(JSON.parse(line)).toEqual([
      [1, 2, [3, null, 4]],
      [1, 2, 3],
      [1, [1], 2, [2]],
      [1, 2, 3, 4, 5],
      [2, 1],
      '2-3',
      ['a', 'b'],
      ['a', 'b'],
      ['a'],
      ['a'],
      'aXXbX',
      'aX1bX3',
      'a<1>',
      true,
      2,
      0,
      'a1\\n',
      1,
      true,
      true,
      'Set',
      'map',
      1,
      true,
      'b',
      [2],
      true,
      'x!',
    ]);
  });

  it('null and undefined are refused as ever', async () => {
    expect(
      await logsFrom(
        "for (const f of [[].map, ''.split, ''.indexOf]) try { f.call(null, x => x); } catch (e) { Logger.write(e.name); }",
      ),
    ).toEqual(['TypeError', 'TypeError', 'TypeError']);
  });
});

describe('what would stop the thread', () => {
  it.each(STOPPED)('%s', async (_name, source, kinds) => {
    const { turn, runtime } = await loadScript(source, QUICK);
    expect(kinds).toContain(turn.error?.kind);
    expect(turn.error?.message.length).toBeLessThan(5000);
    expect(runtime.isDead).toBe(true);
    for (const text of turn.commands)
      expect(text.length).toBeLessThanOrEqual(DEFAULT_LIMITS.commandCharsPerTurn);
  });
});

/** What a script can look at without an error, and what it must not find. */
const NOTHING: readonly [string, string][] = [
  [
    'the constructor of a method',
    "new (VoxEngine.callPSTN.constructor)('return typeof process + typeof globalThis.process')()",
  ],
  [
    'the constructor of the constructor of a result',
    "VoxEngine.callPSTN('1','2').constructor.constructor('return typeof process')()",
  ],
  [
    'the caller of a function',
    '(function f() { try { return typeof f.caller + typeof f.arguments } catch (e) { return e.name } })()',
  ],
  ['what this is, in the functions of the API', 'Logger.write.call(globalThis, "x"); typeof this.process'],
  [
    'the globals that begin with two underscores',
    'Object.getOwnPropertyNames(globalThis).filter(n => n.startsWith("__")).join()',
  ],
  [
    'the host by names that it might have',
    '["process","require.main","module","exports","global","window","self","Deno","Bun","std","os","bjson","scriptArgs","print","load","Worker","XMLHttpRequest","__filename"].filter(n => { try { return (0, eval)(`typeof ${n}`) !== "undefined" } catch (e) { return false } }).join()',
  ],
  [
    'symbols of the host',
    'Object.getOwnPropertySymbols(globalThis).filter(s => s !== Symbol.toStringTag).length',
  ],
  ['a realm of its own', 'typeof ShadowRealm + typeof Realm'],
];

describe('what would be a way out', () => {
  it.each(NOTHING)('%s', async (_name, expression) => {
    const logs = await logsFrom(
      `const found = String(${expression.includes(';') ? `(() => { ${expression.replace(/;([^;]*)$/, '; return $1')} })()` : expression}); Logger.write('found ' + found);`,
    );
    const found = logs.at(-1)?.replace('found ', '') ?? '';
    expect(
      found
        .replaceAll('undefined', '')
        .replaceAll('object', '')
        .replaceAll('TypeError', '')
        .replace(/^0$/, ''),
    ).toBe('');
  });

  it('a stack names scripts and the API by its modules, and no file of this machine', async () => {
    const [stack = ''] = await logsFrom(
      'try { VoxEngine.sendMediaBetween({ get x() { return 1 } }, 2) } catch (e) { Logger.write(e.stack) }',
    );
    expect(stack).toContain('taxi.js:1');
    expect(stack).not.toMatch(/\/|node|\.ts\b/);
  });

  it('modules of the API cannot be imported, nor anything else', async () => {
    const names = [
      './main.ts',
      'maskline:main',
      'maskline:host-link',
      'maskline:observe',
      'node:fs',
      'file:///etc/passwd',
      'data:text/javascript,1',
    ];
    const { turn } = await loadScript(
      `for (const name of ${JSON.stringify(names)}) import(name).then(() => Logger.write('in ' + name), () => {});`,
    );
    expect(logsOf(turn)).toEqual([]);
    expect((await loadScript("import fs from 'node:fs'; Logger.write(1)")).turn.error?.kind).toBe('syntax');
    expect((await loadScript('Logger.write(import.meta.url)')).turn.error?.kind).toBe('syntax');
  });

  it('what the API handed out keeps working when it is taken apart', async () => {
    const { runtime } = await loadScript(
      `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { Object.setPrototypeOf(call, null); const { answer } = Object.getPrototypeOf(VoxEngine.callPSTN('1', '2'));
         for (const self of [{}, null, undefined, 7, Object.create(call), new Proxy(call, {})]) try { Reflect.apply(answer, self, []); Logger.write('answered'); } catch (e) { Logger.write(e.name); }
         Reflect.apply(answer, call, []); });`,
    );
    const turn = runtime.dispatch(alerting());
    expect(logsOf(turn)).toEqual(Array(6).fill('TypeError'));
    expect(turn.commands.at(-1)).toBe('{"type":"call-answer","callId":"call-in","headers":{}}');
  });

  it('arguments that lie: what the host reads is what it checked', async () => {
    const { turn } = await loadScript(
      `let n = 0; const liar = { toString: () => (n++ === 0 ? '+7912' : '+7999'), valueOf: () => 1, toJSON: () => 'x', length: 1e9 };
       VoxEngine.callPSTN(liar, liar); VoxEngine.callUser({ username: ['a', 'b'], callerid: { toString: () => '+7495' }, extraHeaders: { __proto__: { 'X-Z': '1' }, ['__proto__']: 'p', constructor: 'c', toString: 't' } });`,
    );
    expect(turn.commands.map((text) => parseCommand(text))).toMatchObject([
      { type: 'dial', target: { kind: 'pstn', number: '+7912' }, callerid: '+7999' },
      { type: 'dial', target: { kind: 'user', username: 'a,b' }, callerid: '+7495' },
    ]);
    expect(({} as Record<string, unknown>).p).toBeUndefined();
  });
});

const FIELDS = {
  callId: 'a',
  playerId: 'a',
  recorderId: 'a',
  requestId: 1,
  timerId: 1,
  code: 486,
  reason: '',
  headers: {},
  on: true,
  digits: '1',
  mimeType: 'a/b',
  body: '',
  text: '',
  ms: 1,
  repeat: false,
  method: 'GET',
  url: 'http://a/',
  raw: false,
  level: 'info',
  message: 'x',
  queue: 'q',
  loop: false,
  paused: false,
  stereo: true,
};

describe('every command that a script could forge', () => {
  const types = [
    'dial',
    'call-answer',
    'call-ring',
    'call-early-media',
    'call-hangup',
    'call-reject',
    'call-handle-tones',
    'call-send-digits',
    'call-send-info',
    'call-send-message',
    'call-hold',
    'call-unhold',
    'call-handle-transfer',
    'call-transfer-result',
    'call-play',
    'call-stop-playback',
    'call-record',
    'media-connect',
    'media-disconnect',
    'player-create',
    'player-pause',
    'player-resume',
    'player-stop',
    'recorder-create',
    'recorder-stop',
    'timer-set',
    'timer-clear',
    'http-request',
    'log',
    'unhandled-rejection',
    'terminate',
    'acd-enqueue',
    'acd-cancel',
  ];
  const forged = [
    (type: string) => `{"type":"${type}","__proto__":${JSON.stringify(FIELDS)}}`,
    (type: string) =>
      `{"type":"${type}",${JSON.stringify(FIELDS).slice(1, -1)},"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}`,
    (type: string) =>
      `{"type":"${type}","callId":{"toString":"a"},"playerId":["a"],"requestId":"1","headers":[]}`,
    (type: string) =>
      `{"type":"${type}","callId":"${'a'.repeat(65)}","playerId":"../../etc","recorderId":"a\\u0000b","timerId":1e400,"requestId":-1,"queue":null}`,
    (type: string) => `[{"type":"${type}"}]`,
  ];

  it.each(types)('%s: read into a plain object without what was smuggled in, or refused', (type) => {
    for (const forge of forged) {
      let command: object;
      try {
        command = parseCommand(forge(type));
      } catch (error) {
        expect(error).toBeInstanceOf(BadCommand);
        continue;
      }
      expect(Object.getPrototypeOf(command)).toBe(Object.prototype);
      expect(Object.keys(command)).not.toEqual(expect.arrayContaining(['__proto__', 'constructor']));
      expect('admin' in command).toBe(false);
    }
    expect('admin' in {}).toBe(false);
  });
});

describe('beside others in one thread', () => {
  let sandboxes: LocalSandboxes;
  beforeAll(async () => {
    sandboxes = new LocalSandboxes({
      limits: { ...DEFAULT_LIMITS, ...QUICK },
      warm: 2,
      instrument: INSTRUMENT,
    });
    await sandboxes.ready;
  });
  afterAll(() => sandboxes.close());

  function open(source: string): { sandbox: Sandbox; turns: Turn[] } {
    const seen: Turn[] = [];
    const scripts = [{ name: 'a.js', source }];
    return {
      sandbox: sandboxes.open({ scripts, started: STARTED, onTurn: (turn) => seen.push(turn) }),
      turns: seen,
    };
  }

  it('a session goes on while others do their worst, and its numbers are its own', async () => {
    const good = open(
      'let n = 0; VoxEngine.addEventListener(AppEvents.CallAlerting, () => Logger.write([++n, typeof stolen, [].stolen, Math.random === Math.random].join()));',
    );
    const worst = STOPPED.filter(([, , kinds]) => kinds.includes('memory')).slice(0, 6);
    for (const [index, [, source]] of worst.entries()) {
      const bad = open(`globalThis.stolen = 1; Array.prototype.stolen = 2; Math.random = () => 4; ${source}`);
      await expect.poll(() => bad.turns.at(-1)?.error).toBeDefined();
      good.sandbox.post(alerting(AT + index));
      await expect.poll(() => good.turns.length).toBe(index + 2);
      expect(logsOf(good.turns[index + 1] as Turn)).toEqual([`${index + 1},undefined,,true`]);
    }
    good.sandbox.close();
    expect(sandboxes.count).toBe(0);
  });

  it('[row 41] in a session: the script dies, its calls are hung up, the next call is served', async () => {
    const kit = await SessionKit.create();
    await kit.start(
      "const call = VoxEngine.callPSTN('+79120000002', '+74950000001'); setTimeout(() => { const a = []; for (;;) a.push(new Array(1000).fill(7)); }, 10);",
    );
    expect(kit.calls.active).toHaveLength(1);
    await kit.advance(10);
    expect(kit.ended[0]?.error?.message).toMatch(/memory/);
    await kit.start("Logger.write('alive'); VoxEngine.terminate();");
    await turns();
    await kit.advance(10_000);
    expect(kit.logs).toContain('alive');
    kit.expectNothingLeft();
  });
});
