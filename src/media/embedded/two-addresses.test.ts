/** One leg, offered to phones of both IP versions: the one that answers decides which of its sockets speak. */
import { afterAll, afterEach, expect, test } from 'vitest';
import { until } from '../../../test/kit/rtp-peer.ts';
import { toneShare } from '../goertzel.ts';
import { sequenceDelta } from '../rtp-packet.ts';
import { MediaStage } from './test-support.ts';

const stage = new MediaStage();
afterEach(() => stage.reset());
afterAll(() => stage.close());

test('[row 15] an early answer over IPv4, then the answer over IPv6: sound follows, and the other socket is deaf', async () => {
  const [four, six] = [await stage.peer(), await stage.peer('PCMU', '::1')];
  const other = await stage.peer();
  const leg = await stage.session.openLeg({ family: 'ipv4' });
  const second = await leg.addressOf('ipv6');
  expect([leg.local.host, second.host]).toEqual(['127.0.0.1', '::1']);
  expect(await leg.addressOf('ipv6')).toBe(second);
  expect(await leg.addressOf('ipv4')).toBe(leg.local);
  expect((await stage.engine.stats()).ports).toBeGreaterThanOrEqual(4);
  stage.join(leg, await stage.leg(other));

  leg.configure(four.plan());
  four.talk(leg.local.port, 440);
  await until('sound over IPv4', () => other.packets.length > 10);
  four.stopTalking();

  leg.configure(six.plan());
  const before = other.packets.length;
  six.talk(second.port, 700);
  await until('sound over IPv6', () => other.packets.length > before + 30);
  expect(toneShare(other.heard().slice(-2_000), 700)).toBeGreaterThan(0.9);
  six.stopTalking();
  const heard = (await leg.stats()).packetsReceived;
  const from = four.sequence;
  four.talk(leg.local.port, 440);
  await until('packets that nobody takes', () => sequenceDelta(four.sequence, from) > 30);
  four.stopTalking();
  // One of IPv6 may have been on its way.
  expect((await leg.stats()).packetsReceived).toBeLessThan(heard + 5);
});

test('an address that comes after the leg has closed is let go', async () => {
  const leg = await stage.session.openLeg({ family: 'ipv4' });
  const late = leg.addressOf('ipv6');
  await leg.close();
  await late.catch(() => undefined);
  while ((await stage.engine.stats()).ports > 0) await new Promise((resolve) => setTimeout(resolve, 20));
});
