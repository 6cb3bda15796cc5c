import { expect, test } from 'vitest';
import { Flow } from './flow.ts';
import type { FlowOptions } from './flow-options.ts';
import type { Phone } from './phone.ts';

const IN = { from: '+447700900101', to: '+442079460123', name: 'anna' };

function flowOf(source: string, options: FlowOptions = {}): Flow {
  return new Flow([{ name: 'flow.js', source }], options);
}
const ANSWER = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.addEventListener(CallEvents.Failed, VoxEngine.terminate);
  const on = (name, f) => call.addEventListener(CallEvents[name], f);
`;

async function messageOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => '',
    (error: Error) => error.message,
  );
}

test('prompts take their time, keys are heard when they are asked for, and a menu leads on', async () => {
  const flow = flowOf(`${ANSWER}
    on('Connected', () => { call.handleTones(true); call.say('Press one.'); });
    on('PlaybackFinished', () => Logger.write('menu over'));
    on('ToneReceived', ({ tone }) => tone === '1' ? call.startPlayback('https://sounds.test/ok.mp3', true) : call.say('Wrong key.'));
    call.answer(); })`);
  const anna = await flow.callsIn(IN);
  await anna.hearing('says: Press one.');
  expect(flow.now).toBe(Date.UTC(2026, 0, 1, 12));
  await flow.advance(1_000);
  expect(flow.log).toEqual(['menu over']);
  await anna.presses('2');
  await anna.hearing(/Wrong/);
  await anna.presses('1');
  await anna.hearing('plays: https://sounds.test/ok.mp3');
  await flow.advance(3_600_000);
  expect(anna.hears).toBe('plays: https://sounds.test/ok.mp3');
  expect(anna.heard.filter((one) => one !== 'silence')).toEqual([
    'says: Press one.',
    'says: Wrong key.',
    'plays: https://sounds.test/ok.mp3',
  ]);
  expect(flow.sounds.said.map(({ text }) => text)).toEqual(['Press one.', 'Wrong key.']);
  anna.hangsUp();
  await flow.ended();
  await flow.finish();
});

test('a voice that is out of order is an error of the script, not of the flow', async () => {
  const flow = flowOf(`${ANSWER}
    on('Connected', () => call.say('Hello'));
    on('PlaybackFinished', ({ error }) => { Logger.write(error); call.hangup(); });
    call.answer(); })`);
  flow.sounds.fault = 'no voice';
  const anna = await flow.callsIn(IN);
  await anna.ended({ code: 200 });
  expect(flow.log).toEqual(['no voice']);
  await flow.finish();
});

test('a request that the test does not expect fails it, with a sentence and the ladder', async () => {
  const flow = flowOf(
    `${ANSWER} Net.httpRequestAsync('https://backend.test/orders?id=7'); call.answer(); })`,
  );
  flow.http.post('https://backend.test/orders', {});
  const message = await messageOf(flow.callsIn(IN));
  expect(message).toContain(
    'The scenario asked GET https://backend.test/orders?id=7, and this test has no answer for that. It answers: POST https://backend.test/orders.',
  );
  expect(message).toMatch(/ 0 +anna +──▶ +calls \+442079460123 from \+447700900101\n/);
  await flow.finish(true);
  expect(flow.running).toBe(0);
});

test('answers: by path, with a query, late, broken, none in time', async () => {
  const flow = flowOf(`VoxEngine.addEventListener(AppEvents.Started, async () => {
    for (const [url, timeout] of JSON.parse(VoxEngine.customData())) {
      const { code, text, error } = await Net.httpRequestAsync(url, { timeout });
      Logger.write([code, text, error ?? '', Date.now() % 60000].join(' '));
    }
    VoxEngine.terminate();
  })`);
  flow.http
    .get('https://b.test/a', { text: 'any query' })
    .get('https://b.test/a?x=1', ({ url }) => ({ status: 201, text: url }))
    .get(/slow/, { text: 'late', after: 7_000 })
    .any('https://b.test/broken', { error: 'connection refused' });
  const urls = ['a?y=2', 'a?x=1', 'slow', 'slow', 'broken'].map((path, i) => [
    `https://b.test/${path}`,
    i === 3 ? 2 : 60,
  ]);
  await flow.starts({ customData: urls });
  await flow.ended({ within: 10_000 });
  expect(flow.log.filter((line) => !line.startsWith('HTTP'))).toEqual([
    '200 any query  0',
    '201 https://b.test/a?x=1  0',
    '200 late  7000',
    '0  no answer within 2 s 9000',
    '0  connection refused 9000',
  ]);
  await flow.finish();
});

test('what a scenario leaves open is named', async () => {
  const flow = flowOf(
    `${ANSWER} call.answer(); VoxEngine.callPSTN('+447700900202', '+442079460123').addEventListener(CallEvents.Connected, () => {}); })`,
  );
  const anna = await flow.callsIn(IN);
  (await flow.called({ name: 'bob' })).answers();
  await anna.connected();
  expect(await messageOf(flow.finish())).toContain(
    'The scenario left open: the call of anna to +442079460123 (connected); the call to bob, which sees +442079460123 (connected).',
  );

  const forgotten = flowOf(
    `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => call.reject(486))`,
  );
  await (await forgotten.callsIn(IN)).ended({ code: 486 });
  expect(await messageOf(forgotten.ended())).toContain('has not called VoxEngine.terminate()');
  await forgotten.advance(60_000);
  await forgotten.finish();
});

