import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { leaksBetween } from '../../src/cli/demo/measure.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import { HOST, PASSENGER, SERVICE, WholeServer } from '../kit/whole-server.ts';

const NUMBER = '+442079460209';
/** In the range that no network uses; nobody is registered with it, and no trunk leads there. */
const THIRD = '+447700900999';

/** The passenger holds the driver by message; the driver may ask for a transfer. */
const SCRIPT = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, destination }) => {
  const other = VoxEngine.callPSTN('${PASSENGER}', destination);
  VoxEngine.easyProcess(call, other);
  other.addEventListener(CallEvents.MessageReceived, ({ text }) => (text === 'hold' ? call.hold() : call.unhold()));
  for (const name of ['ReInviteAccepted', 'ReInviteRejected'])
    call.addEventListener(CallEvents[name], () => other.sendMessage(name));
  call.handleBlindTransfer(true);
  call.addEventListener(CallEvents.BlindTransferRequested, ({ transferTo }) => {
    const third = VoxEngine.callPSTN(transferTo, destination);
    third.addEventListener(CallEvents.Connected, () => call.notifyBlindTransferSuccess());
    third.addEventListener(CallEvents.Failed, ({ code, reason }) => call.notifyBlindTransferFailed(code, reason));
  });
});`;

/** Whoever calls this number is passed on to a conference, which has a rule of its own (docs/guide/conferences.md). */
const CONFERENCE = '+442079460210';
const GATEWAY = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
  VoxEngine.easyProcess(call, VoxEngine.callConference('conference_7', '${CONFERENCE}', ''));
});`;
const ROOM = `const room = VoxEngine.createConference();
let people = 0;
VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
  people += 1;
  call.answer();
  call.addEventListener(CallEvents.Connected, () => VoxEngine.sendMediaBetween(call, room));
  call.addEventListener(CallEvents.Disconnected, () => { if (--people === 0) VoxEngine.terminate(); });
});`;

/** Whoever calls this number hears an MP3 with a tone of 1000 Hz, and then what they ask for by message. */
const MUSIC = '+442079460211';
const musicScript = (
  url: string,
): string => `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
  const music = VoxEngine.createURLPlayer('${url}/tone.mp3?as=.txt', { loop: true });
  music.sendMediaTo(call);
  call.answer();
  call.addEventListener(CallEvents.MessageReceived, ({ text }) => {
    if (text === 'tone') VoxEngine.createToneScriptPlayer('620@-10;*(1/0/1)').sendMediaTo(call);
    else call.startPlayback('${url}/' + text);
  });
  call.addEventListener(CallEvents.PlaybackFinished, ({ error }) => call.sendMessage('finished ' + (error ?? 'well')));
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
});`;
const FIXTURES = new URL('../../src/media/decode/fixtures/', import.meta.url);
/** Sounds by name; a name that there is no file for is junk with a beginning like that of an MP3. */
const sounds = createServer(({ url }, response) => {
  const name = (url ?? '').slice(1).replace(/\?.*/, '');
  response.end(/^tone/.test(name) ? readFileSync(new URL(name, FIXTURES)) : `ID3${'x'.repeat(500)}`);
});

const POLL = { timeout: 10_000, interval: 20 };

