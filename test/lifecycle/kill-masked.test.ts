import { afterAll, beforeAll, expect, test } from 'vitest';
import { newMasked } from '../kit/masked-server.ts';
import { DRIVER, PASSENGER, SERVICE } from '../kit/whole-server.ts';
import { type NodeProcess, Place } from './node-process.ts';

let place: Place;
let node: NodeProcess;
let sessionId: string;
beforeAll(async () => {
  place = await Place.make('masked');
  // The first start writes the application down.
  node = await place.start();
  await node.kill();
  sessionId = await place.stored(async ({ masking, admin }) => {
    const [application] = admin.applications();
    const session = await masking.sessions.create(
      newMasked(application!.id, { parties: [{ number: DRIVER }, { number: PASSENGER }], number: SERVICE }),
    );
    return session.id;
  });
  node = await place.start();
});
afterAll(() => place.close());

/** Waits until outsiders see the session so, ten seconds at most. */
async function seen(expected: { readonly status: string; readonly calls: number }): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { body } = await node.get(`/v1/masking-sessions/${sessionId}`);
    const { status, calls } = body as { status: string; calls: number };
    if (status === expected.status && calls === expected.calls) return;
    if (performance.now() > deadline) throw new Error(`the session stays ${status} with ${calls} calls`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('[row 31] a node is killed in a masked call: the session is not in progress for ever, and its people talk again', async () => {
  const driver = await place.phone('driver');
  const passenger = await place.phone('passenger', { answer: { answerAfterMs: 50 } });
  const out = driver.call(SERVICE);
  const rings = await passenger.nextCall();
  await Promise.all([out.waitFor('connected'), rings.waitFor('connected')]);
  await out.waitUntil('the passenger’s tone', () => out.rtp.heard.isTone(1020));
  await seen({ status: 'in-progress', calls: 1 });
  await node.kill();
  out.abandon();
  rings.abandon();

  node = await place.start();
  await seen({ status: 'open', calls: 1 });
  const again = driver.call(SERVICE);
  const answered = await passenger.nextCall();
  await Promise.all([again.waitFor('connected'), answered.waitFor('connected')]);
  expect(answered.shown.number).toBe(SERVICE);
  again.hangup();
  await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
  await seen({ status: 'open', calls: 2 });
}, 120_000);
