/**
 * Conferences as scripts use them. The cloud's behaviour: voximplant.com/docs/references/voxengine/conference,
 * …/conferenceevents, and voximplant.com/blog/voximplant-audio-conferencing.
 */
import { describe, expect, it } from 'vitest';
import type { FakeMediaSession } from '../call/test-support/fake-media.ts';
import type { FakeMixer } from '../call/test-support/fake-sounds.ts';
import { parseCommand } from './parse-command.ts';
import type { HostEvent } from './protocol.ts';
import type { FakeCall } from './test-support/fake-calls.ts';
import { AT, alerting, commandsOf, loadScript, logsOf } from './test-support/sandbox-kit.ts';
import { SessionKit, turns } from './test-support/session-kit.ts';

const at = AT;

/** Writes each event of the conference with its fields, sorted; objects by their ids. */
const WATCH = `
  const show = e => Object.keys(e).sort().map(key => key + '=' + (typeof e[key] === 'object' ? e[key].id() === room.id() ? 'room' : 'endpoint' : e[key])).join(' ');
  for (const name of Object.keys(ConferenceEvents)) room.addEventListener(ConferenceEvents[name], e => Logger.write(show(e)));`;

describe('what a script sees', () => {
  it('a conference, its endpoints, and every field of its events', async () => {
    const { runtime, turn } = await loadScript(`
      require(Modules.Conference);
      const room = VoxEngine.createConference({ hd_audio: true }); let endpoint;
      ${WATCH}
      VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
        endpoint = room.add({ call, mode: 'MIX', direction: ConferenceDirection.BOTH, displayName: 'Anna' });
        Logger.write([endpoint.getMode() === ConferenceMode.MIX, endpoint.getDirection(), endpoint.getCall() === call,
          room.get(endpoint.id()) === endpoint, room.getList().length, room.get('none')].join());
        endpoint.setDisplayName('Anna K.');
        endpoint.manageEndpoint({ all: { audio: [] } }).then(() => Logger.write('managed'));
        endpoint.manageEndpoint({ direction: 'RECEIVE' }).catch(e => Logger.write(e.message));
      });`);
    expect(turn.error).toBeUndefined();
    const [create] = commandsOf(turn).filter(({ type }) => type === 'conference-create');
    if (create?.type !== 'conference-create') throw new Error('no conference');
    const { conferenceId } = create;
    expect(logsOf(turn)).toEqual([
      'createConference: hd_audio is not available in Maskline; a conference is mixed at 8 kHz.',
    ]);
    const tell = (event: HostEvent): string[] => logsOf(runtime.dispatch(event));
    expect(tell({ type: 'conference-started', at, conferenceId })).toEqual([
      'conference=room name=Conference.Started',
    ]);
    const added = runtime.dispatch(alerting());
    expect(logsOf(added)).toEqual(['true,BOTH,true,true,1,']);
    const wanted = commandsOf(added).filter(({ type }) => type.startsWith('conference-'));
    expect(wanted.map(({ type }) => type)).toEqual([
      'conference-add',
      'conference-update',
      'conference-manage',
      'conference-manage',
    ]);
    expect(wanted.map((command) => ('direction' in command ? command.direction : ''))).toEqual([
      'BOTH',
      '',
      'SEND',
      'RECEIVE',
    ]);
    const [first] = wanted;
    if (first?.type !== 'conference-add') throw new Error('nothing was added');
    const { endpointId } = first;
    const fields = (direction: string, name: string): string =>
      `conference=room direction=${direction} endpoint=endpoint endpointId=${endpointId} mode=MIX name=Conference.${name}`;
    for (const [what, name] of [
      ['added', 'EndpointAdded'],
      ['updated', 'EndpointUpdated'],
    ] as const)
      expect(tell({ type: 'conference-endpoint', at, conferenceId, what, endpointId })).toEqual([
        fields('RECEIVE', name),
      ]);
    const managed = { type: 'conference-endpoint', at, conferenceId, what: 'managed', endpointId } as const;
    expect(tell(managed)).toEqual([fields('RECEIVE', 'EndpointManaged'), 'managed']);
    const error = {
      type: 'conference-error',
      at,
      conferenceId,
      code: 486,
      error: 'full',
      endpointId,
    } as const;
    expect(tell(error)).toEqual([
      `code=486 conference=room endpointId=${endpointId} error=full name=Conference.Error`,
      'Endpoint.manageEndpoint: full',
    ]);
    expect(tell({ type: 'conference-endpoint', at, conferenceId, what: 'removed', endpointId })).toEqual([]);
    expect(tell({ type: 'conference-stopped', at, conferenceId, durationSeconds: 61 })).toEqual([
      'conference=room cost=0 duration=61 name=Conference.Stopped',
    ]);
  });

  it('media in both directions by every way that the cloud has, also through the legacy names', async () => {
    const { runtime } = await loadScript(`
      const room = VoxEngine.createConference(), other = VoxEngine.createConference();
      VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
        VoxEngine.sendMediaBetween(call, room);
        VoxEngine.stopMediaBetween(call, room);
        call.sendMediaTo(room); room.sendMediaTo(call); call.stopMediaTo(room); room.stopMediaTo(call);
        room.sendMediaTo(VoxEngine.createRecorder()); VoxEngine.createURLPlayer('http://a/b.wav').sendMediaTo(room);
        VoxEngine.sendMediaBetween(room, other);
      });`);
    const media = commandsOf(runtime.dispatch(alerting())).flatMap((command) =>
      command.type === 'media-connect' || command.type === 'media-disconnect'
        ? [`${command.type.slice(6)} ${command.from.kind}>${command.to.kind}`]
        : [],
    );
    const both = (word: string): string[] => [`${word} call>conference`, `${word} conference>call`];
    expect(media).toEqual([
      ...both('connect'),
      ...both('disconnect'),
      ...both('connect'),
      ...both('disconnect'),
      'connect conference>recorder',
      'connect player>conference',
      'connect conference>conference',
      'connect conference>conference',
    ]);
  });

  it('callConference is a call like any other; arguments that are none, and what is over, do no harm', async () => {
    const { runtime, turn } = await loadScript(`
      const call = VoxEngine.callConference('room_7', '+79120000001', 'Anna', { 'X-Pin': '1' }, '{}');
      Logger.write([call.state(), call.number(), call.callerid(), call.displayName(), call.incoming()].join());
      VoxEngine.callConference();
      const room = VoxEngine.createConference();
      for (const wrong of [() => room.add(), () => room.add({ call: {} }), () => VoxEngine.destroyConference({}), () => room.sendMediaTo('x')])
        try { wrong(); Logger.write('nothing') } catch (e) { Logger.write(e.name) }
      room.addEventListener(ConferenceEvents.ConferenceError, e => Logger.write(e.code + ' ' + e.error));
      const video = room.add({ call, mode: ConferenceMode.FORWARD });
      Logger.write(video.getMode() + room.getList().length);
      video.manageEndpoint({}).catch(e => Logger.write(e.message));
      const never = () => Logger.write('never');
      room.addEventListener(ConferenceEvents.Stopped, never); room.removeEventListener(ConferenceEvents.Stopped, never);
      VoxEngine.destroyConference(room);
      VoxEngine.addEventListener(AppEvents.CallAlerting, e => { room.add({ call: e.call }); room.sendMediaTo(e.call); e.call.answer(); });`);
    expect(turn.error).toBeUndefined();
    expect(logsOf(turn)).toEqual([
      'PROGRESSING,room_7,+79120000001,Anna,false',
      'TypeError',
      'TypeError',
      'TypeError',
      'TypeError',
      'FORWARD0',
      '102 Conference.add: the mode FORWARD is not available in Maskline, which has no video; only MIX is.',
      'Endpoint.manageEndpoint: the endpoint is not in the conference',
    ]);
    const commands = commandsOf(turn);
    expect(commands.find(({ type }) => type === 'conference-call')).toMatchObject({
      name: 'room_7',
      callerid: '+79120000001',
      displayName: 'Anna',
      headers: { 'X-Pin': '1' },
    });
    const stop = commands.find(({ type }) => type === 'conference-stop');
    if (stop?.type !== 'conference-stop') throw new Error('not stopped');
    const { conferenceId } = stop;
    runtime.dispatch({ type: 'conference-stopped', at, conferenceId, durationSeconds: 0 });
    const after = runtime.dispatch(alerting());
    expect(after.error).toBeUndefined();
    expect(commandsOf(after).map(({ type }) => type)).toEqual(['log', 'log', 'call-answer']);
  });

  it.each([
    ['{"type":"conference-create","conferenceId":"a b"}', /conferenceId/],
    [
      '{"type":"conference-add","conferenceId":"a","endpointId":"b","callId":"c","direction":"UP"}',
      /direction/,
    ],
    ['{"type":"conference-manage","conferenceId":"a","endpointId":7,"direction":"NONE"}', /endpointId/],
    [
      `{"type":"conference-call","callId":"a","name":"${'x'.repeat(65)}","callerid":"","displayName":""}`,
      /name/,
    ],
  ])('a command that is none is refused: %s', (text, why) => {
    expect(() => parseCommand(text)).toThrow(why);
  });
});

