import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { totalPower } from '../../src/media/goertzel.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import type { SpeechSynthesis } from '../../src/scenario/ports.ts';
import { EspeakSynthesis } from '../../src/speech/espeak.ts';
import { ExampleServer } from '../kit/example-server.ts';
import { SERVICE } from '../kit/whole-server.ts';

const TEXT = 'Your driver has arrived and waits at the main entrance.';
/** Mean square: louder than noise. */
const SPEECH = 50_000;

/** Answers, speaks, notes how the speech ended, and hangs up. */
const SCENARIO = `
VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call }) => {
  call.addEventListener(CallEvents.Connected, () => call.say(${JSON.stringify(TEXT)}, { language: 'en-GB' }));
  call.addEventListener(CallEvents.PlaybackFinished, ({ error }) => {
    Logger.write('finished: ' + (error || 'well'));
    call.hangup();
  });
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.answer();
});`;

const folder = mkdtempSync(join(tmpdir(), 'maskline-say-'));
const scenario = join(folder, 'say.js');
writeFileSync(scenario, SCENARIO);

const installed = new EspeakSynthesis({ clock: systemClock });
const missing = new EspeakSynthesis({ clock: systemClock, program: join(folder, 'no-espeak-ng') });
let synthesis: SpeechSynthesis = installed;

let server: ExampleServer;
beforeAll(async () => {
  server = await ExampleServer.start('taxi', {
    adjust: (settings) => ({
      ...settings,
      applications: settings.applications.map((application) => ({
        ...application,
        scenarios: { taxi: scenario },
      })),
    }),
    speech: { say: (text, options) => synthesis.say(text, options) },
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Calls in until the scenario hangs up; gives what was heard, and what the scenario noted. */
async function callIn(): Promise<{ readonly call: PhoneCall; readonly lines: readonly string[] }> {
  const driver = await server.phone('driver');
  const call = driver.call(SERVICE);
  await call.waitFor('ended', 20_000);
  expect(call.end).toMatchObject({ by: 'remote', reason: 'BYE' });
  await server.expectIdle();
  const { id } = await server.closedRecord();
  const events = await server.maskline.storage.records.events(id, { limit: 200 });
  const lines = events.items.map(({ detail }) => JSON.stringify(detail));
  return { call, lines: lines.filter((line) => line.includes('finished:')) };
}

test('call.say: the caller hears speech for about as long as the text takes', async () => {
  const spoken = await installed.say(TEXT, { language: 'en-GB', voice: '' });
  const { call, lines } = await callIn();
  expect(lines).toEqual([expect.stringContaining('finished: well')]);

  const heard = call.rtp.heard.samples();
  const loud = (samples: Int16Array): number =>
    Array.from({ length: Math.floor(samples.length / 800) }, (_, i) =>
      totalPower(samples.subarray(i * 800, (i + 1) * 800)),
    ).filter((power) => power > SPEECH).length / 10;
  expect(spoken.length / 8000).toBeGreaterThan(2);
  expect(Math.abs(heard.length - spoken.length) / 8000).toBeLessThan(0.5);
  expect(Math.abs(loud(heard) - loud(spoken))).toBeLessThan(0.5);
});

test('call.say without eSpeak NG: PlaybackFinished says so, and the call goes on to its end', async () => {
  synthesis = missing;
  const { lines, call } = await callIn();
  expect(lines).toEqual([expect.stringMatching(/finished: .*install the package espeak-ng/)]);
  expect(totalPower(call.rtp.heard.samples())).toBeLessThan(SPEECH);
});
