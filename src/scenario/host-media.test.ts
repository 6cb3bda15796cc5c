import { describe, expect, it } from 'vitest';
import type { FakeMediaSession } from '../call/test-support/fake-media.ts';
import type { FakeCall } from './test-support/fake-calls.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

const alertingScript = (body: string): string =>
  `VoxEngine.addEventListener(AppEvents.CallAlerting, e => { const call = e.call; ${body} });`;
const on = (event: string): string =>
  `call.addEventListener(CallEvents.${event}, e => Logger.write('${event}' + (e.error ? ': ' + e.error : '') + (e.duration || '')));`;

async function answered(body: string): Promise<{ kit: SessionKit; call: FakeCall; media: FakeMediaSession }> {
  const kit = await SessionKit.create();
  const call = kit.calls.ring(route(alertingScript(`call.answer(); ${body}`)));
  await turns();
  await call.connect();
  await turns();
  const [media] = kit.media.sessions;
  if (media === undefined) throw new Error('no media session');
  return { kit, call, media };
}

async function closed({ kit }: { kit: SessionKit }): Promise<void> {
  const done = kit.service.close(10_000);
  await kit.advance(10_000);
  await done;
  kit.expectNothingLeft();
}

describe('playback into a call', () => {
  it('say waits for the media, plays, and tells when it is finished', async () => {
    const scene = await answered(
      `call.say('Hello', Language.RU_RUSSIAN_FEMALE); ${on('PlaybackStarted')}${on('PlaybackFinished')}`,
    );
    const { kit, call, media } = scene;
    expect(kit.said).toEqual([{ text: 'Hello', language: 'ru-RU' }]);
    const [player] = media.players;
    if (player === undefined || call.leg === undefined) throw new Error('nothing plays');
    expect(media.hears(call.leg, player)).toBe(true);
    player.events.emit('started', { durationMs: 1000 });
    player.finish();
    await turns();
    expect(kit.logs).toEqual(['PlaybackStarted1', 'PlaybackFinished']);
    await closed(scene);
  });

  it('a synthesis that fails ends the playback with an error, not the call', async () => {
    const kit = await SessionKit.create();
    kit.speechError = 'Speech needs eSpeak NG; install the package espeak-ng.';
    const call = kit.calls.ring(
      route(alertingScript(`call.answer(); call.say('Hello'); ${on('PlaybackFinished')}`)),
    );
    await turns();
    await call.connect();
    await turns();
    expect(kit.logs).toEqual(['PlaybackFinished: Speech needs eSpeak NG; install the package espeak-ng.']);
    expect(call.state).toBe('CONNECTED');
    await closed({ kit });
  });

  it('a sound that cannot be fetched ends the playback with an error', async () => {
    const scene = await answered(`call.startPlayback('http://sounds/a.wav'); ${on('PlaybackFinished')}`);
    await scene.kit.http.answer(404, 'no');
    await turns();
    expect(scene.kit.logs).toEqual([
      'PlaybackFinished: The sound could not be fetched: the server answered 404',
    ]);
    await closed(scene);
  });

  it('a sound that is broken, or none at all, ends the playback with an error', async () => {
    const scene = await answered(`${on('PlaybackFinished')} call.startPlayback('http://sounds/a.mp3');`);
    await scene.kit.http.answer(200, 'ID3 and no frame that could be decoded');
    await expect.poll(() => scene.kit.logs).toHaveLength(1);
    expect(scene.kit.logs[0]).toMatch(/^PlaybackFinished: The MP3 file (?:is broken|holds no sound)/);
    await closed(scene);
    const other = await answered(`${on('PlaybackFinished')} call.startPlayback('http://sounds/a.wav');`);
    await other.kit.http.answer(200, '<html>');
    await expect.poll(() => other.kit.logs).toHaveLength(1);
    expect(other.kit.logs[0]).toMatch(/^PlaybackFinished: The sound is none that can be played/);
    await closed(other);
  });

  it('a newer playback replaces an older one, and stopPlayback is silent', async () => {
    const scene = await answered(
      `call.say('one'); call.say('two'); call.playProgressTone('RU'); setTimeout(() => call.stopPlayback(), 1000); ${on('PlaybackFinished')}`,
    );
    const { kit, media } = scene;
    await turns();
    expect(media.players.map(({ input, closed: isClosed }) => [input.kind, isClosed])).toEqual([
      ['progress-tone', false],
    ]);
    await kit.advance(1000);
    expect(media.players[0]?.closed).toBe(true);
    expect(kit.logs).toEqual([]);
    await closed(scene);
  });

  it('[row 37] a plain hang-up ends at once; playSoundAndHangup waits for the end of the sound', async () => {
    const first = await answered(
      "call.addEventListener(CallEvents.Connected, () => { call.say('Good bye'); call.hangup(); });",
    );
    expect(first.call.said).toEqual(['answer', 'hangup']);
    await closed(first);
    const kit = await SessionKit.create();
    const call = kit.calls.ring(route("VoxEngine.playSoundAndHangup('http://sounds/a.wav')"));
    await turns();
    await call.connect();
    await turns();
    await kit.http.answer(200, 'RIFF0000WAVE');
    await expect.poll(() => kit.media.sessions[0]?.players.length).toBe(1);
    expect(call.said).toEqual(['answer']);
    kit.media.sessions[0]?.players[0]?.finish();
    await turns();
    expect(call.said).toEqual(['answer', 'hangup']);
    await turns();
    kit.expectNothingLeft();
  });
});

