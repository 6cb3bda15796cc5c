import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { HostCommand, HostEvent } from './protocol.ts';
import { AT, alerting, commandsOf, loadScript, logsOf } from './test-support/sandbox-kit.ts';
import facts from './voxengine-api.json' with { type: 'json' };

type Create = Extract<HostCommand, { type: 'player-create' }>;
const at = AT + 1000;

function created(commands: readonly HostCommand[]): Create[] {
  return commands.filter((command): command is Create => command.type === 'player-create');
}
const warnings = (commands: readonly HostCommand[]): string[] =>
  commands.flatMap((command) => (command.type === 'log' ? [command.message] : []));

/** What the public type definitions say of the fields of an event, those of its parents included. */
function fieldsOf(name: string): string[] {
  const { properties = {}, extends: parent } =
    (facts.api as unknown as Record<string, { properties?: Record<string, string>; extends?: string }>)[
      name
    ] ?? {};
  const own = Object.keys(properties).filter((field) => !field.endsWith('?'));
  return parent === undefined ? own : [...own, ...fieldsOf(parent)];
}

describe('what players are made of', () => {
  it('a URL, a request with method, headers and body, and the older forms', async () => {
    // voximplant.com/docs/references/voxengine/urlplayerrequest and …/urlplayerparameters
    const { turn } = await loadScript(`
      VoxEngine.createURLPlayer('http://s/a.mp3');
      VoxEngine.createURLPlayer({ url: 'http://s/a.mp3' }, { loop: true, progressivePlayback: true, hideHeaders: true, hideBody: true });
      VoxEngine.createURLPlayer({ url: 'http://s/tts', method: URLPlayerRequestMethod.POST,
        headers: [{ name: 'X-Key', value: 'k' }], body: { text: 'hello' } }, { onPause: true });
      VoxEngine.createURLPlayer({ url: 'http://s/tts', method: 'POST', headers: { 'X-Key': 1 }, body: { binary: [1, 256] } });
      VoxEngine.createURLPlayer({ url: 'http://s/tts', method: 'POST', headers: ['X-Key: a:b'], body: { binary: 'AB' } });
      VoxEngine.createURLPlayer({ url: 'http://s/a', headers: [{ name: 'bad name', value: 'x' }, { name: 'A', value: 'x\\r\\nB: y' }] });
      VoxEngine.createURLPlayer('http://s/a.mp3', true, true);
      VoxEngine.createURLPlayer('http://s/a.mp3', false);
      VoxEngine.createURLPlayer();`);
    const players = created(commandsOf(turn));
    expect(players).toMatchObject([
      { source: { url: 'http://s/a.mp3' }, loop: false, paused: false },
      { source: { url: 'http://s/a.mp3' }, loop: true },
      { source: { request: { method: 'POST', headers: [['X-Key', 'k']], body: 'hello' } }, paused: true },
      { source: { request: { headers: [['X-Key', '1']], body: [1, 0] } } },
      { source: { request: { headers: [['X-Key', 'a:b']], body: [65, 66] } } },
      { source: { kind: 'url', url: 'http://s/a' } },
      { loop: true, paused: true },
      { loop: false, paused: false },
      { source: { url: '' } },
    ]);
    expect(players[0]?.source).toEqual({ kind: 'url', url: 'http://s/a.mp3' });
    expect(players[5]?.source).toEqual({ kind: 'url', url: 'http://s/a' });
    expect(warnings(commandsOf(turn))).toHaveLength(1);
  });

  it('a text: voice, language, and TTSOptions in figures', async () => {
    // voximplant.com/docs/references/voxengine/ttsoptions; its values are those of SSML's prosody.
    const { turn } = await loadScript(`
      VoxEngine.createTTSPlayer('one', { voice: VoiceList.Google.ru_RU_Standard_A, onPause: true, progressivePlayback: true,
        ttsOptions: { rate: 'slow', pitch: '+2st', volume: '-6dB' } });
      VoxEngine.createTTSPlayer('two', Language.US_ENGLISH_FEMALE, { rate: '+20%', speed: '2', pitch: 'low', volume: 'loud' }, true);
      VoxEngine.createTTSPlayer('three', { language: 'ru-RU', ttsOptions: { pitch: '-50%', emotion: 'good', rate: 'odd' } });
      VoxEngine.createTTSPlayer('four', { ttsOptions: { rate: '900%', volume: 'silent', yandexCustomModelName: 'm' }, request: { a: 1 } });
      VoxEngine.createTTSPlayer('five', { ttsOptions: { effectsProfileId: [TTSEffectsProfile.TelephonyClassApplication] } });
      VoxEngine.createTTSPlayer('x'.repeat(9000), Language.RU_RUSSIAN_FEMALE);`);
    const commands = commandsOf(turn);
    expect(created(commands)).toMatchObject([
      {
        source: { text: 'one', language: 'ru-RU', tuning: { speed: 0.75, pitchSemitones: 2, gainDb: -6 } },
        paused: true,
      },
      {
        source: { text: 'two', language: 'en-US', tuning: { speed: 2.4, pitchSemitones: -3, gainDb: 6 } },
        paused: true,
      },
      { source: { language: 'ru-RU', tuning: { speed: 1, pitchSemitones: -12, gainDb: 0 } } },
      { source: { tuning: { speed: 4, gainDb: -96 } } },
      { source: { text: 'five' } },
      { source: { text: 'x'.repeat(8192) } },
    ]);
    expect(created(commands)[4]?.source).not.toHaveProperty('tuning');
    expect(warnings(commands)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('emotion is of one vendor'),
        expect.stringContaining('yandexCustomModelName is of one vendor'),
        expect.stringContaining('The request of a text'),
        'ttsOptions: rate "odd" is not understood and is left out.',
      ]),
    );
  });

  it('a tone script, with loop as an option or as the older flag', async () => {
    // voximplant.com/docs/references/voxengine/voxengine/createtonescriptplayer
    const script = '400@-19,450@-19;*(0.4/0.2/1,0.2/2/1)';
    const { turn } = await loadScript(`
      VoxEngine.createToneScriptPlayer('${script}');
      VoxEngine.createToneScriptPlayer('${script}', { loop: true, progressivePlayback: true });
      VoxEngine.createToneScriptPlayer('${script}', true); VoxEngine.createToneScriptPlayer('x'.repeat(5000));`);
    expect(created(commandsOf(turn))).toMatchObject([
      { source: { kind: 'tone-script', script }, loop: false },
      { loop: true },
      { loop: true },
      { source: { script: 'x'.repeat(1024) } },
    ]);
  });

  it('a sequence of texts and URLs; what is no list of segments is an exception that can be caught', async () => {
    // voximplant.com/docs/references/voxengine/sequenceplayerparameters
    const { turn } = await loadScript(`
      VoxEngine.createSequencePlayer({ segments: [
        { text: 'your order', parameters: { language: 'en-GB', ttsOptions: { rate: 'fast' } } },
        { url: 'http://s/seven.ogg', parameters: { progressivePlayback: true } },
        { url: { url: 'http://s/tts', method: 'POST', body: { text: 'b' } } } ] });
      for (const wrong of [undefined, {}, { segments: 'a' }, { segments: [{}] }, { segments: ['http://s/a'] },
        { segments: Array(101).fill({ url: 'http://s/a' }) }])
        try { VoxEngine.createSequencePlayer(wrong); } catch (e) { Logger.write(e.name); }`);
    expect(created(commandsOf(turn))).toMatchObject([
      {
        source: {
          kind: 'sequence',
          segments: [
            { kind: 'say', text: 'your order', language: 'en-GB', tuning: { speed: 1.3 } },
            { kind: 'url', url: 'http://s/seven.ogg' },
            { kind: 'url', request: { method: 'POST', body: 'b' } },
          ],
        },
        loop: false,
        paused: false,
      },
    ]);
    expect(logsOf(turn)).toEqual(Array(6).fill('TypeError'));
  });
});

