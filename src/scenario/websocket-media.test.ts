/**
 * Sound over web sockets, in both directions. The pages: voximplant.com/docs/guides/media-streams/format and
 * docs.voximplant.ai/platform/voxengine/media-over-websockets.
 */
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { RtpPeer } from '../../test/kit/rtp-peer.ts';
import type { FakeMediaSession } from '../call/test-support/fake-media.ts';
import { systemClock } from '../kernel/clock.ts';
import { systemRandom } from '../kernel/random.ts';
import { MediaStage } from '../media/embedded/test-support.ts';
import { toneShare } from '../media/goertzel.ts';
import { sine } from '../media/tones.ts';
import { decodeSound, FORMATS } from './host/websocket-format.ts';
import type { FakeCall } from './test-support/fake-calls.ts';
import { type MoreServices, route, SessionKit, turns } from './test-support/session-kit.ts';
import { soundFolder } from './test-support/sound-folder.ts';

/** As long as a busy machine needs. */
const soon = (state: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(state, { timeout: 10_000, interval: 5 });

const toClose: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

const kitWith = (more: MoreServices = {}): Promise<SessionKit> => {
  const httpAllowPrivate = ['127.0.0.0/8'];
  const settings = { workers: 1, warm: 3, limits: {}, httpAllowPrivate, playbackFolder: soundFolder() };
  return SessionKit.create({}, { settings, ...more });
};

interface Message {
  readonly event: string;
  readonly sequenceNumber: number;
  readonly start?: {
    readonly tag?: string;
    readonly mediaFormat: object;
    readonly customParameters?: object;
  };
  readonly media?: {
    readonly chunk: number;
    readonly timestamp: number;
    readonly payload: string;
    readonly tag?: string;
  };
  readonly stop?: {
    readonly tag?: string;
    readonly mediaInfo: { readonly bytesSent: number; readonly duration: number };
  };
}

/** A voice service. */
async function service(): Promise<{ url: string; sockets: WebSocket[]; heard: Message[] }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  const sockets: WebSocket[] = [];
  const heard: Message[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('message', (data) => heard.push(JSON.parse(String(data)) as Message));
  });
  toClose.push(() => {
    for (const socket of sockets) socket.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, heard };
}

const SHOW = `const show = ws => { for (const n of ['MEDIA_STARTED', 'MEDIA_ENDED', 'MESSAGE', 'CLOSE'])
  ws.addEventListener(WebSocketEvents[n], ({ websocket, name, ...more }) => Logger.write(n + ' ' + JSON.stringify(more))); };`;
const told = (kit: SessionKit): string[] => kit.logs.filter((line) => /^(?:MEDIA|MESSAGE|CLOSE)/.test(line));

/** A call on a session whose script is `body`, with `call`, `ws` and `show`. */
async function call(
  kit: SessionKit,
  url: string,
  body: string,
): Promise<{ leg: FakeCall; media: FakeMediaSession }> {
  const leg = kit.calls.ring(
    route(`${SHOW} VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
      const ws = VoxEngine.createWebSocket('${url}'); show(ws); ${body} });`),
  );
  await leg.connect();
  await turns();
  return { leg, media: kit.media.sessions.at(-1) as FakeMediaSession };
}

const audio = (samples: Int16Array): string => Buffer.from(samples.buffer).toString('base64');
const START = {
  event: 'start',
  sequenceNumber: 0,
  start: { mediaFormat: { encoding: 'PCM16', sampleRate: 8000 } },
};
const media = (ms: number, tag?: string): object => ({
  event: 'media',
  sequenceNumber: 1,
  media: { chunk: 1, timestamp: 0, payload: audio(sine(440, ms)), ...(tag === undefined ? {} : { tag }) },
});
const say = (socket: WebSocket | undefined, ...messages: object[]): void => {
  for (const message of messages) socket?.send(JSON.stringify(message));
};

