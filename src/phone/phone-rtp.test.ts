import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { VirtualNetwork } from '../../test/kit/virtual-network.ts';
import { secretsFromPackets } from '../privacy/secrets-from-messages.ts';
import { PhoneRtp } from './phone-rtp.ts';
import { answerDirection, readSdp, writeSdp } from './phone-sdp.ts';
import { type PhoneRtpPacket, readRtp, senderReport, writeRtp } from './rtp-bytes.ts';
import type { RtpPlan } from './rtp-plan.ts';

async function setUp(toneHz: number | undefined) {
  const clock = new VirtualClock();
  const network = new VirtualNetwork({ clock, random: seededRandom(5) });
  const arrived: { packet: PhoneRtpPacket; at: number }[] = [];
  const peer = await network.bindDatagram(
    { host: '10.0.0.9', port: 4_000 },
    {
      onMessage: (bytes) => arrived.push({ packet: readRtp(bytes)!, at: clock.monotonic() }),
      onError: () => {},
    },
  );
  const rtp = await PhoneRtp.open({
    network: network.host('10.0.0.1'),
    clock,
    random: seededRandom(6),
    host: '10.0.0.1',
    cname: 'ann@10.0.0.1',
    toneHz,
    onChange: () => {},
  });
  const plan: RtpPlan = {
    remote: peer.local,
    remoteRtcp: { host: '10.0.0.9', port: 4_001 },
    codec: 'PCMA',
    payloadType: 8,
    telephoneEvent: 101,
    sends: true,
    srtp: undefined,
  };
  rtp.configure(plan);
  return { clock, network, rtp, arrived, plan };
}

describe('the sound of a phone', () => {
  test('[row 36] one packet each 20 ms, sequence and timestamp without a gap, marker on the first', async () => {
    const { clock, rtp, arrived } = await setUp(440);
    rtp.start();
    await clock.advance(10_010);
    expect(arrived.length).toBe(501);
    expect(arrived.filter(({ packet }) => packet.marker)).toHaveLength(1);
    for (let i = 1; i < arrived.length; i++) {
      const [before, now] = [arrived[i - 1]!, arrived[i]!];
      expect(now.at - before.at).toBeCloseTo(20, 6);
      expect((now.packet.sequence - before.packet.sequence) & 0xffff).toBe(1);
      expect((now.packet.timestamp - before.packet.timestamp) >>> 0).toBe(160);
    }
    rtp.close();
    await clock.advance(10);
    expect(clock.pending).toBe(0);
  });

  test('[row 35] a key press is one timestamp, its end sent three times; sound stops meanwhile', async () => {
    const { clock, rtp, arrived } = await setUp(440);
    rtp.start();
    await clock.advance(100);
    rtp.pressKeys('5');
    await clock.advance(400);
    const events = arrived.map(({ packet }) => packet).filter((packet) => packet.payloadType === 101);
    expect(new Set(events.map((packet) => packet.timestamp)).size).toBe(1);
    expect(events.filter((packet) => (packet.payload[1]! & 0x80) !== 0)).toHaveLength(3);
    expect(events.every((packet) => packet.payload[0] === 5)).toBe(true);
    expect(events.at(-1)?.payload.subarray(2)).toEqual(new Uint8Array([800 >> 8, 800 & 0xff]));
    const first = arrived.findIndex(({ packet }) => packet.payloadType === 101);
    const after = arrived.slice(first).filter(({ packet }) => packet.payloadType === 8);
    expect(after[0]!.at - arrived[first]!.at).toBeGreaterThan(120);
    expect(after[0]!.packet.marker).toBe(true);
    rtp.close();
  });

  test('without a tone nothing is sent; with 0 Hz, silence', async () => {
    const none = await setUp(undefined);
    none.rtp.start();
    await none.clock.advance(500);
    expect(none.arrived).toEqual([]);
    none.rtp.close();
    const silent = await setUp(0);
    silent.rtp.start();
    await silent.clock.advance(500);
    expect(silent.arrived.length).toBeGreaterThan(20);
    expect(new Set(silent.arrived.flatMap(({ packet }) => [...packet.payload]))).toEqual(new Set([0xd5]));
    silent.rtp.close();
  });

  test('sender reports carry SSRC and CNAME', async () => {
    const { clock, network, rtp } = await setUp(440);
    const reports: Uint8Array[] = [];
    await network.bindDatagram(
      { host: '10.0.0.9', port: 4_001 },
      { onMessage: (bytes) => reports.push(bytes), onError: () => {} },
    );
    rtp.start();
    await clock.advance(5_000);
    expect(reports.length).toBe(2);
    const secrets = secretsFromPackets([{ direction: 'sent', bytes: reports[0]! }], { mayBeSeen: [] });
    expect(secrets).toEqual([
      { kind: 'ssrc', value: String(rtp.ssrc) },
      { kind: 'cname', value: 'ann@10.0.0.1' },
    ]);
    rtp.close();
  });
});

