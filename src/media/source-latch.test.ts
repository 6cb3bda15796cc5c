import { describe, expect, it } from 'vitest';
import { knownSources } from './known-sources.ts';
import {
  CONSECUTIVE_PACKETS,
  LEARNING_WINDOW_MS,
  normalizeHost,
  OTHER_HOST_AFTER_MS,
  PROVEN_AFTER_MS,
  SourceLatch,
} from './source-latch.ts';

const SDP = { host: '198.51.100.7', port: 4000 };
const NAT = { host: '203.0.113.9', port: 61_000 };
const STRANGER = { host: '192.0.2.66', port: 5555 };

function latchIn(mode: 'sdp' | 'learn'): SourceLatch {
  const latch = new SourceLatch();
  latch.configure(mode, SDP, 0, { signallingHost: NAT.host });
  return latch;
}

/** Sends `count` packets in a row; how many were accepted? */
function burst(
  latch: SourceLatch,
  from: { host: string; port: number },
  count: number,
  now: number,
  ssrc = 1,
  first = 100,
): number {
  let accepted = 0;
  for (let n = 0; n < count; n++)
    if (latch.accept(from.host, from.port, ssrc, (first + n) & 0xffff, now)) accepted += 1;
  return accepted;
}

describe('source latch', () => {
  it('[row 32] trusts the address of the SDP at once, in both modes', () => {
    for (const mode of ['sdp', 'learn'] as const) {
      const latch = latchIn(mode);
      expect(burst(latch, SDP, 1, 0)).toBe(1);
      expect(latch.settled).toBe(true);
    }
  });

  it('[row 32] mode sdp: any port of the host, nobody else, ever; sends to the SDP port', () => {
    const latch = latchIn('sdp');
    expect(burst(latch, { ...SDP, port: 9 }, 5, 0)).toBe(5);
    expect(latch.settled).toBe(false);
    expect(burst(latch, STRANGER, 50, 10)).toBe(0);
    expect(burst(latch, NAT, 50, 10)).toBe(0);
    expect([latch.strangers, latch.host, latch.port]).toEqual([100, SDP.host, SDP.port]);
  });

  it('[row 32] mode learn: a phone behind NAT is latched after three consecutive packets', () => {
    const latch = latchIn('learn');
    expect(burst(latch, NAT, 5, 100)).toBe(3);
    expect([latch.strangers, latch.host, latch.port]).toEqual([2, NAT.host, NAT.port]);
    expect(latch.settled).toBe(false);
  });

  it('[row 32] mode learn: not after gaps, nor with changing SSRCs', () => {
    const latch = latchIn('learn');
    for (let n = 0; n < 30; n++) expect(latch.accept(NAT.host, NAT.port, 1, 2 * n, 10)).toBe(false);
    for (let n = 0; n < 30; n++) expect(latch.accept(NAT.host, NAT.port, n, 100 + n, 10)).toBe(false);
    expect(latch.host).toBe(SDP.host);
  });

  it('[row 32] once the SDP address was heard a stranger cannot take over, in the window or after', () => {
    const latch = latchIn('learn');
    burst(latch, SDP, 1, 0);
    expect(burst(latch, STRANGER, 100, 10)).toBe(0);
    expect(burst(latch, STRANGER, 100, 60_000)).toBe(0);
    expect(latch.host).toBe(SDP.host);
  });

  it('[row 32] the window closes, and only configure opens it', () => {
    const latch = latchIn('learn');
    expect(burst(latch, NAT, 50, LEARNING_WINDOW_MS + 1)).toBe(0);
    latch.configure('learn', SDP, 10_000, { signallingHost: NAT.host });
    expect(burst(latch, NAT, 5, 10_100)).toBe(3);
  });

  it('[row 32] prefers the same host with another port to the signalling, and the SDP address to both', () => {
    const latch = latchIn('learn');
    expect(burst(latch, NAT, 5, 10)).toBe(3);
    const samePhone = { ...SDP, port: 4444 };
    expect(burst(latch, samePhone, 5, 20)).toBe(3);
    expect(latch.port).toBe(4444);
    expect(burst(latch, NAT, 50, 30)).toBe(0);
    expect(burst(latch, SDP, 1, 9_000)).toBe(1);
    expect(latch.settled).toBe(true);
    expect(burst(latch, samePhone, 50, 9_000)).toBe(0);
  });

  it('[row 32] a phone that is silent leaves its place to nobody', () => {
    const latch = latchIn('learn');
    for (let now = 0; now < 60_000; now += 100) expect(burst(latch, STRANGER, 5, now, 1, now)).toBe(0);
    expect([latch.host, latch.port, latch.strangers]).toEqual([SDP.host, SDP.port, 3_000]);
  });

  it('[row 32] whoever sprays all ports from before the call on is not believed before those who are expected', () => {
    for (const phone of [SDP, { ...SDP, port: 4444 }, NAT]) {
      const latch = latchIn('learn');
      expect(burst(latch, STRANGER, 100, 0)).toBe(0);
      expect(burst(latch, STRANGER, 100, OTHER_HOST_AFTER_MS - 1, 1, 200)).toBe(0);
      expect(burst(latch, phone, 5, OTHER_HOST_AFTER_MS - 1)).toBeGreaterThanOrEqual(3);
      expect(burst(latch, STRANGER, 100, OTHER_HOST_AFTER_MS, 1, 300)).toBe(0);
      expect([latch.host, latch.port]).toEqual([phone.host, phone.port]);
    }
  });

  it('[row 32] where nobody knows the signalling, another host is heard after a while of silence, and gives way', () => {
    const latch = new SourceLatch();
    latch.configure('learn', SDP, 0);
    expect(burst(latch, STRANGER, 100, 100)).toBe(0);
    expect(burst(latch, STRANGER, 5, OTHER_HOST_AFTER_MS, 1, 200)).toBe(5);
    expect(burst(latch, { ...SDP, port: 4444 }, 5, OTHER_HOST_AFTER_MS + 10)).toBe(3);
    expect(burst(latch, STRANGER, 100, OTHER_HOST_AFTER_MS + 20, 1, 300)).toBe(0);
  });

  it('[row 32] who was believed for want of better loses its place when the signalling turns out to be elsewhere', () => {
    const latch = new SourceLatch();
    latch.configure('learn', SDP, 0);
    expect(burst(latch, STRANGER, 5, OTHER_HOST_AFTER_MS)).toBe(3);
    latch.configure('learn', SDP, 1_000, { signallingHost: NAT.host });
    expect(burst(latch, STRANGER, 100, 1_010)).toBe(0);
    expect(burst(latch, NAT, 5, 1_020)).toBe(3);
    latch.configure('learn', SDP, 2_000, { signallingHost: NAT.host });
    expect(burst(latch, NAT, 1, 2_010)).toBe(1);
  });

  it('[row 32] another host whose packets are authentic is heard at once', () => {
    const latch = latchIn('learn');
    for (let n = 0; n < 3; n++) latch.accept(STRANGER.host, STRANGER.port, 1, n, 10, true);
    expect(latch.host).toBe(STRANGER.host);
  });

  it('[row 32] a refresh with the same SDP keeps the phone behind NAT, and no stranger gets in while it talks', () => {
    const latch = latchIn('learn');
    burst(latch, NAT, 5, 100);
    latch.configure('learn', SDP, 30_000, { signallingHost: NAT.host });
    expect(burst(latch, NAT, 1, 30_010, 1, 200)).toBe(1);
    expect(burst(latch, STRANGER, 50, 30_020)).toBe(0);
    expect(latch.host).toBe(NAT.host);
  });

  it('[row 32] after a refresh a phone whose NAT gave it a new port is found again', () => {
    const latch = latchIn('learn');
    burst(latch, NAT, 5, 100);
    latch.configure('learn', SDP, 30_000);
    expect(burst(latch, { ...NAT, port: 62_000 }, 5, 30_500)).toBe(3);
    expect(latch.port).toBe(62_000);
  });

  it('[row 32] many strangers at once do not push the phone out', () => {
    const latch = latchIn('learn');
    const samePhone = { ...SDP, port: 4444 };
    for (let n = 0; n < 1000; n++) latch.accept(`192.0.2.${n % 250}`, 1000 + n, n, n, 10);
    expect(burst(latch, samePhone, 4, 20)).toBe(2);
  });

  it('knows an IPv6 address however it is written', () => {
    expect(normalizeHost('2001:DB8:0:0::1')).toBe('2001:db8::1');
    expect(normalizeHost('not:an:address')).toBe('not:an:address');
    const latch = new SourceLatch();
    latch.configure('sdp', { host: '2001:DB8::0:7', port: 4000 }, 0);
    expect(latch.accept('2001:db8::7', 4000, 1, 1, 0)).toBe(true);
  });
});