describe('from a call to a socket', () => {
  test('start, media, stop; another encoding begins anew; the end of the call is told', async () => {
    const peer = await service();
    const kit = await kitWith();
    const { leg, media: fake } = await call(
      kit,
      peer.url,
      `call.sendMediaTo(ws, { tag: 'in', customParameters: { order: 7 }, encoding: WebSocketAudioEncoding.ULAW });
      ws.onmessage = ({ text }) => { if (text === 'again') call.sendMediaTo(ws, { tag: 'in', encoding: 'PCM16' }); else call.stopMediaTo(ws, { tag: 'in' }); };`,
    );
    await soon(() => expect(fake.listeners).toHaveLength(1));
    const [first] = fake.listeners;
    expect(first).toMatchObject({ rate: 8000, chunkMs: 20 });
    expect(fake.hears(first!, fake.openLegs[0]!)).toBe(true);
    for (let i = 0; i < 3; i++) first?.hear(sine(440, 20));
    await soon(() => expect(peer.heard).toHaveLength(4));
    expect(peer.heard[0]).toEqual({
      event: 'start',
      sequenceNumber: 0,
      start: {
        tag: 'in',
        mediaFormat: { encoding: 'ULAW', sampleRate: 8000, channels: 1 },
        customParameters: { order: '7' },
      },
    });
    expect(
      peer.heard.slice(1).map((one) => [one.sequenceNumber, one.media?.chunk, one.media?.timestamp]),
    ).toEqual([
      [1, 1, 0],
      [2, 2, 160],
      [3, 3, 320],
    ]);
    expect(decodeSound(FORMATS.ULAW, peer.heard[1]?.media?.payload ?? '')).toHaveLength(160);
    peer.sockets[0]?.send('again');
    await soon(() => expect(peer.heard).toHaveLength(6));
    expect(first?.closed).toBe(true);
    const stop = { tag: 'in', mediaInfo: { bytesSent: 480, duration: 60 } };
    expect(peer.heard[4]).toEqual({ event: 'stop', sequenceNumber: 4, stop });
    expect(peer.heard[5]?.start?.mediaFormat).toEqual({ encoding: 'PCM16', sampleRate: 16000, channels: 1 });
    peer.sockets[0]?.send('stop');
    await soon(() => expect(peer.heard.at(-1)?.event).toBe('stop'));
    peer.sockets[0]?.send('again');
    await soon(() => expect(peer.heard.at(-1)?.event).toBe('start'));
    leg.peerEnds();
    await soon(() => expect(peer.heard.at(-1)?.event).toBe('stop'));
    expect(fake.listeners.every(({ closed }) => closed)).toBe(true);
    await end(kit);
  });

  test('a reader that is too slow: the oldest sound is dropped, beginnings and ends are not, and a log says so once', async () => {
    const peer = await service();
    const kit = await kitWith();
    const { media: fake } = await call(
      kit,
      peer.url,
      `call.sendMediaTo(ws, { encoding: 'PCM16' }); setTimeout(() => call.stopMediaTo(ws), 1000);`,
    );
    await soon(() => expect(peer.heard).toHaveLength(1));
    peer.sockets[0]?.pause();
    // Far more than the kernel's buffers hold.
    const chunk = sine(440, 2000);
    for (let i = 0; i < 1000; i++) fake.listeners[0]?.hear(chunk);
    await kit.advance(1000);
    peer.sockets[0]?.resume();
    await soon(() => expect(peer.heard.at(-1)?.event).toBe('stop'));
    const chunks = peer.heard.flatMap((one) => (one.media === undefined ? [] : [one.media.chunk]));
    expect(chunks.length).toBeLessThan(1000);
    expect(chunks.at(-1)).toBe(1000);
    expect(chunks).toEqual([...chunks].sort((a, b) => a - b));
    expect(kit.logs.filter((line) => line.includes('reads too slowly'))).toHaveLength(1);
    await end(kit);
  });
});