async function inRoom(
  body: string,
  count: number,
  limits = {},
): Promise<{ kit: SessionKit; media: FakeMediaSession; room: FakeMixer; calls: readonly FakeCall[] }> {
  const kit = await SessionKit.create(limits);
  await kit.start(`
    const room = VoxEngine.createConference(); const people = [];
    for (const name of Object.keys(ConferenceEvents)) room.addEventListener(ConferenceEvents[name], e => Logger.write(name + (e.error ? ': ' + e.error : '')));
    for (let i = 0; i < ${count}; i++) people.push(VoxEngine.callUser({ username: 'user' + i, callerid: '+74950000001' }));
    ${body}`);
  const calls = kit.calls.dialled;
  for (const call of calls) await call.connect();
  await turns();
  const [media] = kit.media.sessions;
  const room = media?.mixers[0];
  if (media === undefined || room === undefined) throw new Error('no room');
  return { kit, media, room, calls };
}

async function closed(kit: SessionKit): Promise<void> {
  const done = kit.service.close(10_000);
  await kit.advance(10_000);
  await done;
  kit.expectNothingLeft();
}

const legOf = (call: FakeCall | undefined) => {
  if (call?.leg === undefined) throw new Error('the call has no media');
  return call.leg;
};

describe('a room of one session', () => {
  it('each call has one seat, whatever the order of its directions, and hears the room from there', async () => {
    const { kit, media, room, calls } = await inRoom(
      `people.forEach((call, i) => { if (i % 2) { room.sendMediaTo(call); call.sendMediaTo(room); } else VoxEngine.sendMediaBetween(call, room); });`,
      4,
    );
    expect(kit.logs).toEqual(['Started']);
    expect(room.present).toHaveLength(4);
    const seats = calls.map((call) => room.present.find((seat) => media.hears(seat, legOf(call))));
    expect(new Set(seats).size).toBe(4);
    calls.forEach((call, i) => {
      expect(media.hears(legOf(call), seats[i]!)).toBe(true);
    });
    calls[0]?.peerEnds();
    await turns();
    expect(room.present).toHaveLength(3);
    await closed(kit);
    expect(room.closed).toBe(true);
  });

  it('fifty in a room', async () => {
    const { kit, room } = await inRoom(
      'people.forEach(call => VoxEngine.sendMediaBetween(call, room));',
      50,
      {
        calls: 50,
      },
    );
    expect(room.present).toHaveLength(50);
    await closed(kit);
  });

  it('a seat goes when both directions have; the mix goes to recorders, players speak into it, rooms are joined', async () => {
    const { kit, media, room, calls } = await inRoom(
      `const [anna, boris] = people; VoxEngine.sendMediaBetween(anna, room); VoxEngine.sendMediaBetween(boris, room);
       const other = VoxEngine.createConference(); VoxEngine.sendMediaBetween(room, other);
       const recorder = VoxEngine.createRecorder(); room.sendMediaTo(recorder);
       const player = VoxEngine.createTTSPlayer('Welcome'); player.sendMediaTo(room);
       anna.addEventListener(CallEvents.InfoReceived, ({ body }) => { if (body === 'mute') anna.stopMediaTo(room); else VoxEngine.stopMediaBetween(anna, room); });`,
      2,
    );
    const other = media.mixers[1];
    const [player] = media.players;
    const [recorder] = media.recorders;
    if (other === undefined || player === undefined || recorder === undefined) throw new Error('incomplete');
    expect(media.hears(recorder.left, room.mix)).toBe(true);
    // Two people, the other room, the player.
    expect(room.present).toHaveLength(4);
    expect(room.present.some((seat) => media.hears(seat, player))).toBe(true);
    const [there, here] = [
      other.present[0]!,
      room.present.find((seat) => media.hears(seat, other.present[0]!)),
    ];
    expect(here !== undefined && media.hears(there, here)).toBe(true);
    calls[0]?.events.emit('info', { mimeType: 'text/plain', body: 'mute', headers: {} });
    await turns();
    expect(room.present).toHaveLength(4);
    calls[0]?.events.emit('info', { mimeType: 'text/plain', body: 'leave', headers: {} });
    player.finish();
    await turns();
    expect(room.present).toHaveLength(2);
    await closed(kit);
  });

  it('endpoints: added, muted either way, removed with their call; what cannot be says why', async () => {
    const { kit, room, calls } = await inRoom(
      `const [anna, boris, clara] = people;
       room.addEventListener(ConferenceEvents.Started, () => {
         const a = room.add({ call: anna }); const b = room.add({ call: boris, direction: ConferenceDirection.SEND, displayName: 'B', scheme: '' });
         room.add({ call: anna });
         room.add({ call: clara, direction: ConferenceDirection.RECEIVE, receiveParameters: { all: { audio: [] } } });
         a.manageEndpoint({ all: { audio: [] } }).then(() => a.manageEndpoint({ all: { audio: ['default'] } })).then(() => Logger.write('hears again'));
         b.setDisplayName('Boris');
       });`,
      3,
    );
    expect(kit.logs.sort()).toEqual(
      [
        'ConferenceError: The call is an endpoint of the conference already.',
        ...Array(3).fill('EndpointAdded'),
        ...Array(3).fill('EndpointManaged'),
        'EndpointUpdated',
        'Started',
        'hears again',
      ].sort(),
    );
    expect(room.present.map(({ allowed }) => allowed)).toEqual([
      { speak: true, hear: true },
      { speak: true, hear: false },
      { speak: false, hear: false },
    ]);
    kit.logs.length = 0;
    calls[2]?.peerEnds();
    await turns();
    expect(kit.logs).toEqual(['EndpointRemoved']);
    await closed(kit);
  });

  it('stop ends the room and not the calls; afterwards nothing is connected', async () => {
    const { kit, room, calls } = await inRoom(
      `room.add({ call: people[0] }); setTimeout(() => room.stop(), 3000);
       room.addEventListener(ConferenceEvents.Stopped, () => { people[0].sendMediaTo(room); VoxEngine.destroyConference(room); });`,
      1,
    );
    await kit.advance(3000);
    expect(room.closed).toBe(true);
    expect(kit.logs).toEqual([
      'Started',
      'EndpointAdded',
      'EndpointRemoved',
      'Stopped',
      'Nothing was connected: the conference has stopped.',
    ]);
    expect(calls[0]?.state).toBe('CONNECTED');
    await closed(kit);
  });

  it('limits: so many rooms of a session, so many seats of a room', async () => {
    const { kit, room } = await inRoom(
      `VoxEngine.createConference().addEventListener(ConferenceEvents.ConferenceError, e => Logger.write(e.error + e.code));
       people.forEach(call => VoxEngine.sendMediaBetween(call, room)); room.add({ call: people[2] });`,
      3,
      { conferences: 1, conferenceSeats: 2 },
    );
    expect(room.present).toHaveLength(2);
    expect(kit.logs).toEqual([
      'Nothing was connected: the conference is full.',
      'Nothing was connected: the conference is full.',
      'Started',
      'A session has at most 1 conferences.486',
      'ConferenceError: The conference is full.',
    ]);
    await closed(kit);
  });
});
