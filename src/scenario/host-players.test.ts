import { describe, expect, it } from 'vitest';
import type { FakeMediaSession } from '../call/test-support/fake-media.ts';
import type { RecordingRegistry, VoiceWish } from './ports.ts';
import type { UrlSource } from './protocol.ts';
import { SessionKit, turns } from './test-support/session-kit.ts';

interface Scene {
  readonly kit: SessionKit;
  readonly media: FakeMediaSession;
  /** URLs that were asked for, and what answers the oldest. */
  readonly fetched: UrlSource[];
  readonly answer: (result: string | Error) => Promise<void>;
  readonly spoken: { readonly text: string; readonly wish: VoiceWish }[];
}

const LISTEN = `const hear = (p, enumeration) => { for (const name of Object.keys(enumeration))
  if (name !== 'PlaybackBuffering') p.addEventListener(enumeration[name], e => Logger.write(name + (e.offset ?? e.duration ?? e.error ?? ''))); return p; };`;

async function scene(script: string, begin: Partial<RecordingRegistry> = {}): Promise<Scene> {
  const fetched: UrlSource[] = [];
  const waiting: PromiseWithResolvers<string>[] = [];
  const spoken: Scene['spoken'] = [];
  const kit = await SessionKit.create(
    {},
    {
      playbacks: {
        fetch: (source) => {
          fetched.push(source);
          const one = Promise.withResolvers<string>();
          waiting.push(one);
          return one.promise;
        },
      },
      speech: {
        say: (text, wish) => {
          spoken.push({ text, wish });
          return Promise.resolve(new Int16Array(800));
        },
      },
      ...(begin.begin === undefined ? {} : { recordings: { begin: begin.begin, finish: () => {} } }),
    },
  );
  await kit.start(LISTEN + script);
  const [media] = kit.media.sessions;
  if (media === undefined) throw new Error('no media session');
  const answer = async (result: string | Error): Promise<void> => {
    const one = waiting.shift();
    if (typeof result === 'string') one?.resolve(result);
    else one?.reject(result);
    await turns();
  };
  return { kit, media, fetched, answer, spoken };
}

async function closed({ kit }: Scene): Promise<void> {
  const done = kit.service.close(10_000);
  await kit.advance(10_000);
  await done;
  kit.expectNothingLeft();
}

describe('a player', () => {
  it('is created, fetched, ready, started, marked and finished, and the script hears of each once', async () => {
    const one =
      await scene(`const p = hear(VoxEngine.createURLPlayer('http://s/a.mp3', { onPause: true }), PlayerEvents);
      p.addMarker(500); setTimeout(() => { p.addMarker(-20); p.resume(); }, 1000);`);
    expect(one.kit.logs).toEqual(['Created']);
    expect(one.fetched).toEqual([{ kind: 'url', url: 'http://s/a.mp3' }]);
    expect(one.media.players).toEqual([]);
    await one.answer('/sounds/a.wav');
    const [player] = one.media.players;
    if (player === undefined) throw new Error('no player');
    expect([player.input, player.paused, player.marks]).toEqual([
      { kind: 'file', path: '/sounds/a.wav' },
      true,
      [{ offsetMs: 500, part: undefined }],
    ]);
    player.events.emit('ready', {});
    await one.kit.advance(1000);
    expect([player.paused, player.marks.length]).toEqual([false, 2]);
    player.events.emit('started', { durationMs: 1500 });
    player.events.emit('marker', { offsetMs: 500, part: undefined });
    player.finish();
    player.events.emit('marker', { offsetMs: -20, part: undefined });
    await turns();
    expect(one.kit.logs).toEqual([
      'Created',
      'PlaybackReady',
      'Started1.5',
      'PlaybackMarkerReached500',
      'PlaybackFinished',
    ]);
    await closed(one);
  });

  it('that cannot be fetched, spoken or read has an error and an end', async () => {
    const one = await scene(`hear(VoxEngine.createURLPlayer('http://s/a'), PlayerEvents);
      hear(VoxEngine.createTTSPlayer('x'.repeat(1501)), PlayerEvents);`);
    await one.answer(new Error('The sound could not be fetched: the server answered 404'));
    // voximplant.com/docs/references/voxengine/voxengine/createttsplayer: the text is limited to 1500 characters.
    const tooLong = 'The text is longer than 1500 characters.';
    const missing = 'The sound could not be fetched: the server answered 404';
    expect(one.kit.logs.filter((line) => line !== 'Created').sort()).toEqual(
      [tooLong, missing].flatMap((error) => [`Error${error}`, `PlaybackFinished${error}`]).sort(),
    );
    expect([one.spoken, one.media.players]).toEqual([[], []]);
    await closed(one);
  });

  it('speaks with the voice that was asked for', async () => {
    const one = await scene(
      "VoxEngine.createTTSPlayer('hello', { language: 'ru-RU', ttsOptions: { rate: 'slow', volume: 'soft' } });",
    );
    expect(one.spoken).toMatchObject([
      { text: 'hello', wish: { language: 'ru-RU', tuning: { speed: 0.75, pitchSemitones: 0, gainDb: -6 } } },
    ]);
    await closed(one);
  });

  it('of a tone script begins without fetching; loop goes to the engine', async () => {
    const one = await scene("VoxEngine.createToneScriptPlayer('400@-19;*(1/4/1)', { loop: true });");
    expect(one.media.players[0]).toMatchObject({
      input: { kind: 'tone-script', script: '400@-19;*(1/4/1)' },
      loop: true,
    });
    await closed(one);
  });

  it('that is stopped while it is fetched never plays; a hundred markers are the most', async () => {
    const one = await scene(`const p = hear(VoxEngine.createURLPlayer('http://s/a'), PlayerEvents);
      for (let i = 0; i < 101; i++) p.addMarker(i); setTimeout(() => p.stop(), 10);`);
    await one.kit.advance(10);
    await one.answer('/sounds/a.wav');
    expect(one.media.players).toEqual([]);
    expect(one.kit.logs).toEqual(['A marker was not set: a player has at most 100.', 'Created', 'Stopped']);
    await closed(one);
  });
});