describe('from a socket to a call', () => {
  test('where sound begins and ends; pauses; clearMediaBuffer; nothing of it is a message', async () => {
    const peer = await service();
    const kit = await kitWith();
    const { media: fake } = await call(
      kit,
      peer.url,
      `ws.sendMediaTo(call); ws.onmessage = e => { if (e.text === 'clear') ws.clearMediaBuffer(); };`,
    );
    await soon(() => expect(peer.sockets).toHaveLength(1));
    const [socket] = peer.sockets;
    const parameters = { order: '7' };
    say(socket, { ...START, start: { ...START.start, customParameters: parameters } }, media(40), media(60), {
      event: 'text',
    });
    await soon(() => expect(told(kit)).toHaveLength(2));
    expect(told(kit)).toEqual([
      `MEDIA_STARTED ${JSON.stringify({ encoding: 'PCM16', customParameters: parameters })}`,
      'MESSAGE {"text":"{\\"event\\":\\"text\\"}"}',
    ]);
    const [feed] = fake.feeds;
    expect(feed?.rate).toBe(8000);
    expect(feed?.pushed.map(({ length }) => length)).toEqual([320, 480]);
    expect(feed?.pushed[0]).toEqual(sine(440, 40));
    expect(fake.hears(fake.openLegs[0]!, feed!)).toBe(true);
    // 100 ms to be spoken, then a second of silence.
    await kit.advance(1099);
    expect(told(kit)).toHaveLength(2);
    await kit.advance(1);
    expect(told(kit).at(-1)).toBe('MEDIA_ENDED {"mediaInfo":{"duration":100}}');
    say(socket, media(3000));
    await soon(() => expect(told(kit)).toHaveLength(4));
    expect(told(kit).at(-1)).toMatch(/^MEDIA_STARTED/);
    socket?.send('clear');
    await soon(() => expect(told(kit).at(-1)).toBe('MEDIA_ENDED {"mediaInfo":{"duration":3000}}'));
    expect(feed?.cleared).toBe(1);
    say(socket, media(500), { event: 'stop', stop: {} });
    await soon(() => expect(feed?.pushed).toHaveLength(1));
    await kit.advance(499);
    expect(told(kit).at(-1)).toMatch(/^MEDIA_STARTED/);
    await kit.advance(1);
    expect(told(kit).at(-1)).toBe('MEDIA_ENDED {"mediaInfo":{"duration":500}}');
    // Another codec, another rate: the edge stays.
    const wide = { encoding: 'PCM16', sampleRate: 16000 };
    say(socket, { ...START, start: { mediaFormat: wide } }, media(20));
    await soon(() => expect(fake.feeds).toHaveLength(2));
    expect(feed?.closed).toBe(true);
    expect(fake.hears(fake.openLegs[0]!, fake.feeds[1]!)).toBe(true);
    await end(kit);
  });

  test('ten seconds wait, what is beyond is discarded; streams by tag; sound without a beginning; formats that are not here', async () => {
    const peer = await service();
    const kit = await kitWith();
    const { media: fake } = await call(
      kit,
      peer.url,
      `ws.sendMediaTo(call, { tag: 'a' }); ws.sendMediaTo(call, { tag: 'b', encoding: 'ULAW' });`,
    );
    await soon(() => expect(peer.sockets).toHaveLength(1));
    const [socket] = peer.sockets;
    say(
      socket,
      { ...START, start: { ...START.start, tag: 'a' } },
      ...Array.from({ length: 8 }, () => media(3000, 'a')),
    );
    await soon(() => expect(kit.logs.join()).toContain('more than 10 s of sound ahead; it is discarded'));
    expect(fake.feeds[0]?.pushed).toHaveLength(3);
    say(
      socket,
      media(20, 'b'),
      { ...START, start: { mediaFormat: { encoding: 'OPUS' } } },
      { event: 'done' },
    );
    await soon(() => expect(told(kit).at(-1)).toContain('done'));
    // 320 bytes of what the script said that it expects: µ-law.
    expect(fake.feeds[1]?.pushed.map(({ length }) => length)).toEqual([320]);
    expect(told(kit)).toContain('MEDIA_STARTED {"tag":"b","encoding":"ULAW"}');
    expect(kit.logs.join()).toContain('a stream in a format that is not known here (OPUS)');
    const many = Array.from({ length: 20 }, (_, i) => ({
      ...START,
      start: { ...START.start, tag: `t${i}` },
    }));
    say(socket, ...many, { event: 'enough' });
    await soon(() => expect(told(kit).at(-1)).toContain('enough'));
    expect(told(kit).filter((line) => line.startsWith('MEDIA_STARTED'))).toHaveLength(8);
    expect(kit.ended).toEqual([]);
    await end(kit);
  });
});

