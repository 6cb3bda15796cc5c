import { describe, expect, it } from 'vitest';
import type { FakeMediaSession } from '../call/test-support/fake-media.ts';
import { RecognitionError } from '../speech/recognition.ts';
import facts from './api-facts.json' with { type: 'json' };
import { BadCommand, parseCommand } from './parse-command.ts';
import type { FakeCall } from './test-support/fake-calls.ts';
import { AT, commandsOf, loadScript, logsFrom, logsOf } from './test-support/sandbox-kit.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

/** Cited below as [ASR]: voximplant.com/docs/references/voxengine/asr, …/asrevents, …/voxengine/createasr. */
const LISTEN =
  "for (const n of Object.keys(ASREvents)) asr.addEventListener(ASREvents[n], e => Logger.write(n + ' ' + JSON.stringify({ ...e, asr: e.asr === asr })));";

describe('createASR, as scripts write it', () => {
  it('[ASR] with a profile and options, with the older language and dictionary, and with nothing', async () => {
    const { turn } = await loadScript(`require(Modules.ASR);
      VoxEngine.createASR({ profile: ASRProfileList.Google.ru_RU, model: ASRModelList.Google.phone_call, interimResults: true,
        singleUtterance: false, phraseHints: ['да', 'нет'], speechContexts: [{ phrases: ['такси'], boost: 5 }], profanityFilter: true });
      VoxEngine.createASR(ASRLanguage.ENGLISH_US, ['Yellow', 7]);
      VoxEngine.createASR({ lang: ASRLanguage.CHINESE_MANDARIN_CN, dict: 'no list' });
      VoxEngine.createASR({ profile: ASRProfileList.YandexV3.auto });
      VoxEngine.createASR('<script>', null); VoxEngine.createASR(); VoxEngine.createASR(12, {});`);
    const created = commandsOf(turn).flatMap((command) => (command.type === 'asr-create' ? [command] : []));
    expect(created.map(({ asrId: _, type: __, ...rest }) => Object.values(rest))).toEqual([
      ['ru-RU', ['да', 'нет', 'такси'], true, false],
      ['en-US', ['Yellow', '7'], false, true],
      ['cmn-CN', [], false, true],
      ['', [], false, true],
      ...Array.from({ length: 3 }, () => ['en-US', [], false, true]),
    ]);
    expect(logsOf(turn)).toEqual([
      "createASR: profanityFilter is of other clouds' services; recognition goes on without it.",
      'createASR needs a profile, such as ASRProfileList.Google.en_US; en-US will be recognised.',
    ]);
  });

  it('its members; handlers come and go; it receives sound and sends none; stop is told once', async () => {
    const { turn, runtime } = await loadScript(`const asr = VoxEngine.createASR('ru-RU', ['да']);
      Logger.write([asr.language(), asr.dictionary().join(), asr.id().length, typeof asr.constructor.deliver].join(' '));
      const lost = () => Logger.write('lost'); asr.addEventListener(ASREvents.Result, lost); asr.removeEventListener(ASREvents.Result, lost);
      try { VoxEngine.sendMediaBetween(asr, asr); asr.sendMediaTo?.(asr); VoxEngine.createTTSPlayer('x').sendMediaTo(asr); } catch (e) { Logger.write(e.message); }
      const call = VoxEngine.callPSTN('1', '2'); call.sendMediaTo(asr); call.stopMediaTo(asr);
      asr.addEventListener(ASREvents.Stopped, e => Logger.write('stopped ' + e.duration + ' ' + e.cost)); asr.stop(); asr.stop();`);
    const commands = commandsOf(turn);
    const [create] = commands.flatMap((command) => (command.type === 'asr-create' ? [command] : []));
    const asrId = create?.asrId ?? '';
    expect(logsOf(turn)).toEqual(['ru-RU да 36 undefined']);
    expect(commands.filter(({ type }) => /^(?:asr-stop|media)/.test(type))).toMatchObject([
      { type: 'media-connect', from: { kind: 'player' }, to: { kind: 'asr', id: asrId } },
      { type: 'media-connect', from: { kind: 'call' }, to: { kind: 'asr', id: asrId } },
      { type: 'media-disconnect', from: { kind: 'call' }, to: { kind: 'asr', id: asrId } },
      { type: 'asr-stop', asrId },
    ]);
    const stopped = { type: 'asr-stopped', at: AT, asrId, durationSeconds: 2 } as const;
    expect(logsOf(runtime.dispatch(stopped))).toEqual(['stopped 2 0']);
    expect(logsOf(runtime.dispatch(stopped))).toEqual([]);
  });

  it('misspelled events, languages, profiles, voices: did you mean, and nothing throws', async () => {
    expect(
      await logsFrom(`ASREvents.Error; ASREvents.Resutl; ASRLanguage.RUSIAN_RU; ASRProfileList.Google.RUSSIAN; ASRProfileList.Yandx.ru_RU; ASRModelList.Gogle.x;
        const call = VoxEngine.callPSTN('1', '2'); call.say('a', { voice: VoiceList.Googel.ru_RU_Standard_B }); call.say('b', Language.RU_RUSIAN_FEMALE); call.say('c', Language.whatever);
        call.say('d', VoiceList.Nobody.x);`),
    ).toEqual([
      'ASREvents.Error does not exist. Did you mean ASREvents.ASRError?',
      'ASREvents.Resutl does not exist. Did you mean ASREvents.Result?',
      'ASRLanguage.RUSIAN_RU is not known here; en-US will be recognised. Did you mean ASRLanguage.RUSSIAN_RU?',
      'ASRProfileList.Google.RUSSIAN is not known here; en-US will be recognised.',
      'ASRProfileList.Yandx does not exist. Did you mean ASRProfileList.Yandex?',
      'ASRModelList.Gogle does not exist. Did you mean ASRModelList.Google?',
      'VoiceList.Googel does not exist. Did you mean VoiceList.Google?',
      'Voices of Google are not here; the configured synthesis speaks ru-RU instead.',
      'Language.RU_RUSIAN_FEMALE is not known here; en-US will be spoken. Did you mean Language.RU_RUSSIAN_FEMALE?',
      'Language.whatever is not known here; en-US will be spoken.',
      'VoiceList.Nobody does not exist.',
    ]);
  });

  it('voices of every vendor become a language and, where it is known, a gender', async () => {
    const { turn } = await loadScript(`const c = VoxEngine.callPSTN('1', '2'); const say = v => c.say('x', v);
      say(Language.UK_ENGLISH_MALE); say(VoiceList.Yandex.Neural.ru_RU_alena); say({ voice: VoiceList.Amazon.Neural.en_GB_Brian });
      say(VoiceList.Microsoft.Neural.ru_RU_DmitryNeural); say(VoiceList.Google.ru_RU_Wavenet_B); say(VoiceList.SaluteSpeech.ru_RU_May);
      say(VoiceList.TBank.ru_RU_Alyona); say(VoiceList.ElevenLabs.Rachel); say('fr-FR'); say(VoiceList.Default.de_DE_Male); say({ voice: 'ru_RU_alena' });`);
    const said = commandsOf(turn).flatMap((command) =>
      command.type === 'call-play' && command.source.kind === 'say' ? [command.source] : [],
    );
    expect(
      said.map(({ language, gender, voice }) => [language, gender ?? '', voice].join(' ').trim()),
    ).toEqual([
      'en-GB male',
      'ru-RU female',
      'en-GB male',
      'ru-RU male',
      'ru-RU male',
      'ru-RU female',
      'ru-RU female',
      'en-US female',
      'fr-FR',
      'de-DE male',
      'ru-RU female',
    ]);
  });

  it('the profiles of effects are there and change nothing', async () => {
    const names =
      'Wearable Handset Headphone SmallBluetoothSpeaker MediumBluetoothSpeaker LargeHomeEntertainment LargeAutomotive';
    const [line] = await logsFrom(
      `Logger.write([TTSEffectsProfile.TelephonyClassApplication, ...'${names}'.split(' ').map(n => TTSEffectsProfile[n + 'ClassDevice'])].join())`,
    );
    expect(line?.split(',')).toHaveLength(8);
    expect(line).toMatch(
      /^telephony-class-application,wearable-class-device,.*large-automotive-class-device$/,
    );
  });

  it('[TTSOptions] pitch as a factor in Hz, within bounds', async () => {
    const { turn } = await loadScript(`const c = VoxEngine.callPSTN('1', '2');
      for (const pitch of ['2Hz', '0.5Hz', '900Hz', 'Hz']) c.say('x', { language: 'ru-RU', ttsOptions: { pitch, rate: 'slow' } });`);
    const pitches = commandsOf(turn).flatMap((command) =>
      command.type === 'call-play' && command.source.kind === 'say'
        ? [command.source.tuning?.pitchSemitones]
        : [],
    );
    expect(pitches).toEqual([12, -12, 12, 0]);
  });

  it('hostile commands are refused', () => {
    const good = {
      type: 'asr-create',
      asrId: 'a',
      language: 'ru-RU',
      phrases: ['x'],
      interim: true,
      singleUtterance: true,
    };
    const read = (change: object): unknown => parseCommand(JSON.stringify({ ...good, ...change }));
    expect(read({})).toEqual(good);
    for (const change of [
      { asrId: '../x' },
      { language: 'ru;rm' },
      { phrases: Array.from({ length: 501 }, () => 'x') },
      { phrases: ['x'.repeat(257)] },
      { phrases: [{ toString: 1 }] },
      { interim: 1 },
    ])
      expect(() => read(change)).toThrow(BadCommand);
  });
});

