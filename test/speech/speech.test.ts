import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { totalPower } from '../../src/media/goertzel.ts';
import { readWav } from '../../src/media/wav.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import { transcriptPath } from '../../src/records/ports.ts';
import type { SpeechSynthesis } from '../../src/scenario/ports.ts';
import { EspeakSynthesis } from '../../src/speech/espeak.ts';
import { ExampleServer } from '../kit/example-server.ts';
import { SERVICE } from '../kit/whole-server.ts';

const TEXT = 'Your driver has arrived and waits at the main entrance.';
/** Mean square: louder than noise. */
const SPEECH = 50_000;

/** Speaks to a driver; listens to a passenger, records and recognises what they say. Notes how it went, and hangs up. */
const SCENARIO = `
require(Modules.ASR);
const words = ['call the driver', 'operator', 'yes', 'no'];
function speak(call) {
  call.addEventListener(CallEvents.PlaybackFinished, ({ error }) => {
    Logger.write('finished: ' + (error || 'well'));
    call.hangup();
  });
  call.say(${JSON.stringify(TEXT)}, { language: 'en-GB' });
}
function listen(call) {
  call.record({ transcribe: true, language: ASRLanguage.ENGLISH_US, dict: words });
  const asr = VoxEngine.createASR({ profile: ASRProfileList.Google.en_US, phraseHints: words });
  asr.addEventListener(ASREvents.Result, ({ text }) => {
    Logger.write('finished: heard ' + text);
    asr.stop();
    call.hangup();
  });
  asr.addEventListener(ASREvents.ASRError, ({ error }) => {
    Logger.write('finished: ' + error);
    call.hangup();
  });
  call.sendMediaTo(asr);
}
VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, callerid }) => {
  call.addEventListener(CallEvents.Connected, () => (callerid.endsWith('101') ? speak(call) : listen(call)));
  call.addEventListener(CallEvents.Disconnected, VoxEngine.terminate);
  call.answer();
});`;

const folder = mkdtempSync(join(tmpdir(), 'maskline-speech-'));
const scenario = join(folder, 'speech.js');
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
        rules: application.rules.slice(0, 1).map((rule) => ({ ...rule, scenarios: ['taxi'] })),
      })),
    }),
    speech: { say: (text, options) => synthesis.say(text, options) },
  });
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Calls in until the scenario hangs up; gives what was heard, and what the scenario noted. */
async function callIn(
  who = 'driver',
  says?: Int16Array,
): Promise<{ readonly call: PhoneCall; readonly lines: readonly string[] }> {
  const phone = await server.phone(who);
  const call = phone.call(SERVICE);
  if (says !== undefined) {
    await call.waitFor('connected', 20_000);
    call.rtp.speak(says);
  }
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

test('what a caller says is recognised while they talk, and the transcript lies beside the recording', async () => {
  const wav = join(folder, 'words.wav');
  execFileSync('flite', ['-voice', 'rms', '-t', 'call the driver', '-o', wav]);
  // The script has begun to listen after so long a silence.
  const words = Int16Array.from([...new Int16Array(6_000), ...readWav(readFileSync(wav))]);
  const { lines } = await callIn('passenger', words);
  expect(lines).toEqual([expect.stringContaining('finished: heard call the driver')]);

  const { recordings } = await server.closedRecord();
  const { recordingId = '', path = '' } = recordings[0] ?? {};
  const { transcripts } = server.maskline.storage;
  await expect
    .poll(async () => (await transcripts.get(recordingId))?.status, { timeout: 20_000 })
    .toBe('complete');
  const text = readFileSync(join(server.data, 'recordings', transcriptPath(path)), 'utf8');
  const { channels } = JSON.parse(text) as { channels: { segments: { text: string }[] }[] };
  expect(channels.map(({ segments }) => segments.map((one) => one.text))).toEqual([['call the driver'], []]);
});