const MAKERS: readonly [string, string, string, string][] = [
  ['Player', 'player', 'PlayerEvents', "VoxEngine.createURLPlayer('http://s/a.mp3')"],
  [
    'SequencePlayer',
    'sequencePlayer',
    'SequencePlayerEvents',
    "VoxEngine.createSequencePlayer({ segments: [first, { url: 'http://s/a' }] })",
  ],
];

describe.each(MAKERS)('the life of a %s', (prefix, key, enumName, maker) => {
  const load = async (more = '') => {
    const loaded = await loadScript(`const first = { text: 'one' }; const p = ${maker};
      for (const name of Object.keys(${enumName})) p.addEventListener(${enumName}[name], e => {
        if (e.${key} !== p) throw new Error('not its player');
        Logger.write(JSON.stringify({ ...e, ${key}: true })); });
      ${more}`);
    const [create] = created(commandsOf(loaded.turn));
    if (create === undefined) throw new Error(loaded.turn.error?.message ?? 'no player');
    const { playerId } = create;
    const happen = (event: object): Record<string, unknown>[] =>
      logsOf(loaded.runtime.dispatch({ ...event, at, playerId } as HostEvent)).map(
        (line) => JSON.parse(line) as Record<string, unknown>,
      );
    return { ...loaded, playerId, happen };
  };

  it('is told by events that have every field of the public definitions', async () => {
    const { happen } = await load();
    const seen = [
      { type: 'player-created' },
      { type: 'player-ready' },
      { type: 'player-started', durationSeconds: 2 },
      { type: 'player-marker', offset: -500 },
      { type: 'player-finished', error: 'broken' },
    ].flatMap(happen);
    expect(seen.map(({ name }) => name)).toEqual(
      ['Created', 'PlaybackReady', 'Started', 'PlaybackMarkerReached', 'Error', 'PlaybackFinished'].map(
        (name) => `${prefix}.${name}`,
      ),
    );
    for (const event of seen) {
      const short = String(event.name).split('.')[1];
      const fields = fieldsOf(`_${prefix}${short}Event`);
      expect(fields).toContain(key);
      expect(Object.keys(event), `${event.name}`).toEqual(expect.arrayContaining(fields));
    }
    expect(seen[2]).toMatchObject({ duration: 2 });
    expect(seen[3]).toMatchObject({ offset: -500 });
    expect(seen[5]).toMatchObject({ error: 'broken' });
    // It is over: nothing more comes.
    expect(happen({ type: 'player-finished' })).toEqual([]);
  });

  it('a stopped one says Stopped and no PlaybackFinished, and is no player any more', async () => {
    const { runtime, happen } =
      await load(`setTimeout(() => { p.pause(); p.resume(); p.stop(); p.stop(); p.pause();
      p.resume(); p.addMarker(5, first); p.sendMediaTo(VoxEngine.callPSTN('1', '2')); p.removeEventListener('x'); }, 1);`);
    const commands = commandsOf(runtime.dispatch({ type: 'timer', at, timerId: 1 }));
    expect(commands.map(({ type }) => type)).toEqual([
      'player-pause',
      'player-resume',
      'player-stop',
      'dial',
      'log',
    ]);
    expect(warnings(commands)).toEqual([`${prefix}.sendMediaTo: the Player is over; nothing is sent.`]);
    expect(happen({ type: 'player-stopped' })).toMatchObject([{ name: `${prefix}.Stopped` }]);
    expect(happen({ type: 'player-finished' })).toEqual([]);
  });

  it('is sent to whom it is sent, and no more; a handler that was removed hears nothing', async () => {
    const { runtime, playerId, happen } =
      await load(`setTimeout(() => { const c = VoxEngine.callPSTN('1', '2');
      p.sendMediaTo(c); p.stopMediaTo(c); VoxEngine.sendMediaBetween(p, c); VoxEngine.stopMediaBetween(p, c);
      p.removeEventListener(${enumName}.Started); Logger.write(String(p.id())); }, 1);`);
    const commands = commandsOf(runtime.dispatch({ type: 'timer', at, timerId: 1 }));
    const from = { kind: 'player', id: playerId };
    expect(commands.filter(({ type }) => type.startsWith('media-'))).toMatchObject([
      { type: 'media-connect', from },
      { type: 'media-disconnect', from },
      { type: 'media-connect', from },
      { type: 'media-disconnect', from },
      { type: 'media-disconnect', to: from },
    ]);
    expect(warnings(commands)).toEqual([playerId]);
    expect(happen({ type: 'player-started', durationSeconds: 1 })).toEqual([]);
  });

  it('markers are milliseconds from the beginning or before the end; what is no number is none', async () => {
    const { runtime, playerId } = await load(`setTimeout(() => {
      p.addMarker(1000, first); p.addMarker(-250.5, { text: 'one' });
      for (const wrong of ['1', NaN, Infinity, 1e12, undefined, null]) p.addMarker(wrong, first); }, 1);`);
    const commands = commandsOf(runtime.dispatch({ type: 'timer', at, timerId: 1 }));
    const segment = prefix === 'Player' ? undefined : 0;
    expect(commands.filter(({ type }) => type === 'player-mark')).toEqual([
      { type: 'player-mark', playerId, offset: 1000, segment },
      { type: 'player-mark', playerId, offset: -250.5, segment },
    ]);
    expect(warnings(commands)).toHaveLength(6);
  });
});

