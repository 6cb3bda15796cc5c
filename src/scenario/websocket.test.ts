/**
 * What a script sees of web sockets and of its session's URL. The pages: voximplant.com/docs/guides/voxengine/websocket,
 * docs.voximplant.ai/platform/voxengine/media-over-websockets, voximplant.com/docs/references/voxengine/appevents.
 */
import { describe, expect, test } from 'vitest';
import type { Untimed } from './host/session-context.ts';
import type { HostCommand, HostEvent } from './protocol.ts';
import { AT, alerting, commandsOf, loadScript, logsOf, STARTED } from './test-support/sandbox-kit.ts';

const at = AT + 1000;
const URL = 'https://node-1.example.com/session/abc';
const access = { url: URL, secureUrl: URL };
const REQUEST = {
  method: 'POST',
  path: '/session/abc?x=1',
  content: '{"a":1}',
  headers: [{ key: 'X-Order', value: '7' }],
};

type Of<T extends HostCommand['type']> = Extract<HostCommand, { type: T }>;
function only<T extends HostCommand['type']>(commands: readonly HostCommand[], type: T): Of<T>[] {
  return commands.filter((one): one is Of<T> => one.type === type);
}

describe('createWebSocket', () => {
  test('opens, tells of everything with all its fields, by listeners and by properties', async () => {
    const { runtime, turn } = await loadScript(`
      require(Modules.WebSocket);
      const ws = VoxEngine.createWebSocket('wss://ai.example.com/voice', {
        protocols: ['media', 'v2'], headers: [{ name: 'X-Key', value: 's' }], statistics: true, trace: true });
      Logger.write([ws.readyState === WebSocketReadyState.CONNECTING, ws.url, typeof ws.id(), ws.onopen].join());
      const show = e => Logger.write(JSON.stringify({ ...e, websocket: e.websocket === ws }) + ' ' + ws.readyState);
      for (const name of ['CREATED', 'OPEN', 'MESSAGE', 'ERROR', 'CLOSE', 'MEDIA_STARTED', 'MEDIA_ENDED'])
        ws.addEventListener(WebSocketEvents[name], show);
      for (const name of ['oncreated', 'onopen', 'onmessage', 'onerror', 'onclose', 'onmediastarted', 'onmediaended'])
        ws[name] = function (e) { Logger.write(name + (this === ws) + (e.websocket === ws)); };
      ws.addEventListener(WebSocketEvents.CLOSE, e => Logger.write(String(e.code === WebSocketCloseCode.CLOSE_GOING_AWAY)));
      ws.send('early');`);
    const [create] = only(commandsOf(turn), 'websocket-create');
    expect(create).toMatchObject({
      url: 'wss://ai.example.com/voice',
      protocols: ['media', 'v2'],
      headers: [['X-Key', 's']],
      statistics: true,
      trace: true,
    });
    expect(only(commandsOf(turn), 'websocket-send')).toMatchObject([{ text: 'early' }]);
    expect(logsOf(turn)[0]).toBe('true,wss://ai.example.com/voice,string,');
    const websocketId = create?.websocketId ?? '';
    const tell = (event: Untimed<HostEvent>): string[] =>
      logsOf(runtime.dispatch({ ...event, at } as HostEvent));
    const seen = (name: string, property: string, more: object, state: string): string[] => [
      `${property}truetrue`,
      `${JSON.stringify({ websocket: true, name, ...more })} ${state}`,
    ];
    expect(tell({ type: 'websocket-created', websocketId })).toEqual(
      seen('WebSocket.Created', 'oncreated', {}, 'connecting'),
    );
    expect(tell({ type: 'websocket-opened', websocketId })).toEqual(
      seen('WebSocket.Open', 'onopen', {}, 'open'),
    );
    expect(tell({ type: 'websocket-message', websocketId, text: 'hi' })).toEqual(
      seen('WebSocket.Message', 'onmessage', { text: 'hi' }, 'open'),
    );
    const started = { tag: 'a', encoding: 'ULAW', customParameters: { order: '7' } };
    expect(tell({ type: 'websocket-media-started', websocketId, ...started })).toEqual(
      seen('WebSocket.MediaEventStarted', 'onmediastarted', started, 'open'),
    );
    expect(tell({ type: 'websocket-media-ended', websocketId, tag: 'a', durationMs: 1200 })).toEqual(
      seen('WebSocket.MediaEventEnded', 'onmediaended', { tag: 'a', mediaInfo: { duration: 1200 } }, 'open'),
    );
    expect(tell({ type: 'websocket-error', websocketId, reason: 'why' })).toEqual(
      seen('WebSocket.Error', 'onerror', { reason: 'why' }, 'open'),
    );
    const closed = { code: 1001, reason: 'bye', wasClean: true };
    expect(tell({ type: 'websocket-closed', websocketId, ...closed })).toEqual([
      ...seen('WebSocket.Close', 'onclose', closed, 'closed'),
      'true',
    ]);
    // It is over: nothing more is told.
    expect(tell({ type: 'websocket-message', websocketId, text: 'late' })).toEqual([]);
  });

  test('the older form with protocols alone, new WebSocket, headers as an object, wrong types', async () => {
    const { turn } = await loadScript(`
      VoxEngine.createWebSocket('wss://a/', 'one');
      VoxEngine.createWebSocket('wss://a/', ['one', 'two']);
      new WebSocket('wss://b/', { headers: { Authorization: 'Bearer x' } });
      VoxEngine.createWebSocket();
      VoxEngine.createWebSocket(7, 7);
      VoxEngine.createWebSocket('wss://a/', { protocols: null, headers: 3 });`);
    expect(turn.error).toBeUndefined();
    const made = only(commandsOf(turn), 'websocket-create');
    expect(made.map(({ url, protocols }) => [url, ...protocols])).toEqual([
      ['wss://a/', 'one'],
      ['wss://a/', 'one', 'two'],
      ['wss://b/', 'chat'],
      ['', 'chat'],
      ['7', 'chat'],
      ['wss://a/', 'chat'],
    ]);
    expect(made[2]?.headers).toEqual([['Authorization', 'Bearer x']]);
  });

  test('what is said after the end warns; listeners are removed, one or all; misspelled events are found', async () => {
    const { runtime, turn } = await loadScript(`
      const ws = VoxEngine.createWebSocket('wss://a/');
      const f = () => Logger.write('f'), g = () => Logger.write('g');
      ws.addEventListener(WebSocketEvents.MESSAGE, f);
      ws.addEventListener(WebSocketEvents.MESSAGE, g);
      ws.removeEventListener(WebSocketEvents.MESSAGE, f);
      ws.addEventListener(WebSocketEvents.OPEN, f);
      ws.removeEventListener(WebSocketEvents.OPEN);
      WebSocketEvents.Mesage;
      ws.onmessage = e => { ws.close(); ws.close(); ws.send('late'); Logger.write(ws.readyState); };`);
    expect(logsOf(turn)).toEqual([
      'WebSocketEvents.Mesage does not exist. Did you mean WebSocketEvents.MESSAGE?',
    ]);
    const websocketId = only(commandsOf(turn), 'websocket-create')[0]?.websocketId ?? '';
    expect(logsOf(runtime.dispatch({ type: 'websocket-opened', at, websocketId }))).toEqual([]);
    const said = runtime.dispatch({ type: 'websocket-message', at, websocketId, text: '' });
    expect(only(commandsOf(said), 'websocket-close')).toHaveLength(1);
    expect(only(commandsOf(said), 'websocket-send')).toEqual([]);
    expect(logsOf(said)).toEqual([
      'WebSocket.send: the connection is closed; the message is not sent.',
      'closing',
      'g',
    ]);
  });
});