describe('a sequence', () => {
  it('is fetched three at a time, keeps its order, and is one player', async () => {
    const one = await scene(`const segments = ['a', 'b', 'c', 'd'].map(n => ({ url: 'http://s/' + n }));
      const p = hear(VoxEngine.createSequencePlayer({ segments: [...segments, { text: 'end' }] }), SequencePlayerEvents);
      p.addMarker(-5, segments[3]);`);
    expect(one.fetched.map(({ url }) => url)).toEqual(['http://s/a', 'http://s/b', 'http://s/c']);
    for (const name of ['a', 'b', 'c', 'd']) await one.answer(`/sounds/${name}.wav`);
    const [player] = one.media.players;
    expect(player?.input).toMatchObject({
      kind: 'sequence',
      parts: [
        ...['a', 'b', 'c', 'd'].map((name) => ({ kind: 'file', path: `/sounds/${name}.wav` })),
        { kind: 'samples' },
      ],
    });
    expect(player?.marks).toEqual([{ offsetMs: -5, part: 3 }]);
    player?.events.emit('started', { durationMs: 4000 });
    player?.events.emit('marker', { offsetMs: -5, part: 3 });
    player?.finish();
    await turns();
    expect(one.kit.logs).toEqual([
      'Created',
      'PlaybackReady',
      'Started4',
      'PlaybackMarkerReached-5',
      'PlaybackFinished',
    ]);
    await closed(one);
  });

  it('that says too much in all says nothing', async () => {
    const one = await scene(`hear(VoxEngine.createSequencePlayer({
      segments: Array(11).fill({ text: 'x'.repeat(1400) }) }), SequencePlayerEvents);`);
    expect(one.spoken).toEqual([]);
    expect(one.kit.logs[2]).toBe(
      'PlaybackFinishedThe texts of the sequence are longer than 15000 characters together.',
    );
    await closed(one);
  });

  it('with a segment that is missing fails as a whole, once, and fetches no more', async () => {
    const one = await scene(`hear(VoxEngine.createSequencePlayer({
      segments: Array(20).fill({ url: 'http://s/a' }) }), SequencePlayerEvents);`);
    await one.answer(new Error('gone'));
    await one.answer(new Error('gone as well'));
    await one.answer('/sounds/a.wav');
    expect(one.fetched).toHaveLength(3);
    expect(one.kit.logs).toEqual(['Created', 'Errorgone', 'PlaybackFinishedgone']);
    await closed(one);
  });
});