describe('known sources', () => {
  const known = (...entries: string[]): SourceLatch => {
    const latch = new SourceLatch();
    latch.configure('learn', SDP, 0, { sources: knownSources(entries) });
    return latch;
  };

  it('[row 32] nothing is learnt: not from strangers, not from the address in the SDP, at no time', () => {
    const latch = known('203.0.113.0/29', '2001:db8:7::/48');
    for (const from of [STRANGER, SDP])
      for (const now of [1, 3000, 60_000]) expect(burst(latch, from, 50, now)).toBe(0);
    expect(latch.strangers).toBe(300);
    expect([latch.host, latch.port]).toEqual([SDP.host, SDP.port]);
  });

  it('[row 32] every port of theirs is heard, in either family, and we send where the SDP says', () => {
    const latch = known('203.0.113.8/29', '2001:db8:7::/48');
    expect(burst(latch, NAT, 5, 10)).toBe(5);
    expect(burst(latch, { host: '203.0.113.15', port: 1 }, 5, 20)).toBe(5);
    expect(burst(latch, { host: '2001:db8:7:1::9', port: 1 }, 5, 30)).toBe(5);
    expect(burst(latch, { host: '203.0.113.16', port: 1 }, 5, 40)).toBe(0);
    expect([latch.host, latch.followsPorts]).toEqual([SDP.host, true]);
    expect([latch.isPeerHost('203.0.113.10'), latch.isPeerHost(SDP.host)]).toEqual([true, false]);
  });

  it('entries that are no addresses let nobody in', () => {
    expect(burst(known('everybody', '1.2.3.4/99', '0.0.0.0/-1'), STRANGER, 5, 1)).toBe(0);
    expect(knownSources([])).toBeUndefined();
    expect(knownSources(undefined)).toBeUndefined();
  });
});

describe('proof', () => {
  const heardOnce = (): SourceLatch => {
    const latch = latchIn('learn');
    burst(latch, SDP, 5, 100);
    return latch;
  };
  const proven = (latch: SourceLatch, now: number, count = CONSECUTIVE_PACKETS): boolean => {
    let accepted = false;
    for (let n = 0; n < count; n++) accepted = latch.accept(STRANGER.host, STRANGER.port, 9, n, now, true);
    return accepted;
  };

  it('[row 32] reopens the latch after a silence, long after the window', () => {
    const latch = heardOnce();
    expect(proven(latch, 60_000)).toBe(true);
    expect([latch.host, latch.port]).toEqual([STRANGER.host, STRANGER.port]);
  });

  it('[row 32] does not while the peer is heard, nor with too few packets; and without proof nothing does', () => {
    const latch = heardOnce();
    burst(latch, SDP, 5, 60_000);
    expect(proven(latch, 60_000 + PROVEN_AFTER_MS)).toBe(false);
    expect(proven(heardOnce(), 60_000, CONSECUTIVE_PACKETS - 1)).toBe(false);
    expect(burst(heardOnce(), STRANGER, 100, 60_000)).toBe(0);
  });
});