describe('sound', () => {
  test('a stream for each tag and direction, with its parameters; all undone without a tag', async () => {
    const { runtime } = await loadScript(`
      VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
        const ws = VoxEngine.createWebSocket('wss://a/');
        call.sendMediaTo(ws);
        call.sendMediaTo(ws, { encoding: WebSocketAudioEncoding.ALAW, tag: 'in', customParameters: { a: 'x', n: 7, o: { b: 1 } } });
        call.sendMediaTo(ws, { encoding: WebSocketAudioEncoding.OPUS, tag: 'in' });
        ws.sendMediaTo(call, { encoding: WebSocketAudioEncoding.PCM16_16KHZ, tag: 'out' });
        ws.clearMediaBuffer(); ws.clearMediaBuffer({ tag: 'out' });
        ws.stopMediaTo(call, { tag: 'nobody' }); ws.stopMediaTo(call);
        call.stopMediaTo(ws, { tag: 'in' }); call.stopMediaTo(ws);
        VoxEngine.sendMediaBetween(call, ws); VoxEngine.stopMediaBetween(call, ws);
      });`);
    const turn = runtime.dispatch(alerting());
    expect(turn.error).toBeUndefined();
    const commands = commandsOf(turn);
    const sinks = only(commands, 'websocket-sink');
    expect(
      sinks.map(({ tag, encoding, customParameters }) => ({ tag, encoding, ...customParameters })),
    ).toEqual([
      { tag: '', encoding: 'PCM8' },
      { tag: 'in', encoding: 'ALAW', a: 'x', n: '7', o: '{"b":1}' },
      { tag: 'in', encoding: 'PCM8' },
      { tag: '', encoding: 'PCM8' },
    ]);
    expect(sinks[1]?.streamId).toBe(sinks[2]?.streamId);
    expect(logsOf(turn)).toEqual([
      'WebSocketAudioEncoding: OPUS is not available in Maskline; the stream is sent as PCM8.',
    ]);
    const [out, plain] = only(commands, 'websocket-source');
    expect(out).toMatchObject({ tag: 'out', encoding: 'PCM16' });
    expect(only(commands, 'websocket-clear').map(({ tag }) => tag)).toEqual([undefined, 'out']);
    const [first, second] = [sinks[0]?.streamId, sinks[1]?.streamId];
    const edges = commands.flatMap((one) =>
      one.type === 'media-connect' || one.type === 'media-disconnect'
        ? [`${one.type.slice(6)} ${one.from.id} ${one.to.id}`]
        : [],
    );
    expect(edges).toEqual([
      `connect call-in ${first}`,
      `connect call-in ${second}`,
      `connect call-in ${second}`,
      `connect ${out?.streamId} call-in`,
      `disconnect ${out?.streamId} call-in`,
      `disconnect call-in ${second}`,
      `disconnect call-in ${first}`,
      `disconnect call-in ${second}`,
      `connect call-in ${first}`,
      `connect ${plain?.streamId} call-in`,
      `disconnect call-in ${first}`,
      `disconnect call-in ${second}`,
      `disconnect ${out?.streamId} call-in`,
      `disconnect ${plain?.streamId} call-in`,
    ]);
  });

  test('a script that makes streams without end gets an exception', async () => {
    const { turn } = await loadScript(`
      const ws = VoxEngine.createWebSocket('wss://a/'), player = VoxEngine.createURLPlayer('http://a/b.wav');
      try { for (let i = 0; i < 100; i++) player.sendMediaTo(ws, { tag: 't' + i }); } catch (e) { Logger.write(e.message); }
      player.stopMediaTo(ws);`);
    expect(logsOf(turn)).toEqual([
      'Exceeded the stream limit: a WebSocket carries at most 8 streams each way',
    ]);
    expect(only(commandsOf(turn), 'media-disconnect')).toHaveLength(8);
  });
});