test('a script that fails: with its line, at the next thing that the test waits for', async () => {
  const flow = flowOf(`${ANSWER} on('Connected', () => {\n null.x; }); call.answer(); })`);
  expect(await messageOf(flow.callsIn(IN))).toMatch(/The scenario failed: TypeError: .*\(flow\.js:\d+\)/);
  await flow.finish();
});

test('only numbers of the application are shown; another one fails with 403, as in production', async () => {
  const flow = flowOf(
    `VoxEngine.addEventListener(AppEvents.Started, () => {
    const call = VoxEngine.callPSTN('+447700900202', '+447700900101');
    call.addEventListener(CallEvents.Failed, ({ code }) => { Logger.write(code); VoxEngine.terminate(); });
  })`,
    { numbers: ['+442079460123'] },
  );
  await flow.starts();
  const nobody = await flow.called();
  expect(nobody.shownNumber).toBe('');
  await flow.ended();
  expect(flow.log).toEqual(['403']);
  expect(flow.ladder.toString()).toContain("the flow's numbers: +442079460123");
  await flow.finish();
});

test('early media, hold, messages, INFO, DTMF out, a transfer, lost sound', async () => {
  const flow = flowOf(`${ANSWER}
    on('InfoReceived', ({ mimeType, body }) => Logger.write(mimeType + ' ' + body));
    on('MessageReceived', ({ text }) => call.sendMessage(text + '?'));
    on('OnHold', () => Logger.write('hold')); on('OffHold', () => Logger.write('back'));
    on('RtpStopped', () => Logger.write('tunnel')); on('RtpResumed', () => Logger.write('light'));
    on('BlindTransferRequested', ({ transferTo }) => { Logger.write(transferTo); call.notifyBlindTransferSuccess(); });
    on('Connected', () => { call.handleBlindTransfer(true); call.sendDigits('42#'); call.sendInfo('text/plain', 'hi'); });
    call.startEarlyMedia(); call.playProgressTone('RU');
    setTimeout(() => call.answer(), 3000); })`);
  const anna = await flow.callsIn(IN);
  await anna.hearing('tone: ringback RU');
  await anna.connected();
  anna.sendsInfo('a/b', 'c');
  anna.sendsMessage('hello');
  anna.holds();
  anna.holds(false);
  anna.losesSound();
  anna.losesSound(false);
  const transfer = anna.transfersTo('+447700900303');
  await flow.settled();
  expect(transfer).toEqual({ refused: false, status: 200 });
  expect(anna.messages).toEqual(['hello?']);
  expect(anna.infos).toEqual([{ mimeType: 'text/plain', body: 'hi' }]);
  expect(anna.digits).toBe('42#');
  expect(flow.log).toEqual(['a/b c', 'hold', 'back', 'tunnel', 'light', '+447700900303']);
  anna.hangsUp();
  await flow.ended();
  await flow.finish();
});

test('players: markers, pause, a sequence that ends; two hear the same; the event list has all of it', async () => {
  const flow = flowOf(`${ANSWER}
    const player = VoxEngine.createURLPlayer('https://sounds.test/a.wav');
    player.addEventListener(PlayerEvents.PlaybackFinished, () => { Logger.write('over ' + Date.now() % 60000); call.hangup(); });
    on('Connected', () => { player.sendMediaTo(call); setTimeout(() => player.pause(), 1000); setTimeout(() => player.resume(), 5000); });
    call.answer(); })`);
  flow.sounds.file('https://sounds.test/a.wav', { seconds: 2 });
  const anna = await flow.callsIn(IN);
  await anna.ended({ within: 10_000 });
  expect(flow.log).toEqual(['over 6000']);
  expect(flow.events.map(({ type }) => type)).toContain('player-finished');
  await flow.ended();
  await flow.finish();
});

test('people who call one after another are sessions of one flow', async () => {
  const flow = flowOf(`${ANSWER} call.answer(); })`);
  const callers: Phone[] = [];
  for (const from of ['+447700900101', '+447700900102'])
    callers.push(await flow.callsIn({ ...IN, from, name: from }));
  expect(flow.running).toBe(2);
  for (const caller of callers) caller.hangsUp();
  await flow.ended();
  await flow.finish();
});

test('what people say reaches whoever recognises them', async () => {
  const flow = flowOf(`require(Modules.ASR); ${ANSWER}
    const asr = VoxEngine.createASR({ profile: ASRProfileList.Google.en_US });
    asr.addEventListener(ASREvents.Result, ({ text, confidence }) => { Logger.write(text + ' ' + confidence); asr.stop(); call.hangup(); });
    on('Connected', () => call.sendMediaTo(asr));
    call.answer(); })`);
  const anna = await flow.callsIn(IN);
  await anna.connected();
  expect(flow.recognition.asked).toMatchObject([{ language: 'en-US' }]);
  await anna.says('yes please', { confidence: 0.5 });
  await anna.ended();
  expect(flow.log).toEqual(['yes please 50']);
  await flow.ended();
  await flow.finish();
});