describe('RTP bytes', () => {
  const packet = {
    payloadType: 8,
    marker: true,
    sequence: 65_535,
    timestamp: 1,
    ssrc: 2,
    payload: Uint8Array.from(Buffer.from('abcd')),
  };

  test('are read as they were written', () => {
    expect(readRtp(writeRtp(packet))).toEqual(packet);
  });

  test('CSRC list, extension and padding are stepped over; what is too short is no packet', () => {
    const bytes = Buffer.from(writeRtp(packet));
    const fancy = Buffer.concat([
      bytes.subarray(0, 12),
      Buffer.from([9, 9, 9, 9, 0xbe, 0xde, 0, 1, 1, 2, 3, 4]),
      Buffer.from('abcd'),
      Buffer.from([0, 2]),
    ]);
    fancy[0] = 0x80 | 0x20 | 0x10 | 1;
    expect(Buffer.from(readRtp(fancy)?.payload ?? []).toString()).toBe('abcd');
    for (const length of [0, 11]) expect(readRtp(bytes.subarray(0, length))).toBeUndefined();
    expect(readRtp(fancy.subarray(0, 18))).toBeUndefined();
    expect(readRtp(Buffer.from('INVITE sip:x SIP/2.0'))).toBeUndefined();
  });

  test('a report is a whole number of words', () => {
    for (const cname of ['', 'a', 'ab', 'abc', 'abcd']) {
      const bytes = senderReport({ ssrc: 1, wallClockMs: 0, timestamp: 0, packets: 0, octets: 0, cname });
      expect(bytes.length % 4).toBe(0);
      expect(bytes.at(-1)).toBe(0);
    }
  });
});

describe("the phone's SDP", () => {
  test('is read as it was written', () => {
    const codecs = [{ name: 'PCMU', payloadType: 0 }] as const;
    const rtp = { host: '2001:db8::1', port: 4_000 };
    const sdp = {
      username: 'ann',
      sessionId: 1,
      version: 2,
      rtp,
      codecs,
      telephoneEvent: 96,
      direction: 'sendonly',
    } as const;
    expect(readSdp(writeSdp(sdp))).toEqual({
      host: '2001:db8::1',
      port: 4_000,
      codecs,
      telephoneEvent: 96,
      direction: 'sendonly',
      rtcp: undefined,
      secure: false,
      crypto: [],
    });
  });

  test('dynamic numbers for static codecs, session-level lines, an RTCP port, a rejected stream', () => {
    const lines = (port: number): Uint8Array =>
      Buffer.from(
        [
          'v=0',
          'c=IN IP4 192.0.2.1',
          'a=recvonly',
          `m=audio ${port} RTP/AVP 97 18`,
          'a=rtpmap:97 pcma/8000',
          'a=rtcp:5005',
          'm=video 7000 RTP/AVP 31',
          'a=sendonly',
        ].join('\r\n'),
      );
    expect(readSdp(lines(5_000))).toEqual({
      host: '192.0.2.1',
      port: 5_000,
      codecs: [{ name: 'PCMA', payloadType: 97 }],
      telephoneEvent: undefined,
      direction: 'recvonly',
      rtcp: { host: '192.0.2.1', port: 5_005 },
      secure: false,
      crypto: [],
    });
    expect(readSdp(lines(0))).toBeUndefined();
  });

  test('[RFC 3264 §6.1] directions of an answer', () => {
    expect(answerDirection('sendonly', 'sendrecv')).toBe('recvonly');
    expect(answerDirection('recvonly', 'sendrecv')).toBe('sendonly');
    expect(answerDirection('sendrecv', 'sendonly')).toBe('sendonly');
    expect(answerDirection('sendonly', 'sendonly')).toBe('inactive');
    expect(answerDirection('inactive', 'sendrecv')).toBe('inactive');
  });
});
