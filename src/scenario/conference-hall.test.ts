/**
 * Conferences with sessions of their own. The cloud's behaviour: voximplant.com/docs/references/voxengine/voxengine/callconference
 * and voximplant.com/blog/voximplant-audio-conferencing.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FakeCall } from './test-support/fake-calls.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

async function closed(kit: SessionKit): Promise<void> {
  const done = kit.service.close(10_000);
  await kit.advance(10_000);
  await done;
  kit.expectNothingLeft();
}

const legOf = (call: FakeCall) => {
  if (call.leg === undefined) throw new Error('the call has no media');
  return call.leg;
};

/** The gateway of the cloud's tutorial, and the conference that it calls. */
const GATEWAY = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
  const out = VoxEngine.callConference('room_7', call.callerid(), call.displayName(), { 'X-Pin': '12', 'Bad': 'x' });
  for (const name of ['Ringing', 'AudioStarted', 'Connected', 'Failed', 'Disconnected', 'ToneReceived', 'InfoReceived', 'MessageReceived', 'ReInviteRejected'])
    out.addEventListener(CallEvents[name], e => Logger.write('gateway ' + name + ' ' + (e.code || e.tone || e.body || e.text || JSON.stringify(e.headers))));
  out.addEventListener(CallEvents.Connected, () => { out.handleTones(true); out.sendInfo('text/plain', 'hello'); out.sendMessage('hi'); out.hold(); });
  call.addEventListener(CallEvents.Disconnected, () => out.hangup());
  VoxEngine.easyProcess(call, out);
});`;
const CONFERENCE = `const room = VoxEngine.createConference();
  VoxEngine.addEventListener(AppEvents.Started, e => Logger.write('conference ' + e.conference_name));
  VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, destination, headers, displayName }) => {
    Logger.write([destination, call.callerid(), displayName, JSON.stringify(headers)].join());
    for (const name of ['Disconnected', 'InfoReceived', 'MessageReceived']) call.addEventListener(CallEvents[name], e => Logger.write('room ' + name + ' ' + (e.code || e.body || e.text)));
    call.ring({ 'X-Room': '7' }); call.answer({ 'X-Room': '7' }); VoxEngine.sendMediaBetween(call, room);
  });`;

describe('a conference with a session of its own', () => {
  async function called(script = CONFERENCE) {
    const kit = await SessionKit.create();
    kit.conferences.set('room_7', route(script));
    const ring = async (): Promise<FakeCall> => {
      const call = kit.calls.ring(route(GATEWAY));
      await turns();
      // A gateway whose conference is not there has ended by now.
      if (call.state !== 'TERMINATED') await call.connect();
      await turns();
      return call;
    };
    return { kit, ring };
  }

  it('the first call starts it, the next ones come to the same session; sound passes between the sessions', async () => {
    const { kit, ring } = await called();
    const anna = await ring();
    expect(kit.service.activeSessions).toBe(2);
    expect(kit.logs).toEqual(
      expect.arrayContaining([
        'conference room_7',
        'room_7,+79120000001,,{"X-Pin":"12"}',
        'gateway Ringing {"X-Room":"7"}',
        'gateway Connected {"X-Room":"7"}',
        'gateway ReInviteRejected {}',
        'room InfoReceived hello',
        'room MessageReceived hi',
      ]),
    );
    const [gateway, hall] = kit.media.sessions;
    const room = hall?.mixers[0];
    if (gateway === undefined || hall === undefined || room === undefined) throw new Error('no conference');
    const [out] = gateway.legs.filter((leg) => leg !== anna.leg);
    expect(gateway.hears(legOf(anna), out!)).toBe(true);
    expect(hall.hears(room.present[0]!, hall.legs[0]!)).toBe(true);
    out?.press('4');
    await turns();
    expect(kit.logs.at(-1)).toBe('gateway ToneReceived 4');
    const boris = await ring();
    expect(kit.service.activeSessions).toBe(3);
    expect(kit.logs.filter((line) => line.startsWith('conference'))).toHaveLength(1);
    expect(room.present).toHaveLength(2);
    boris.peerEnds();
    await turns();
    expect(room.present).toHaveLength(1);
    expect(kit.logs.slice(-1)).toEqual(['room Disconnected undefined']);
    anna.peerEnds();
    // Sixty seconds without a call, and the conference ends as any session does.
    await kit.advance(61_000);
    expect(kit.service.activeSessions).toBe(0);
    kit.expectNothingLeft();
    await ring();
    expect(kit.service.activeSessions).toBe(2);
    await closed(kit);
  });

  it('the call fails with 404 where no rule has the name, with what the conference rejects it with, and with 480 unanswered', async () => {
    const { kit, ring } = await called(
      `let n = 0; VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { if (n++ === 0) call.reject(486); });`,
    );
    kit.conferences.delete('room_7');
    await ring();
    expect(kit.logs).toEqual(['header "Bad" left out: only X- names may be added', 'gateway Failed 404']);
    kit.conferences.set(
      'room_7',
      route(`VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => call.reject(486));`),
    );
    await ring();
    expect(kit.logs.at(-1)).toBe('gateway Failed 486');
    await kit.advance(61_000);
    kit.conferences.set('room_7', route('VoxEngine.addEventListener(AppEvents.CallAlerting, () => {});'));
    await ring();
    await kit.advance(60_000);
    expect(kit.logs).toContain('gateway Failed 480');
    await closed(kit);
  });

  it('whoever calls hangs up before the answer; without ports nobody is connected; a full one is busy', async () => {
    const { kit, ring } = await called(
      `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => { call.addEventListener(CallEvents.Failed, e => Logger.write('room Failed ' + e.code)); setTimeout(() => call.answer(), 1000); });`,
    );
    const anna = await ring();
    anna.peerEnds();
    await turns();
    expect(kit.logs).toContain('room Failed 487');
    await ring();
    for (const session of kit.media.sessions) session.openLegMode = 'busy';
    await kit.advance(1000);
    expect(kit.logs).toContain('gateway Failed 503');
    await closed(kit);
    const small = await SessionKit.create({ conferenceCalls: 1 });
    small.conferences.set('room_7', route(CONFERENCE));
    for (let n = 0; n < 2; n++) {
      small.calls.ring(route(GATEWAY));
      await turns();
    }
    expect(small.logs).toContain('gateway Failed 486');
    await closed(small);
  });

  it('[row 44] conferences that call each other for ever come to an end', async () => {
    const kit = await SessionKit.create();
    const loop = (to: string): string =>
      `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => VoxEngine.callConference('${to}', '1', '').addEventListener(CallEvents.Failed, e => Logger.write(e.code)));`;
    for (let n = 0; n < 80; n++) kit.conferences.set(`room_${n}`, route(loop(`room_${n + 1}`)));
    kit.calls.ring(route(loop('room_0')));
    await turns();
    for (let n = 0; n < 60; n++) await turns();
    expect(kit.logs).toContain('483');
    await closed(kit);
  });

  it('conferences that call ever more conferences are bounded', async () => {
    const kit = await SessionKit.create({ conferenceSessions: 7 });
    const script = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ destination, call }) => {
      for (const digit of '123') VoxEngine.callConference(destination + digit, '', '').addEventListener(CallEvents.Failed, e => Logger.write(e.code)); });`;
    const names = [1, 2, 3, 4].flatMap((length) =>
      [...Array(3 ** length).keys()].map((n) => n.toString(3).padStart(length, '0')),
    );
    for (const name of names)
      kit.conferences.set(`r${name.replace(/./g, (digit) => String(Number(digit) + 1))}`, route(script));
    kit.calls.ring(route(script), '+79120000001', 'r');
    for (let n = 0; n < 20; n++) await turns();
    // The gateway's own session, and no more than seven others.
    expect(kit.service.activeSessions).toBe(8);
    expect(kit.logs).toContain('503');
    await closed(kit);
  });

  it('the scripts of docs/guide/conferences.md do what it says', async () => {
    const guide = readFileSync(new URL('../../docs/guide/conferences.md', import.meta.url), 'utf8');
    const [local = '', gateway = '', conference = ''] = [...guide.matchAll(/```js\n([\s\S]*?)```/g)].map(
      ([, script = '']) => script,
    );
    const kit = await SessionKit.create();
    kit.conferences.set('conference_7', route(conference));
    for (const script of [local, gateway]) {
      const call = kit.calls.ring(route(script));
      await turns();
      await call.connect();
      await turns();
    }
    for (const call of kit.calls.dialled) await call.connect();
    await turns();
    const rooms = kit.media.sessions.flatMap(({ mixers }) => mixers);
    expect(rooms.map(({ present }) => present.length)).toEqual([3, 1]);
    expect(kit.logs).toEqual([]);
    await closed(kit);
  });

  it('is begun by name without a call, once', async () => {
    const { kit, ring } = await called();
    const request = {
      route: route(CONFERENCE),
      customData: '',
      inbound: undefined,
      conferenceName: 'room_7',
    };
    const [one, again] = [await kit.service.start(request), await kit.service.start(request)];
    expect(one.sessionId).toBe(again.sessionId);
    await ring();
    expect(kit.service.activeSessions).toBe(2);
    expect(kit.logs.filter((line) => line.startsWith('conference'))).toEqual(['conference room_7']);
    await closed(kit);
  });
});