test('ApplicationStorage is in memory, and the test may look', async () => {
  const flow = flowOf(`require(Modules.ApplicationStorage);
    VoxEngine.addEventListener(AppEvents.Started, async () => {
      const { value } = await ApplicationStorage.get('order');
      await ApplicationStorage.put('seen', value + '!', 60);
      VoxEngine.terminate();
    })`);
  flow.storage.set('order', '4711');
  await flow.starts();
  await flow.ended();
  expect(flow.storage.values).toEqual({ order: '4711', seen: '4711!' });
  await flow.advance(61_000);
  expect(flow.storage.values).toEqual({ order: '4711' });
  await flow.finish();
});

test('a web socket is scripted by the test; one that it does not know fails it', async () => {
  const source = `VoxEngine.addEventListener(AppEvents.Started, () => {
    const socket = VoxEngine.createWebSocket('wss://ai.test/talk');
    socket.addEventListener(WebSocketEvents.OPEN, () => socket.send('hello'));
    socket.addEventListener(WebSocketEvents.MESSAGE, ({ text }) => { Logger.write(text); socket.close(); });
    socket.addEventListener(WebSocketEvents.CLOSE, VoxEngine.terminate);
    socket.addEventListener(WebSocketEvents.ERROR, VoxEngine.terminate);
  })`;
  const flow = flowOf(source);
  const server = flow.webSocket('wss://ai.test/talk');
  server.onMessage = (text) => server.says({ heard: text });
  await flow.starts();
  await flow.ended();
  expect(server.received).toEqual(['hello']);
  expect(flow.log).toContain('{"heard":"hello"}');
  await flow.finish();

  const unknown = flowOf(source);
  expect(await messageOf(unknown.starts())).toContain(
    'The scenario opened a web socket to wss://ai.test/talk',
  );
  await unknown.finish(true);
});

test('the backend speaks to a session by its URL; letters go nowhere', async () => {
  const flow =
    flowOf(`VoxEngine.addEventListener(AppEvents.Started, ({ accessURL }) => Logger.write(accessURL.replace(/[0-9a-f]{40}/, '…')));
    VoxEngine.addEventListener(AppEvents.HttpRequest, async ({ content }) => {
      await Net.sendMailAsync('mail.test', 'a@shop.test', 'b@shop.test', 'Order ' + content, 'text');
      setTimeout(VoxEngine.terminate, 1000);
      return 'taken ' + content;
    })`);
  await flow.starts();
  expect(flow.log).toEqual(['https://maskline.test/session/…']);
  expect(await flow.asks({ text: '4711' })).toBe('taken 4711');
  expect(flow.mail.sent).toMatchObject([{ to: ['b@shop.test'], subject: 'Order 4711' }]);
  await flow.ended();
  expect(await messageOf(flow.asks())).toContain('no session that runs has that URL');
  await flow.finish();
});

test('in a conference everybody hears all others; a sequence and tones are heard by their names', async () => {
  const flow = flowOf(
    `require(Modules.Conference);
    VoxEngine.addEventListener(AppEvents.Started, () => {
      const room = VoxEngine.createConference({ hd_audio: false });
      const legs = ['+447700900101', '+447700900102', '+447700900103'].map((to) => VoxEngine.callPSTN(to, '+442079460123'));
      for (const leg of legs) {
        leg.addEventListener(CallEvents.Connected, () => VoxEngine.sendMediaBetween(leg, room));
        leg.addEventListener(CallEvents.Failed, VoxEngine.terminate);
        leg.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
      }
      const player = VoxEngine.createSequencePlayer({ segments: [{ url: 'https://sounds.test/a.mp3' }, { text: 'Hi' }] });
      setTimeout(() => player.sendMediaTo(legs[0]), 5000);
      player.addEventListener(SequencePlayerEvents.PlaybackFinished, () =>
        VoxEngine.createToneScriptPlayer('425;*(1/4/1)').sendMediaTo(legs[0]));
    })`,
    { numbers: ['+442079460123'] },
  );
  await flow.starts();
  const [anna, bob, carl] = [
    await flow.called({ name: 'anna' }),
    await flow.called({ name: 'bob' }),
    await flow.called({ name: 'carl' }),
  ];
  for (const one of [anna, bob]) one.answers();
  await anna.connected();
  expect(anna.hears).toBe(bob);
  carl.answers();
  await anna.hearing('room: bob, carl');
  expect(bob.hears).toBe('room: anna, carl');
  await anna.hearing('plays: https://sounds.test/a.mp3 + says: Hi', { within: 6_000 });
  await anna.hearing('tones: 425;*(1/4/1)');
  expect(carl.hears).toBe('room: anna, bob');
  bob.hangsUp();
  await flow.ended();
  await flow.finish();
});
