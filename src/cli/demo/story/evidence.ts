/** What the story left behind, asked of the API as a customer would, and of the phones themselves. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toneShare } from '../../../media/goertzel.ts';
import { readWavChannel, readWavInfo } from '../../../media/wav.ts';
import { leaksBetween } from '../measure.ts';
import { HOST } from '../stage.ts';
import type { Conversation } from './conversations.ts';
import { HZ, type StoryStage } from './stage.ts';

const WAIT_MS = 25_000;
/** A beep of 0.8 s inside a window of 0.4 s is nearly all of the power there. */
const CLEAR_SHARE = 0.7;
const WINDOW = 3200;

interface ApiRecording {
  readonly recordingId: string;
  readonly status: string;
  readonly path: string;
}

/** One recording per conversation, complete; on each channel a beep of one of the three, and not of the same. */
export async function checkRecordings(stage: StoryStage, conversations: number): Promise<string> {
  const recordings = await finishedRecordings(stage);
  if (recordings.length !== conversations)
    throw new Error(`${conversations} conversations, ${recordings.length} recordings`);
  for (const { path } of recordings) {
    const file = readFileSync(join(stage.folder, 'recordings', path));
    if (readWavInfo(file).channels !== 2) throw new Error(`${path} has not two channels`);
    const [left, right] = [speakerOn(readWavChannel(file, 'left')), speakerOn(readWavChannel(file, 'right'))];
    if (left === undefined || right === undefined || left === right)
      throw new Error(`${path}: ${left ?? 'nobody'} on the left, ${right ?? 'nobody'} on the right`);
  }
  return `${recordings.length} recordings, one speaker on each channel`;
}

/** Whose beep is there. */
function speakerOn(samples: Int16Array): string | undefined {
  for (let at = 0; at + WINDOW <= samples.length; at += WINDOW / 2) {
    const window = samples.subarray(at, at + WINDOW);
    for (const [role, hz] of Object.entries(HZ)) if (toneShare(window, hz) > CLEAR_SHARE) return role;
  }
  return undefined;
}

/** Each in a language that a provider here understands has its text, beside the recording and over the API. */
export async function checkTranscripts(stage: StoryStage): Promise<string> {
  const recordings = await finishedRecordings(stage);
  let words = 0;
  const unknown: string[] = [];
  for (const { recordingId, path } of recordings) {
    const transcript = await transcriptOf(stage, recordingId);
    if ('problem' in transcript) {
      unknown.push(transcript.problem);
      continue;
    }
    const beside = join(stage.folder, 'recordings', path.replace(/\.wav$/, '.transcript.json'));
    if (!existsSync(beside)) throw new Error(`there is no ${beside}`);
    const spoken = transcript.text.split('\n').filter((line) => /\] (left|right): \S/.test(line));
    if (spoken.length < 2)
      throw new Error(`the transcript of ${path} has not two voices: ${transcript.text}`);
    words += transcript.text.split(/\s+/).length;
  }
  const done = recordings.length - unknown.length;
  if (done === 0)
    throw new Error(`none of ${recordings.length} was recognised: ${unknown[0] ?? 'no recordings'}`);
  const rest = unknown.length === 0 ? '' : `; ${unknown.length} not: ${unknown[0]}`;
  return `${done} of ${recordings.length} recognised, both voices, ${words} words${rest}`;
}

type Transcript = { readonly text: string } | { readonly problem: string };

/** Waits for its turn; a language that nobody here understands is told as a problem. */
async function transcriptOf(stage: StoryStage, id: string): Promise<Transcript> {
  const { url, key } = stage.api;
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const response = await fetch(`${url}/v1/recordings/${id}/transcript`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const body = (await response.json()) as { text?: string; detail?: string; title?: string };
    if (response.ok) return { text: body.text ?? '' };
    const problem = body.detail ?? body.title ?? `${response.status}`;
    // 409: it waits, for its turn or for another attempt.
    const waits = response.status === 409 && !/no provider|configured|not installed|missing/i.test(problem);
    if (!waits || performance.now() > deadline) return { problem };
    await sleep(100);
  }
}

/** As each phone saw it: what the one's packets tell about its person must not stand in what the other received. */
export function checkLeaks(stage: StoryStage, conversations: readonly Conversation[]): string {
  const mayBeSeen = [stage.serviceNumber, HOST, stage.domain];
  for (const { one, call, other, answer } of conversations) {
    const leaks = leaksBetween(call, answer, mayBeSeen);
    if (leaks.length > 0)
      throw new Error(`${one} and ${other}: ${leaks.length} leaks, the first: ${JSON.stringify(leaks[0])}`);
  }
  if (conversations.length === 0) throw new Error('nobody has talked');
  return `${conversations.length} conversations scanned, both ways`;
}

/** Of all calls, once each call's record is closed and no recording goes on. */
async function finishedRecordings(stage: StoryStage): Promise<readonly ApiRecording[]> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const { items } = (await get(stage, '/v1/calls')) as { items: readonly { id: string; status: string }[] };
    const calls = await Promise.all(items.map(({ id }) => get(stage, `/v1/calls/${id}`)));
    const recordings = calls.flatMap((call) => (call as { recordings: readonly ApiRecording[] }).recordings);
    const closed = items.every(({ status }) => status !== 'in-progress');
    if (closed && recordings.every(({ status }) => status !== 'recording')) return recordings;
    if (performance.now() > deadline) throw new Error('a call or its recording did not end');
    await sleep(100);
  }
}

async function get({ api }: StoryStage, path: string): Promise<unknown> {
  const response = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${api.key}` } });
  if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
  return await response.json();
}
