import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runDemo } from '../../src/cli/demo/run.ts';
import type { LegStats } from '../../src/media/engine.ts';
import { toneShare, totalPower } from '../../src/media/goertzel.ts';
import { readWavChannel } from '../../src/media/wav.ts';
import { mediaPorts } from '../kit/media-ports.ts';
import { RtpAttacker } from '../kit/rtp-attacker.ts';
import { HOST, PASSENGER, SERVICE, WholeServer } from '../kit/whole-server.ts';

const IVR = '+442079460208';

/** Asks for a PIN while everything is recorded; connects the passenger when it is right. */
const ASKS_FOR_PIN = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, destination }) => {
  let pin = '';
  call.addEventListener(CallEvents.Connected, () => call.record({ stereo: true }));
  call.addEventListener(CallEvents.ToneReceived, ({ tone }) => {
    pin += tone;
    if (tone !== '#') return;
    call.handleTones(false);
    if (pin !== '471#') return call.hangup({ 'X-Keys': String(pin.length) });
    VoxEngine.easyProcess(call, VoxEngine.callPSTN('${PASSENGER}', destination));
  });
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.handleTones(true);
  call.answer();
});`;

/** Stretches of 40 ms in which a key sounds as on the telephone network (ITU-T Q.23): two tones, and nothing besides. */
function keysIn(samples: Int16Array): number {
  let found = 0;
  for (let at = 0; at + 320 <= samples.length; at += 320) {
    const part = samples.subarray(at, at + 320);
    const loudest = (tones: readonly number[]) => Math.max(...tones.map((hz) => toneShare(part, hz)));
    const both = [
      [697, 770, 852, 941],
      [1209, 1336, 1477, 1633],
    ].map(loudest);
    if (totalPower(part) > 10_000 && Math.min(...both) > 0.25) found += 1;
  }
  return found;
}

/** Nobody speaks to the phone meanwhile, so there are no packets to look at it after. */
const POLL = { timeout: 10_000, interval: 20 };

describe('a stranger who sends to every media port', () => {
  let server: WholeServer;
  const stats: LegStats[] = [];
  /** Keys that any call was told. */
  let keys = 0;
  beforeAll(async () => {
    server = await WholeServer.start({ scenarios: { [IVR]: ASKS_FOR_PIN } });
    server.maskline.parts.calls.observers.on('ended', ({ end }) => {
      if (end.media !== undefined) stats.push(end.media);
    });
    server.maskline.parts.calls.observers.on('event', ({ name }) => {
      if (name === 'digit') keys += 1;
    });
  });
  // `reset` and `stop` check that nobody heard the stranger, and that it heard nobody.
  afterEach(() => server.reset());
  afterAll(() => server.stop());

  async function masked(dialled = SERVICE) {
    const passenger = await server.phone('passenger', { toneHz: 1020, answer: { answerAfterMs: 50 } });
    const driver = await server.phone('driver', { toneHz: 440 });
    const outgoing = driver.call(dialled);
    return { passenger, driver, outgoing };
  }

  test('[row 32] has nothing of a call of two who talk, hold and hang up, nor they of it', async () => {
    const { passenger, driver, outgoing } = await masked();
    const incoming = await passenger.nextCall();
    await outgoing.waitUntil('the passenger’s tone', () => outgoing.sound?.heard.isTone(1020) === true);
    expect(await outgoing.hold()).toBe(200);
    const { sent } = server.attacker!;
    await incoming.waitUntil('some attack on a call on hold', () => server.attacker!.sent > sent + 500);
    expect(await outgoing.hold(false)).toBe(200);
    incoming.rtp.heard.forget();
    await incoming.waitUntil('the driver’s tone again', () => incoming.rtp.heard.isTone(440));
    outgoing.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    await server.closedRecord();
  });

  // Of a phone that speaks, the kernel drops strangers soon, uncounted: its socket is connected then.
  test('[row 32] is counted, where a phone says nothing', async () => {
    const passenger = await server.phone('passenger', { silent: true, answer: { answerAfterMs: 50 } });
    const driver = await server.phone('driver', { toneHz: 440 });
    const outgoing = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await Promise.all([outgoing.waitFor('connected'), incoming.waitFor('connected')]);
    const { sent } = server.attacker!;
    await expect.poll(() => server.attacker!.sent, POLL).toBeGreaterThan(sent + 500);
    stats.length = 0;
    outgoing.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    await server.closedRecord();
    expect(stats).toHaveLength(2);
    expect(stats.reduce((sum, one) => sum + one.strangers, 0)).toBeGreaterThan(0);
  });

  test('[row 32] on the host of a phone, once that phone has spoken, is a stranger as well', async () => {
    const { passenger, driver, outgoing } = await masked();
    const incoming = await passenger.nextCall();
    await outgoing.waitUntil('the passenger’s tone', () => outgoing.sound?.heard.isTone(1020) === true);
    const neighbour = await RtpAttacker.start({ ports: server.attacker!.ports, host: HOST });
    try {
      const { sent } = neighbour;
      await incoming.waitUntil('the attack', () => neighbour.sent > sent + 2_000);
      incoming.rtp.heard.forget();
      await incoming.waitUntil('the driver’s tone', () => incoming.rtp.heard.isTone(440));
    } finally {
      neighbour.close();
    }
    // RTCP goes to whoever speaks it on the phone's host: it has another port there, which only NAT knows.
    expect(neighbour.received.filter(({ fromPort }) => fromPort % 2 === 0)).toEqual([]);
    outgoing.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    await server.closedRecord();
  });

  test('[row 35] presses no key of an IVR, and hears none; the keys are in no recording, record or log', async () => {
    const { passenger, driver, outgoing } = await masked(IVR);
    await outgoing.waitFor('connected');
    outgoing.rtp.pressKeys('47');
    await expect.poll(() => keys, POLL).toBe(2);
    // Some phones tell every press by INFO as well: it is one digit all the same.
    const relay = Buffer.from('Signal=1\r\nDuration=100\r\n');
    await outgoing.sendInDialog('INFO', [['Content-Type', 'application/dtmf-relay']], relay);
    const before = outgoing.rtp.packetsSent;
    outgoing.rtp.pressKeys('1');
    await expect.poll(() => outgoing.rtp.packetsSent, POLL).toBeGreaterThan(before + 30);
    await outgoing.sendInDialog('INFO', [['Content-Type', 'application/dtmf']], Buffer.from('#'));
    const incoming = await passenger.nextCall();
    await incoming.waitUntil('the driver’s tone', () => incoming.sound?.heard.isTone(440) === true);
    expect(incoming.rtp.digits).toBe('');
    outgoing.hangup();
    await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
    const record = await server.closedRecord();
    const events = await server.eventsOf(record);
    expect(events.filter(({ name }) => name === 'leg.digit').map(({ detail }) => detail)).toEqual([
      {},
      {},
      {},
      {},
    ]);
    expect(JSON.stringify([record, server.logLines])).not.toMatch(/471#|Signal=/);
    expect(record.recordings).toHaveLength(1);
    const file = await readFile(join(server.data, 'recordings', record.recordings[0]!.path));
    for (const channel of ['left', 'right'] as const) expect(keysIn(readWavChannel(file, channel))).toBe(0);
  });
});

test('[row 32] the demo holds while a stranger attacks its media ports', async () => {
  const ports = mediaPorts();
  const attacker = await RtpAttacker.start({ ports });
  try {
    const result = await runDemo({
      tell: () => undefined,
      keep: false,
      adjust: (settings) => ({ ...settings, media: { ...settings.media, ports } }),
    });
    expect(result.problems).toEqual([]);
    expect(attacker.received).toEqual([]);
    expect(attacker.sent).toBeGreaterThan(1_000);
  } finally {
    attacker.close();
  }
});
