/** What the phones of the story say, and how it is told whether something is heard. All sound is 8 kHz. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PhoneCall } from '../../../phone/phone-call.ts';

const RATE = 8000;
const FRAME = 160;
const BEEP_SECONDS = 0.8;
const AMPLITUDE = 8000;
/** Mean square of a frame that is a voice or a tone, and not noise. */
const LOUD = 40_000;

/** A beep by which the speaker is known, then the words. */
export function utterance(hz: number, words: Int16Array): Int16Array {
  const beep = Int16Array.from(
    { length: BEEP_SECONDS * RATE },
    (_, i) => AMPLITUDE * Math.sin((2 * Math.PI * hz * i) / RATE),
  );
  const pause = new Int16Array(RATE / 4);
  return Int16Array.from([...beep, ...pause, ...words, ...pause]);
}

/** Waits until so many seconds of sound that is not silence have come, from now on. */
export async function hearsVoice(call: PhoneCall, seconds: number, waitMs = 8000): Promise<void> {
  call.rtp.heard.forget();
  const enough = (): boolean => loudFrames(call.rtp.heard.samples()) * (FRAME / RATE) >= seconds;
  await call.waitUntil(`${seconds} s of a voice`, enough, waitMs);
}

/** Waits until nothing loud has come for so long: a sentence is over. Nobody need send packets meanwhile. */
export async function hearsSilence(call: PhoneCall, seconds: number, waitMs = 20_000): Promise<void> {
  const begun = performance.now();
  let loud = -1;
  let since = begun;
  for (;;) {
    const now = performance.now();
    const heard = loudFrames(call.rtp.heard.samples());
    if (heard !== loud) {
      loud = heard;
      since = now;
    }
    if (now - since >= seconds * 1000) return;
    if (call.end !== undefined) throw new Error(`the call ended before ${seconds} s of silence`);
    if (now - begun > waitMs) throw new Error(`there was no silence of ${seconds} s within ${waitMs} ms`);
    await sleep(50);
  }
}

/** Waits for the beep of a speaker. */
export async function hearsBeep(call: PhoneCall, hz: number, waitMs = 5000): Promise<void> {
  await call.waitUntil(`a beep of ${hz} Hz`, () => call.rtp.heard.isTone(hz), waitMs);
}

function loudFrames(samples: Int16Array): number {
  let loud = 0;
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    let sum = 0;
    for (let i = at; i < at + FRAME; i++) sum += samples[i]! ** 2;
    if (sum / FRAME > LOUD) loud += 1;
  }
  return loud;
}