describe('with other units', () => {
  test('a socket in a conference is one seat and does not hear itself; a player and a recorder', async () => {
    const peer = await service();
    const kit = await kitWith();
    const { media: fake } = await call(
      kit,
      peer.url,
      `require(Modules.Conference); const room = VoxEngine.createConference();
      const recorder = VoxEngine.createRecorder(), player = VoxEngine.createTTSPlayer('hello');
      VoxEngine.sendMediaBetween(ws, room); ws.sendMediaTo(recorder, { tag: 'notes' }); player.sendMediaTo(ws, { tag: 'prompt' });
      ws.onmessage = () => room.stopMediaTo(ws);`,
    );
    await soon(() => expect(fake.listeners).toHaveLength(2));
    const tagged = { ...START, start: { ...START.start, tag: 'notes' } };
    say(peer.sockets[0], START, media(20), tagged, media(20, 'notes'));
    await soon(() => expect(fake.feeds).toHaveLength(2));
    const seats = fake.mixers[0]?.participants ?? [];
    expect(seats).toHaveLength(1);
    const [seat] = seats;
    expect(fake.hears(seat!, fake.feeds[0]!)).toBe(true);
    expect(fake.listeners.some((listener) => fake.hears(listener, seat!))).toBe(true);
    expect(fake.hears(fake.recorders[0]!.left, fake.feeds[1]!)).toBe(true);
    expect(peer.heard.map(({ start }) => start?.tag)).toEqual([undefined, 'prompt']);
    fake.players[0]?.finish();
    await soon(() => expect(peer.heard.at(-1)?.stop?.tag).toBe('prompt'));
    peer.sockets[0]?.send('leave');
    await soon(() => expect(peer.heard.at(-1)).toMatchObject({ event: 'stop', sequenceNumber: 1 }));
    await end(kit);
  });
});

test('a tone that one telephone says comes out of the socket, and what the socket says comes out of the telephone', async () => {
  const stage = new MediaStage();
  toClose.push(() => stage.close());
  const phone = await RtpPeer.open('PCMA', systemRandom.int(2 ** 32));
  toClose.push(() => phone.close());
  const peer = await service();
  const kit = await kitWith({ media: stage.engine, clock: systemClock });
  const call = kit.calls.ring(
    route(`VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
      const ws = VoxEngine.createWebSocket('${peer.url}');
      ws.onopen = () => VoxEngine.sendMediaBetween(call, ws);
      ws.onmessage = ({ text }) => { if (text.includes('clear')) ws.clearMediaBuffer(); else VoxEngine.terminate(); };
    });`),
  );
  await call.connect();
  call.leg?.configure(phone.plan());
  const port = call.leg?.local.port ?? 0;
  phone.talk(port, 700);
  const heard = (): Int16Array =>
    Int16Array.from(
      peer.heard.flatMap(({ media }) =>
        media === undefined ? [] : [...decodeSound(FORMATS.PCM8, media.payload)],
      ),
    );
  await soon(() => expect(toneShare(heard().subarray(-2400), 700)).toBeGreaterThan(0.95));
  const [socket] = peer.sockets;
  // Faster than it is spoken, as speech services send: nine seconds at once.
  const before = phone.packets.length;
  say(socket, START, ...Array.from({ length: 90 }, () => media(100)));
  await soon(() => expect(toneShare(phone.heard(before).subarray(-2400), 440)).toBeGreaterThan(0.9));
  socket?.send('clear');
  // Barge-in: well before the nine seconds are over, nothing comes any more.
  await soon(() => {
    const last = phone.packets.at(-1)?.at ?? 0;
    expect(performance.now() - last).toBeGreaterThan(150);
  });
  expect(phone.packets.length - before).toBeLessThan(400);
  socket?.send('end');
  await soon(() => expect(kit.service.activeSessions).toBe(0));
  await soon(async () => expect(await stage.engine.stats()).toMatchObject({ legs: 0 }));
});

async function end(kit: SessionKit): Promise<void> {
  const closed = kit.service.close(1000);
  await soon(async () => {
    await kit.advance(2_000);
    kit.expectNothingLeft();
  });
  await closed;
}
