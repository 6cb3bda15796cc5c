import { expect, test } from 'vitest';
import { callIn, callOut, dialogBench } from '../sip/dialog/test-support.ts';
import { closeSip, type SipStack } from './sip-stack.ts';

const PATIENCE_MS = 4_000;

/** The layers of the bench as a stack; the parts around them only note that they were closed. */
function stackOf(bench: ReturnType<typeof dialogBench>, closed: string[]): SipStack {
  const note = (name: string) => ({ close: async () => void closed.push(name) });
  return {
    ...{ transport: note('transport'), userAgent: note('user agent'), certificates: note('certificates') },
    transactions: bench.layer,
    dialogs: bench.dialogs,
  } as unknown as SipStack;
}

async function closing(bench: ReturnType<typeof dialogBench>) {
  const closed: string[] = [];
  const begun = bench.clock.monotonic();
  let at: number | undefined;
  void closeSip(stackOf(bench, closed), bench.clock, PATIENCE_MS).then(() => {
    at = bench.clock.monotonic() - begun;
  });
  await bench.clock.advance(0);
  return { closed, after: () => at };
}

test('nothing is open: it is closed at once, from the user agent down', async () => {
  const end = await closing(dialogBench());
  expect(end.after()).toBe(0);
  expect(end.closed).toEqual(['user agent', 'transport', 'certificates']);
});

test('[row 40] a BYE that got lost is repeated until it is answered, and then SIP is closed', async () => {
  const bench = dialogBench();
  const call = await callOut(bench);
  call.answer(200, { body: 'answer' });
  call.session.end();
  const end = await closing(bench);
  await bench.clock.advance(1_600);
  expect(bench.wire.times('BYE')).toHaveLength(3);
  expect(end.after()).toBeUndefined();
  call.answerTo('BYE', 200);
  await bench.clock.advance(20);
  expect(end.after()).toBeLessThan(1_700);
});

test('[row 40] a peer that never answers is given up in time', async () => {
  const bench = dialogBench();
  const call = await callOut(bench);
  call.answer(200, { body: 'answer' });
  call.session.end();
  const end = await closing(bench);
  await bench.clock.advance(PATIENCE_MS + 20);
  expect(bench.wire.times('BYE')).toHaveLength(4);
  expect(end.after()).toBe(PATIENCE_MS);
  expect(bench.clock.pending).toBe(0);
});

test('[row 3] [row 4] a refusal or an answer of ours waits for its ACK', async () => {
  for (const answer of ['reject', 'accept'] as const) {
    const bench = dialogBench();
    const call = callIn(bench);
    if (answer === 'reject') call.session.reject(486);
    else call.session.accept({ sdp: 'answer' });
    call.session.end();
    const end = await closing(bench);
    await bench.clock.advance(600);
    expect(end.after()).toBeUndefined();
    expect(bench.wire.story.filter((name) => /^(486|200) INVITE$/.test(name))).toHaveLength(2);
    await bench.clock.advance(PATIENCE_MS);
    expect(end.after()).toBe(PATIENCE_MS);
  }
});