describe('the session’s own URL', () => {
  test('Started and mediaSessionAccessURL tell of it, called or read', async () => {
    const script = `VoxEngine.addEventListener(AppEvents.Started, e => Logger.write([e.accessURL, e.accessSecureURL,
      VoxEngine.mediaSessionAccessURL(), VoxEngine.mediaSessionAccessURL, JSON.stringify({ u: VoxEngine.mediaSessionAccessURL })].join()));`;
    const { runtime } = await loadScript(script, {}, { access });
    expect(logsOf(runtime.dispatch({ ...STARTED, access }))).toEqual([
      `${URL},${URL},${URL},${URL},${JSON.stringify({ u: URL })}`,
    ]);
    const without = await loadScript(script);
    expect(logsOf(without.runtime.dispatch(STARTED))).toEqual([`,,,,${JSON.stringify({ u: '' })}`]);
  });

  test.each([
    ['return "text"', { body: 'text', json: false }],
    ['return 7', { body: '7', json: false }],
    ['return { ok: true }', { body: '{"ok":true}', json: true }],
    ['return [1]', { body: '[1]', json: true }],
    ['return true', { body: 'true', json: true }],
    ['', { body: '', json: false }],
    ['return null', { body: '', json: false }],
    ['return () => 1', { body: '', json: true }],
    ['return Promise.resolve("later")', { body: 'later', json: false }],
    ['return "x".repeat(300000)', { body: '', json: false }],
  ])('AppEvents.HttpRequest: a handler with %s', async (body, answer) => {
    const { runtime } = await loadScript(`VoxEngine.addEventListener(AppEvents.HttpRequest, e => {
      Logger.write(JSON.stringify(e)); ${body}; });`);
    const turn = runtime.dispatch({ type: 'access-request', at, requestId: 3, request: REQUEST });
    expect(logsOf(turn)).toEqual([JSON.stringify({ name: 'Application.HttpRequest', ...REQUEST })]);
    expect(only(commandsOf(turn), 'access-answer')).toEqual([
      { type: 'access-answer', requestId: 3, ...answer },
    ]);
  });

  test('nobody listens: an empty answer; a handler that rejects: the same, and a report', async () => {
    const { runtime } = await loadScript('');
    const event = { type: 'access-request', at, requestId: 1, request: REQUEST } as const;
    expect(only(commandsOf(runtime.dispatch(event)), 'access-answer')).toMatchObject([
      { body: '', json: false },
    ]);
    const other = await loadScript(
      'VoxEngine.addEventListener(AppEvents.HttpRequest, async () => { throw new Error("no") })',
    );
    const commands = commandsOf(other.runtime.dispatch(event));
    expect(only(commands, 'access-answer')).toMatchObject([{ body: '' }]);
    expect(only(commands, 'unhandled-rejection')).toHaveLength(1);
  });

  test('web sockets that come in, and those that are refused', async () => {
    const { runtime, turn } = await loadScript(
      `VoxEngine.allowWebSocketConnections();
      VoxEngine.enableStatisticsForIncomingWebsockets(); VoxEngine.enableTraceForIncomingWebsockets();
      VoxEngine.disableStatisticsForIncomingWebsockets(); VoxEngine.disableTraceForIncomingWebsockets();
      VoxEngine.addEventListener(AppEvents.WebSocket, ({ websocket, ...e }) => {
        Logger.write(JSON.stringify(e) + websocket.readyState + websocket.id() + websocket.url);
        websocket.addEventListener(WebSocketEvents.MESSAGE, m => websocket.send(m.text + '!'));
      });
      VoxEngine.addEventListener(AppEvents.NewWebSocketFailed, e => Logger.write(JSON.stringify(e)));`,
      {},
      { access },
    );
    expect(only(commandsOf(turn), 'websocket-allow')).toHaveLength(1);
    expect(
      only(commandsOf(turn), 'websocket-tell').map(({ statistics, trace }) => [statistics, trace]),
    ).toEqual([
      [true, false],
      [true, true],
      [false, true],
      [false, false],
    ]);
    const websocketId = 'ws-in';
    const came = runtime.dispatch({ type: 'websocket-incoming', at, websocketId, request: REQUEST });
    const told = { name: 'AppEvents.NewWebSocketConnection', ...REQUEST };
    expect(logsOf(came)).toEqual([`${JSON.stringify(told)}openws-in${URL}`]);
    expect(only(commandsOf(came), 'websocket-create')).toEqual([]);
    const said = runtime.dispatch({ type: 'websocket-message', at, websocketId, text: 'hello' });
    expect(only(commandsOf(said), 'websocket-send')).toMatchObject([{ websocketId, text: 'hello!' }]);
    const refused = runtime.dispatch({ type: 'websocket-refused', at, reason: 'full', request: REQUEST });
    const failed = { name: 'Application.OnNewWebSocketFailed', reason: 'full', ...REQUEST };
    expect(logsOf(refused)).toEqual([JSON.stringify(failed)]);
  });
});