it('music on hold: a looped player is heard by the call that waits, until the other one is sent to it', async () => {
  const one = await scene(`const music = VoxEngine.createURLPlayer('http://s/music.mp3', { loop: true });
    const a = VoxEngine.callUser('anna', '+74950000001'); music.sendMediaTo(a);
    a.addEventListener(CallEvents.Connected, () => { const b = VoxEngine.callUser('boris', '+74950000001');
      b.addEventListener(CallEvents.Connected, () => VoxEngine.sendMediaBetween(a, b));
      b.addEventListener(CallEvents.Disconnected, () => music.sendMediaTo(a)); });`);
  await one.answer('/sounds/music.wav');
  const [anna] = one.kit.calls.dialled;
  await anna?.connect();
  await turns();
  const [music] = one.media.players;
  const boris = one.kit.calls.dialled[1];
  if (music === undefined || anna?.leg === undefined) throw new Error('no music');
  expect([music.loop, one.media.hears(anna.leg, music)]).toEqual([true, true]);
  await boris?.connect();
  await turns();
  expect(one.media.hears(anna.leg, music)).toBe(false);
  boris?.peerEnds();
  await turns();
  expect(one.media.hears(anna.leg, music)).toBe(true);
  await closed(one);
});

describe('recordings', () => {
  it('carry what the script wants of them to the records', async () => {
    // voximplant.com/docs/references/voxengine/recorderparameters and …/callrecordparameters
    const begun: Parameters<RecordingRegistry['begin']>[0][] = [];
    const one = await scene(
      `require(Modules.Recorder);
      const r = VoxEngine.createRecorder({ name: 'order 7', expire: RecordExpireTime.ONEYEAR, lossless: true });
      VoxEngine.createRecorder('older form', true); VoxEngine.createRecorder();
      const c = VoxEngine.callUser('anna', '+74950000001');
      c.record({ stereo: false, expire: RecordExpireTime.THREEMONTHS, transcribe: true, language: 'ru-RU',
        provider: TranscriptionProvider.YANDEX, dict: ['taxi', 'order'], labels: ['a'], format: 'json' });
      r.mute(true); setTimeout(() => r.mute(false), 10); setTimeout(() => { r.stop(); r.stop(); r.mute(true); }, 20);
      for (const name of Object.keys(RecorderEvents)) r.addEventListener(RecorderEvents[name], e =>
        Logger.write(JSON.stringify({ ...e, recorder: e.recorder === r })));`,
      {
        begin: (options) => {
          begun.push(options);
          return {
            recordingId: `${begun.length}`,
            path: `/r/${begun.length}`,
            url: `http://m/${begun.length}`,
          };
        },
      },
    );
    await one.kit.calls.dialled[0]?.connect();
    await turns();
    expect(begun).toMatchObject([
      { channels: 2, name: 'order 7', keepMonths: 12 },
      { channels: 2, name: 'older form' },
      { channels: 2 },
      { channels: 1, keepMonths: 3, transcribe: { language: 'ru-RU', phrases: ['taxi', 'order'] } },
    ]);
    expect(begun[2]).not.toHaveProperty('keepMonths');
    const [recorder] = one.media.recorders;
    recorder?.events.emit('started', {});
    expect(recorder?.muted).toBe(true);
    await one.kit.advance(10);
    expect(recorder?.muted).toBe(false);
    await one.kit.advance(10);
    expect(one.kit.logs).toEqual([
      'createRecorder: secure changes nothing; every recording needs an API key to be read.',
      '{"recorder":true,"name":"Recorder.Started","url":"http://m/1"}',
      '{"recorder":true,"name":"Recorder.Stopped","url":"http://m/1","cost":"0","duration":1}',
    ]);
    expect(one.media.recorders[0]?.closed).toBe(true);
    await closed(one);
  });

  it('are twenty at once by Recorder; one more has an error, and one that is stopped makes room', async () => {
    const one = await scene(`const all = Array.from({ length: 20 }, () => VoxEngine.createRecorder());
      VoxEngine.createRecorder().addEventListener(RecorderEvents.RecorderError, e => { Logger.write(e.error);
        all[0].stop(); VoxEngine.createRecorder(); });`);
    expect(one.media.recorders).toHaveLength(21);
    expect(one.kit.logs).toEqual(['A session has at most 20 recorders.']);
    await closed(one);
  });

  it('hear everybody: the first left, the second right, and with a third one the right channel is a mix', async () => {
    const one = await scene(`const r = VoxEngine.createRecorder();
      const p = [1, 2, 3, 4].map(n => VoxEngine.createToneScriptPlayer('400;*(1/1/1)'));
      p[0].sendMediaTo(r); p[1].sendMediaTo(r); p[1].sendMediaTo(r);
      setTimeout(() => { p[2].sendMediaTo(r); p[3].sendMediaTo(r); p[3].sendMediaTo(r); }, 10);
      setTimeout(() => { p[1].stopMediaTo(r); p[2].stop(); p[0].stopMediaTo(r); p[3].sendMediaTo(r); }, 20);
      setTimeout(() => r.stop(), 30);`);
    const { players, edges, mixers } = one.media;
    const [recorder] = one.media.recorders;
    if (recorder === undefined) throw new Error('no recorder');
    const heard = (sink: { nodeId: number } | undefined): number =>
      players.findIndex(({ nodeId }) => nodeId === edges.get(sink?.nodeId ?? -1));
    expect([heard(recorder.left), heard(recorder.right), mixers.length]).toEqual([0, 1, 0]);
    await one.kit.advance(10);
    const [mixer] = mixers;
    expect([heard(recorder.left), edges.get(recorder.right.nodeId)]).toEqual([0, mixer?.mix.nodeId]);
    expect(mixer?.participants.map(heard)).toEqual([1, 2, 3]);
    await one.kit.advance(10);
    expect(mixer?.present.map(heard)).toEqual([3]);
    await one.kit.advance(10);
    expect([recorder.closed, mixer?.closed]).toEqual([true, true]);
    await closed(one);
  });

  it('of a conference records its sound; what is about its picture is absent and says why', async () => {
    // voximplant.com/docs/references/voxengine/conferencerecorder
    const one =
      await scene(`require(Modules.Conference); const room = VoxEngine.createConference({ hd_audio: true });
      const r = VoxEngine.createRecorder({ video: true, secure: true }); r.setConference(room);
      if (r.setPriority || r.getPriority || r.update) Logger.write('there');`);
    const [recorder] = one.media.recorders;
    expect(one.media.edges.get(recorder?.left.nodeId ?? -1)).toBeDefined();
    expect(one.kit.logs.filter((line) => line.startsWith('ConferenceRecorder.'))).toEqual([
      'ConferenceRecorder.setPriority is not available in Maskline: there is no video, and everybody is heard.',
      'ConferenceRecorder.getPriority is not available in Maskline: there is no video, and everybody is heard.',
      'ConferenceRecorder.update is not available in Maskline: there is no video.',
    ]);
    expect(one.kit.logs).not.toContain('there');
    await closed(one);
  });

  it('what cannot be here is said and the recording goes on; an error has its event', async () => {
    const one = await scene(
      `const r = VoxEngine.createRecorder({ video: true, hd_audio: true, recordNamePrefix: 'a', expire: 'never',
        videoParameters: { profile: RecorderProfile.HD, direction: RecorderDirection.ltr } });
      r.addEventListener(RecorderEvents.RecorderError, e => Logger.write('error ' + e.error + (e.recorder === r)));
      r.id(); r.addEventListener('Recorder.Oops', () => {}); r.removeEventListener(RecorderEvents.Started);`,
    );
    one.media.recorders[0]?.fail('disk full', 1, 100);
    await turns();
    expect(one.kit.logs).toEqual([
      'createRecorder: video changes nothing; there is no video.',
      'createRecorder: videoParameters changes nothing; there is no video.',
      'createRecorder: hd_audio changes nothing; recordings are WAV with 8 kHz.',
      'createRecorder: recordNamePrefix changes nothing; there is no S3 storage.',
      'createRecorder: expire is no value of RecordExpireTime; three months are meant.',
      expect.stringContaining('Recorder.Oops is not one of RecorderEvents'),
      'error disk fulltrue',
    ]);
    await closed(one);
  });
});