async function answered(body: string): Promise<{ kit: SessionKit; call: FakeCall; media: FakeMediaSession }> {
  const kit = await SessionKit.create();
  const call = kit.calls.ring(
    route(`VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { call.answer(); ${body} });`),
  );
  await turns();
  await call.connect();
  await turns();
  const [media] = kit.media.sessions;
  if (media === undefined) throw new Error('no media session');
  return { kit, call, media };
}

describe('recognition in a session', () => {
  it('[ASR] hears the call, and handlers get every field', async () => {
    const { kit, call, media } = await answered(
      `const asr = VoxEngine.createASR({ profile: 'ru-RU', interimResults: true, phraseHints: ['да'] }); ${LISTEN} call.sendMediaTo(asr);
       setTimeout(() => asr.stop(), 5000);`,
    );
    const [stream] = kit.recognition.streams;
    const [listener] = media.listeners;
    if (stream === undefined || listener === undefined || call.leg === undefined)
      throw new Error('nobody listens');
    expect(stream.options).toEqual({ language: 'ru-RU', phrases: ['да'], endSilenceMs: 700 });
    expect(media.hears(listener, call.leg)).toBe(true);
    expect(listener.rate).toBe(16_000);
    stream.events.emit('ready', {});
    stream.events.emit('speechStarted', {});
    for (let i = 0; i < 10; i++) listener.events.emit('audio', { samples: new Int16Array(1600) });
    stream.events.emit('interim', { text: 'да по' });
    // The call stops sending: what was said so far is an utterance.
    await kit.advance(600);
    expect([stream.written, stream.flushed]).toEqual([16_000, 1]);
    stream.events.emit('speechEnded', {});
    const result = {
      text: 'да пожалуйста',
      confidence: 0.913,
      startSeconds: 0.1,
      endSeconds: 1.23456,
      words: [],
    };
    stream.events.emit('result', result);
    stream.events.emit('failed', { error: 'one is lost', fatal: false });
    await turns();
    await kit.advance(5000);
    const told = Object.fromEntries(
      kit.logs.map((line) => [line.split(' ', 1)[0], JSON.parse(line.slice(line.indexOf(' ')))]),
    );
    const base = (name: string): object => ({
      asr: true,
      name: (facts.enums.ASREvents as Record<string, string>)[name],
    });
    expect(told).toEqual({
      Started: base('Started'),
      CaptureStarted: base('CaptureStarted'),
      InterimResult: { ...base('InterimResult'), text: 'да по' },
      SpeechCaptured: base('SpeechCaptured'),
      Result: {
        ...base('Result'),
        text: 'да пожалуйста',
        confidence: 91,
        resultEndTime: 1.235,
        channelTag: 1,
        languageCode: 'ru-RU',
      },
      ASRError: { ...base('ASRError'), error: 'one is lost' },
      Stopped: { ...base('Stopped'), cost: '0', duration: 1 },
    });
    expect([stream.closed, listener.closed]).toEqual([true, true]);
    // After the end nothing is told any more.
    stream.events.emit('result', result);
    await turns();
    expect(kit.logs.filter((line) => line.startsWith('Result'))).toHaveLength(1);
    await closed(kit);
  });

  it('a provider that cannot begin, one that fails, and more recognisers than may be: an error event each', async () => {
    const { kit, media } = await answered(
      `globalThis.one = VoxEngine.createASR('en-US'); one.addEventListener(ASREvents.ASRError, e => { Logger.write(e.error); one.stop(); });
       one.addEventListener(ASREvents.Stopped, e => Logger.write('stopped'));
       setTimeout(() => { for (let i = 0; i < 11; i++) VoxEngine.createASR('en-US').addEventListener(ASREvents.ASRError, e => Logger.write(i + e.error)); }, 1000);`,
    );
    kit.recognition.streams[0]?.events.emit('failed', { error: 'It does not answer.', fatal: true });
    await turns();
    expect(kit.logs).toEqual(['It does not answer.', 'stopped']);
    await kit.advance(1000);
    expect(kit.logs.slice(2)).toEqual(['10A session has at most 10 recognisers.']);
    expect(media.listeners.filter((one) => !one.closed)).toHaveLength(10);
    await closed(kit);
    expect(media.listeners.every((one) => one.closed)).toBe(true);
    expect(kit.recognition.streams.every((one) => one.closed)).toBe(true);

    const other = await SessionKit.create();
    other.recognition.refuses = new RecognitionError('No recognition is configured for tlh.');
    await other.start(
      "VoxEngine.createASR('tlh').addEventListener(ASREvents.ASRError, e => Logger.write(e.error));",
    );
    expect(other.logs).toEqual(['No recognition is configured for tlh.']);
    await closed(other);
  });
});

async function closed(kit: SessionKit): Promise<void> {
  const done = kit.service.close(10_000);
  await kit.advance(10_000);
  await done;
  kit.expectNothingLeft();
}