describe('inside a masked call, on real sockets', () => {
  let server: WholeServer;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'maskline-conference-'));
    const file = join(folder, 'room.js');
    writeFileSync(file, ROOM);
    await new Promise<void>((resolve) => sounds.listen(0, '127.0.0.1', resolve));
    const music = musicScript(`http://127.0.0.1:${(sounds.address() as AddressInfo).port}`);
    server = await WholeServer.start({
      scenarios: { [NUMBER]: SCRIPT, [CONFERENCE]: GATEWAY, [MUSIC]: music },
      settings: (settings) => ({
        ...settings,
        applications: settings.applications.map((application) => ({
          ...application,
          scenarios: { ...application.scenarios, room: file },
          rules: [
            ...application.rules,
            { ...application.rules[0]!, name: 'room', pattern: 'conference_7', scenarios: ['room'] },
          ],
        })),
      }),
    });
  });
  afterEach(() => server.reset());
  afterAll(async () => {
    await server.stop();
    sounds.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function talking() {
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: { answerAfterMs: 20 } });
    const driver = await server.phone('driver', { toneHz: 440 });
    const outgoing = driver.call(NUMBER);
    const incoming = await passenger.nextCall();
    await incoming.waitUntil('the driver’s tone', () => incoming.sound?.heard.isTone(440) === true);
    const end = async (): Promise<void> => {
      outgoing.hangup();
      await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
      await server.closedRecord();
      expect(leaksBetween(outgoing, incoming, [NUMBER, SERVICE, HOST, 'maskline.local'])).toEqual([]);
    };
    return { outgoing, incoming, end };
  }

  const heard = (call: PhoneCall, what: string): boolean =>
    call.packets.sip.some(
      ({ direction, bytes }) => direction === 'received' && Buffer.from(bytes).includes(what),
    );
  const write = (call: PhoneCall, text: string): Promise<number> =>
    call.sendInDialog('MESSAGE', [['Content-Type', 'text/plain']], Buffer.from(text));

  test('[row 17] the script puts the driver on hold and takes it back; the passenger is told nothing by SIP', async () => {
    const { outgoing, incoming, end } = await talking();
    const inDialog = () =>
      incoming.packets.sip.filter(({ bytes }) => Buffer.from(bytes).includes(' INVITE\r\n')).length;
    const before = inDialog();
    expect(await write(incoming, 'hold')).toBe(200);
    // Nothing is heard of a driver on hold, so there are no packets to look at the call after.
    await expect.poll(() => heard(incoming, 'ReInviteAccepted'), POLL).toBe(true);
    expect(outgoing.remoteSdp?.direction).toBe('sendonly');
    // Whoever is on hold still hears, and is not heard.
    outgoing.rtp.heard.forget();
    await outgoing.waitUntil('the passenger’s tone', () => outgoing.rtp.heard.isTone(1020));
    expect(await write(incoming, 'back')).toBe(200);
    await expect.poll(() => outgoing.remoteSdp?.direction, POLL).toBe('sendrecv');
    incoming.rtp.heard.forget();
    await incoming.waitUntil('the driver’s tone again', () => incoming.rtp.heard.isTone(440));
    expect(inDialog()).toBe(before);
    await end();
  });

  test('a caller hears the tone of an MP3, of a tone script and of an Opus file, and a broken one is told', async () => {
    const caller = await server.phone('driver', { toneHz: 440 });
    const call = caller.call(MUSIC);
    await call.waitFor('connected');
    const hears = async (hertz: number): Promise<void> => {
      call.rtp.heard.forget();
      await call.waitUntil(`${hertz} Hz`, () => call.rtp.heard.isTone(hertz));
    };
    await hears(1000);
    expect(await write(call, 'tone')).toBe(200);
    await hears(620);
    expect(await write(call, 'tone-opus.ogg')).toBe(200);
    await hears(1000);
    // Nothing is played then, so there are no packets to look at the call after.
    await expect.poll(() => heard(call, 'finished well'), POLL).toBe(true);
    expect(await write(call, 'broken.mp3')).toBe(200);
    await expect.poll(() => heard(call, 'finished The MP3 file'), POLL).toBe(true);
    call.hangup();
    await caller.waitFor('idle');
    await server.closedRecord();
  });

  test('two who dial one conference hear each other and not themselves, and learn nothing of each other', async () => {
    const one = await server.phone('driver', { toneHz: 440 });
    const other = await server.phone('passenger', { toneHz: 1020 });
    const first = one.call(CONFERENCE);
    await first.waitFor('connected');
    const second = other.call(CONFERENCE);
    await second.waitFor('connected');
    await Promise.all([
      first.waitUntil('the other’s tone', () => first.rtp.heard.isTone(1020)),
      second.waitUntil('the other’s tone', () => second.rtp.heard.isTone(440)),
    ]);
    // Two sessions of the gateway and one of the conference; each gateway has two legs, the conference one for each.
    expect(server.maskline.parts.scenarios.activeSessions).toBe(3);
    expect(await server.maskline.parts.media.stats()).toMatchObject({ legs: 6, mixers: 1 });
    second.hangup();
    first.hangup();
    await Promise.all([one.waitFor('idle'), other.waitFor('idle')]);
    await server.closedRecords(2);
    expect(leaksBetween(first, second, [CONFERENCE, HOST, 'maskline.local'])).toEqual([]);
  });

  test('[RFC 3515 §2.4.4] the driver asks for a transfer and is told how it went; an attended one is refused', async () => {
    const { outgoing, incoming, end } = await talking();
    const refer = (to: string): Promise<number> =>
      outgoing.sendInDialog('REFER', [
        ['Refer-To', `<sip:${to}>`],
        ['Referred-By', '<sip:driver@maskline.local>'],
      ]);
    expect(await refer('bob@maskline.local?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2')).toBe(603);
    expect(await refer(`${THIRD}@maskline.local;user=phone`)).toBe(202);
    await outgoing.waitUntil('the outcome', () => heard(outgoing, 'terminated;reason=noresource'));
    expect(heard(outgoing, 'SIP/2.0 100 Trying')).toBe(true);
    expect(heard(outgoing, 'SIP/2.0 503')).toBe(true);
    expect(heard(incoming, THIRD.slice(1))).toBe(false);
    expect(incoming.state).toBe('connected');
    await end();
  });
});