describe('players of a session', () => {
  it('a segment that is none of the sequence gets no marker; one that plays the same does', async () => {
    const { turn } = await loadScript(`const s = { url: 'http://s/b' };
      const p = VoxEngine.createSequencePlayer({ segments: [{ text: 'a' }, s, { url: 'http://s/c' }] });
      p.addMarker(1, s); p.addMarker(2, { url: 'http://s/c' }); p.addMarker(3, { url: 'http://s/d' }); p.addMarker(4); p.id();`);
    const commands = commandsOf(turn);
    expect(commands.filter(({ type }) => type === 'player-mark')).toMatchObject([
      { offset: 1, segment: 1 },
      { offset: 2, segment: 2 },
    ]);
    expect(warnings(commands)).toHaveLength(1);
  });

  it('are ten at the most, of all kinds together; one that is stopped makes room at once', async () => {
    // voximplant.com/docs/guides/voxengine/limits
    const { turn } = await loadScript(`const all = [];
      for (let i = 0; i < 4; i++) all.push(VoxEngine.createToneScriptPlayer('400;1(1/1/1)'),
        VoxEngine.createSequencePlayer({ segments: [] }));
      all.push(VoxEngine.createTTSPlayer('a'), VoxEngine.createURLPlayer('http://s/a'));
      try { VoxEngine.createTTSPlayer('b'); } catch (e) { Logger.write(e.message); }
      all[0].stop(); VoxEngine.createTTSPlayer('c');
      try { VoxEngine.createTTSPlayer('d'); } catch (e) { Logger.write('again'); }`);
    expect(created(commandsOf(turn))).toHaveLength(11);
    expect(logsOf(turn)).toEqual(['Exceeded the player limit: a session has at most 10 players', 'again']);
  });

  it('cannot be sent sound; their event methods are out of reach', async () => {
    const { turn } =
      await loadScript(`const p = VoxEngine.createTTSPlayer('a'); const q = VoxEngine.createTTSPlayer('b');
      try { p.sendMediaTo(q); } catch (e) { Logger.write(e.message); }
      Logger.write(typeof p.constructor.deliver + typeof Object.getPrototypeOf(p.constructor).deliver);`);
    expect(logsOf(turn)).toEqual(['Player.sendMediaTo: a Player cannot receive sound', 'undefinedundefined']);
  });
});

