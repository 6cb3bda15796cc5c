import { expect, it } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { ReceiveStats } from '../receive-stats.ts';
import { buildRtcp, ntpFrom, ntpMiddle, parseRtcp } from '../rtcp.ts';
import { RtpStream } from '../rtp-stream.ts';
import { LegRtcp } from './leg-rtcp.ts';

function legRtcp() {
  const clock = new VirtualClock();
  const random = seededRandom(5);
  const stream = new RtpStream(random);
  const received = new ReceiveStats();
  return { clock, stream, received, rtcp: new LegRtcp(stream, received, clock, random) };
}

it('[RFC 3550 §6.2] reports about every five seconds, never in step', async () => {
  const { clock, rtcp } = legRtcp();
  const times: number[] = [];
  for (let n = 0; n < 3000; n++) {
    await clock.advance(100);
    if (rtcp.due(clock.monotonic()) !== undefined) times.push(clock.monotonic());
  }
  const gaps = times.slice(1).map((time, n) => time - times[n]!);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2500);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(7600);
  expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toBeCloseTo(5000, -3);
  expect(new Set(gaps).size).toBeGreaterThan(10);
});

it('[RFC 3550 §6.4] a sender report only if something was sent since the last', () => {
  const { stream, received, rtcp } = legRtcp();
  expect(rtcp.due(100_000)![1]).toBe(201);
  stream.own(1, Buffer.alloc(172), 0, 160, 100_000);
  received.update(9, 1, 160, 172, true, 100_000);
  const report = rtcp.due(200_000)!;
  expect(report[1]).toBe(200);
  expect(parseRtcp(report)).toMatchObject({ ssrc: stream.ssrc, blocks: [{ ssrc: 9 }], bye: false });
  expect(rtcp.due(300_000)![1]).toBe(201);
});

it('[RFC 3550 §6.4.1] reads the round trip from the block about our own stream only', async () => {
  const { clock, stream, rtcp } = legRtcp();
  await clock.advance(1000);
  const lastSr = ntpMiddle(ntpFrom(clock.now() - 130));
  const block = {
    fractionLost: 0,
    cumulativeLost: 0,
    extendedHighestSequence: 1,
    jitter: 0,
    lastSr,
    delaySinceLastSr: 0,
  };
  const reportAbout = (ssrc: number): Buffer =>
    buildRtcp({ ssrc: 9, cname: 'peer', sender: undefined, blocks: [{ ...block, ssrc }], bye: false });
  rtcp.receive(reportAbout(stream.ssrc ^ 1), '192.0.2.1', 5001);
  expect(rtcp.roundTripMs).toBeUndefined();
  rtcp.receive(reportAbout(stream.ssrc), '192.0.2.1', 5055);
  expect(rtcp.roundTripMs).toBeCloseTo(130, 0);
  expect(rtcp.target('192.0.2.1', 5000)).toEqual({ host: '192.0.2.1', port: 5055 });
  expect(rtcp.target('192.0.2.2', 6000)).toEqual({ host: '192.0.2.2', port: 6001 });
  rtcp.reset();
  expect(rtcp.target('192.0.2.1', 5000).port).toBe(5001);
});