describe('who hears whom', () => {
  it('sendMediaBetween before the answer takes effect as soon as both have media; the newest edge wins', async () => {
    const kit = await SessionKit.create();
    const call = kit.calls.ring(
      route(
        alertingScript(
          "const b = VoxEngine.callPSTN('+79120000002', e.destination); VoxEngine.sendMediaBetween(call, b); setTimeout(() => call.say('wait'), 1000); setTimeout(() => VoxEngine.stopMediaBetween(b, call), 2000);",
        ),
      ),
    );
    await turns();
    const [other] = kit.calls.dialled;
    const [media] = kit.media.sessions;
    await call.connect();
    await turns();
    expect(media?.edges.size).toBe(0);
    await other?.connect();
    await turns();
    if (media === undefined || other?.leg === undefined || call.leg === undefined) throw new Error('no legs');
    expect([media.hears(call.leg, other.leg), media.hears(other.leg, call.leg)]).toEqual([true, true]);
    await kit.advance(1000);
    expect(media.hears(call.leg, other.leg)).toBe(false);
    expect(media.hears(other.leg, call.leg)).toBe(true);
    await kit.advance(1000);
    expect(media.hears(other.leg, call.leg)).toBe(false);
    await closed({ kit });
  });

  it('a player feeds calls; stop tells Stopped and not PlaybackFinished', async () => {
    const scene = await answered(
      "const p = VoxEngine.createTTSPlayer('hold on', { language: 'en-US' }); p.sendMediaTo(call); for (const n of ['Stopped', 'PlaybackFinished']) p.addEventListener(PlayerEvents[n], () => Logger.write(n)); setTimeout(() => p.stop(), 500);",
    );
    const { kit, call, media } = scene;
    const [player] = media.players;
    if (player === undefined || call.leg === undefined) throw new Error('nothing plays');
    expect(media.hears(call.leg, player)).toBe(true);
    await kit.advance(500);
    expect(kit.logs).toEqual(['Stopped']);
    expect(player.closed).toBe(true);
    await closed(scene);
  });
});

describe('recordings', () => {
  it('call.record has the leg left, what it hears right, and is finished when the call ends', async () => {
    const scene = await answered(
      `call.record(); ${on('RecordStarted')}${on('RecordStopped')}${on('Disconnected')}`,
    );
    const { kit, call, media } = scene;
    const [recorder] = media.recorders;
    if (recorder === undefined || call.leg === undefined) throw new Error('no recorder');
    expect(recorder.channels).toBe(2);
    expect(media.hears(recorder.left, call.leg)).toBe(true);
    expect(media.taps).toEqual([[call.leg.nodeId, recorder.right.nodeId]]);
    recorder.events.emit('started', {});
    call.peerEnds();
    await turns();
    expect(recorder.closed).toBe(true);
    expect(kit.recordings).toEqual([
      { recordingId: `rec-${call.id}`, seconds: 1, bytes: 16_044, channels: 2, error: undefined },
    ]);
    expect(kit.logs).toEqual(['RecordStarted', 'Disconnected12', 'RecordStopped1']);
    await closed(scene);
  });

  it('a disk that is full is told to the script and noted in the outcome; the call goes on', async () => {
    const scene = await answered(`call.record({ stereo: false }); ${on('RecordError')}`);
    const [recorder] = scene.media.recorders;
    expect(recorder?.channels).toBe(1);
    recorder?.fail('no space left', 3, 48_044);
    await turns();
    expect(scene.kit.logs).toEqual(['RecordError: no space left']);
    expect(scene.call.state).toBe('CONNECTED');
    expect(scene.kit.recordings).toEqual([
      { recordingId: `rec-${scene.call.id}`, seconds: 3, bytes: 48_044, channels: 1, error: 'no space left' },
    ]);
    await closed(scene);
  });

  it('a Recorder takes two sources, left and right', async () => {
    const scene = await answered(
      "const r = VoxEngine.createRecorder(); const p = VoxEngine.createTTSPlayer('x'); call.sendMediaTo(r); p.sendMediaTo(r); r.addEventListener(RecorderEvents.Stopped, s => Logger.write(s.url)); setTimeout(() => r.stop(), 100);",
    );
    const { kit, call, media } = scene;
    const [recorder] = media.recorders;
    const [player] = media.players;
    if (recorder === undefined || player === undefined || call.leg === undefined)
      throw new Error('no recorder');
    expect([media.hears(recorder.left, call.leg), media.hears(recorder.right, player)]).toEqual([true, true]);
    await kit.advance(100);
    expect(kit.logs).toEqual([`http://maskline/rec-${call.id}`]);
    await closed(scene);
  });
});