it('docs/guide/sounds.md: its scripts run and get no warning', async () => {
  const guide = readFileSync(new URL('../../docs/guide/sounds.md', import.meta.url), 'utf8');
  const scripts = [...guide.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, script]) => script ?? '');
  expect(scripts).toHaveLength(2);
  for (const script of scripts) {
    const { runtime, turn } = await loadScript(script);
    const next = runtime.dispatch(alerting());
    expect([turn.error, next.error, logsOf(turn), logsOf(next)]).toEqual([undefined, undefined, [], []]);
  }
});

describe('playback of a call', () => {
  const play = async (body: string): Promise<HostCommand[]> => {
    const { runtime } = await loadScript(
      `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { ${body} });`,
    );
    const turn = runtime.dispatch(alerting());
    if (turn.error !== undefined) throw new Error(turn.error.message);
    return commandsOf(turn);
  };

  it('startPlayback: a URL with loop in both forms, a request, a text, a sequence', async () => {
    // voximplant.com/docs/references/voxengine/startplaybackparameters and …/playbackparameters
    const commands =
      await play(`call.startPlayback('http://s/a.ogg', { loop: true, progressivePlayback: true });
      call.startPlayback('http://s/a.ogg', true); call.startPlayback('http://s/a.ogg');
      call.startPlayback({ url: 'http://s/tts', method: 'POST', body: { text: 'b' } });
      call.startPlayback({ text: 'hello', allowPlaybackInterruption: true, parameters: { language: 'ru-RU' } });
      call.startPlayback({ segments: [{ text: 'a' }, { url: 'http://s/b' }] });`);
    expect(commands).toMatchObject([
      { source: { kind: 'url', url: 'http://s/a.ogg' }, loop: true },
      { loop: true },
      { loop: false },
      { source: { request: { method: 'POST', body: 'b' } } },
      { source: { kind: 'say', text: 'hello', language: 'ru-RU' } },
      { source: { kind: 'sequence', segments: [{ kind: 'say' }, { kind: 'url' }] } },
    ]);
  });

  it('say: options, the older language with options, and what the cloud sends to vendors', async () => {
    const commands =
      await play(`call.say('a', { voice: VoiceList.Default.en_US_Female, progressivePlayback: true, ttsOptions: { rate: 'fast' } });
      call.say('b', Language.RU_RUSSIAN_FEMALE, { pitch: 'high' }); call.say('c');`);
    expect(commands.filter(({ type }) => type === 'call-play')).toMatchObject([
      { source: { text: 'a', tuning: { speed: 1.3 } } },
      { source: { text: 'b', language: 'ru-RU', tuning: { pitchSemitones: 3 } } },
      { source: { text: 'c' } },
    ]);
  });

  it('playProgressTone: a country in any spelling; what is none sounds like most of Europe', async () => {
    // voximplant.com/docs/references/voxengine/call/playprogresstone
    const commands = await play(
      "for (const c of ['RU', 'us', ' gb ', 'Russia', undefined]) call.playProgressTone(c);",
    );
    expect(commands).toMatchObject(
      ['RU', 'US', 'GB', 'EU', 'EU'].map((country) => ({
        source: { kind: 'progress-tone', country },
        loop: true,
      })),
    );
  });
});
