import { expect, it } from 'vitest';
import { FeedQueue } from './feed-queue.ts';

const ramp = (from: number, count: number): Int16Array =>
  Int16Array.from({ length: count }, (_, i) => from + i);

function taken(queue: FeedQueue, now: number): Int16Array | undefined {
  const frame = new Int16Array(160);
  return queue.next(frame, now) ? frame : undefined;
}

it('begins with 40 ms of sound, or after 40 ms; chunks of any size make whole frames', () => {
  const queue = new FeedQueue(8000, 1000);
  queue.push(ramp(0, 200), 0);
  expect(taken(queue, 20)).toBeUndefined();
  expect(taken(queue, 40)).toEqual(ramp(0, 160));
  queue.push(ramp(200, 150), 45);
  expect(taken(queue, 60)).toEqual(ramp(160, 160));
  // 30 samples are left: they wait for more.
  expect(taken(queue, 80)).toBeUndefined();
  queue.push(ramp(350, 130), 81);
  expect(taken(queue, 100)).toEqual(ramp(320, 160));
  expect(queue.isEmpty).toBe(true);
});

it('the rest of a chunk that nothing follows is sent with silence behind it', () => {
  const queue = new FeedQueue(8000, 1000);
  queue.push(ramp(1, 330), 0);
  expect(taken(queue, 0)).toEqual(ramp(1, 160));
  expect(taken(queue, 20)).toEqual(ramp(161, 160));
  expect(taken(queue, 39)).toBeUndefined();
  expect(taken(queue, 40)?.subarray(0, 12)).toEqual(Int16Array.of(...ramp(321, 10), 0, 0));
  expect([queue.isEmpty, taken(queue, 60)]).toEqual([true, undefined]);
});

it('beyond the bound the oldest is dropped, also of one chunk', () => {
  const queue = new FeedQueue(8000, 100);
  queue.push(ramp(0, 700), 0);
  queue.push(ramp(700, 500), 0);
  expect(taken(queue, 0)).toEqual(ramp(400, 160));
  queue.push(ramp(0, 5000), 0);
  for (let n = 0; n < 5; n++) expect(taken(queue, 0)).toEqual(ramp(4200 + n * 160, 160));
  expect(queue.isEmpty).toBe(true);
});

it('forgets all when it is cleared, and waits anew', () => {
  const queue = new FeedQueue(8000, 1000);
  queue.push(ramp(0, 1000), 0);
  taken(queue, 0);
  queue.clear();
  queue.push(ramp(5, 160), 20);
  expect(taken(queue, 20)).toBeUndefined();
  expect(taken(queue, 60)).toEqual(ramp(5, 160));
});

it('takes as much memory as is pushed, and loses nothing when it takes more', () => {
  const queue = new FeedQueue(8000, 10_000);
  queue.push(ramp(0, 3000), 0);
  for (let n = 0; n < 10; n++) expect(taken(queue, 0)).toEqual(ramp(n * 160, 160));
  queue.push(ramp(3000, 20_000), 0);
  for (let n = 10; n < 143; n++) expect(taken(queue, 0)).toEqual(ramp(n * 160, 160));
});
