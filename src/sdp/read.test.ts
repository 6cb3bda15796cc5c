import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSdp } from './read.ts';
import { SdpError } from './sdp-error.ts';
import { REMOTE } from './test-support.ts';

function sdp(...lines: string[]): string {
  return ['v=0', 'o=alice 1 1 IN IP4 198.51.100.7', 's=-', ...lines, ''].join('\r\n');
}

const PLAIN = sdp(
  'c=IN IP4 198.51.100.7',
  't=0 0',
  'm=audio 40000 RTP/AVP 8 0 101',
  'a=rtpmap:101 telephone-event/8000',
);

function codeOf(text: string): string {
  try {
    readSdp(text);
  } catch (error) {
    if (error instanceof SdpError) return error.code;
    throw error;
  }
  return 'read';
}

describe('readSdp', () => {
  it('[RFC 3551 §6] reads a plain offer, static payload types without rtpmap', () => {
    expect(readSdp(PLAIN)).toEqual({
      ...REMOTE,
      codecs: [
        { name: 'PCMA', payloadType: 8 },
        { name: 'PCMU', payloadType: 0 },
      ],
      telephoneEventPayloadType: 101,
    });
  });

  it('[RFC 8866 §5.7] takes the address of the stream before that of the session', () => {
    const text = sdp('c=IN IP4 198.51.100.7', 't=0 0', 'm=audio 4000 RTP/AVP 0', 'c=IN IP4 203.0.113.9');
    expect(readSdp(text).host).toBe('203.0.113.9');
  });

  it('reads IPv6, in lower case', () => {
    expect(readSdp(sdp('c=IN IP6 2001:DB8::7', 't=0 0', 'm=audio 4000 RTP/AVP 0')).host).toBe('2001:db8::7');
  });

  it('[RFC 3264 §8.4] reads 0.0.0.0 and :: as the old hold', () => {
    const ipv4 = readSdp(sdp('c=IN IP4 0.0.0.0', 't=0 0', 'm=audio 4000 RTP/AVP 0'));
    const ipv6 = readSdp(sdp('c=IN IP6 ::', 't=0 0', 'm=audio 4000 RTP/AVP 0', 'a=sendrecv'));
    expect([ipv4.direction, ipv6.direction]).toEqual(['inactive', 'inactive']);
  });

  it('takes direction and ptime from the stream, else from the session', () => {
    const session = ['c=IN IP4 198.51.100.7', 't=0 0', 'a=sendonly', 'a=ptime:40'];
    const own = readSdp(sdp(...session, 'm=audio 4000 RTP/AVP 0', 'a=recvonly', 'a=ptime:30'));
    const inherited = readSdp(sdp(...session, 'm=audio 4000 RTP/AVP 0'));
    expect([own.direction, own.packetMs]).toEqual(['recvonly', 30]);
    expect([inherited.direction, inherited.packetMs]).toEqual(['sendonly', 40]);
  });

  it.each(['0', '5000', '20.5', '-20', ''])('falls back to 20 ms for ptime %j', (ptime) => {
    expect(readSdp(`${PLAIN}a=ptime:${ptime}\r\n`).packetMs).toBe(20);
  });

  it('[row 17] of two telephone-event clocks takes the one of 8000', () => {
    const text = sdp(
      'c=IN IP4 198.51.100.7',
      't=0 0',
      'm=audio 4000 RTP/AVP 96 110 97',
      'a=rtpmap:96 PCMA/8000/1',
      'a=rtpmap:110 telephone-event/48000',
      'a=rtpmap:97 Telephone-Event/8000',
    );
    expect(readSdp(text)).toMatchObject({
      codecs: [{ name: 'PCMA', payloadType: 96 }],
      telephoneEventPayloadType: 97,
    });
  });

  it('[RFC 3551 §4.5.2] reads G.722 by its number or its name, with the clock rate that it claims', () => {
    const text = sdp('c=IN IP4 198.51.100.7', 't=0 0', 'm=audio 4000 RTP/AVP 9 8');
    expect(readSdp(text).codecs[0]).toEqual({ name: 'G722', payloadType: 9 });
    const named = sdp(
      'c=IN IP4 198.51.100.7',
      'm=audio 4000 RTP/AVP 99 98',
      'a=rtpmap:98 G722/8000',
      'a=rtpmap:99 G722/16000',
    );
    expect(readSdp(named).codecs).toEqual([{ name: 'G722', payloadType: 98 }]);
  });

  it('believes an rtpmap over the static table', () => {
    const text = sdp('c=IN IP4 198.51.100.7', 't=0 0', 'm=audio 4000 RTP/AVP 0 8', 'a=rtpmap:0 opus/48000/2');
    expect(readSdp(text).codecs).toEqual([{ name: 'PCMA', payloadType: 8 }]);
  });

  it('remembers the streams that it does not use, in order', () => {
    const text = sdp(
      'c=IN IP4 198.51.100.7',
      't=0 0',
      'm=video 5000 RTP/AVP 96',
      'm=audio 0 RTP/AVP 0',
      'm=audio 5002 RTP/SAVP 0',
      'm=audio 4000 RTP/AVP 0',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    );
    const read = readSdp(text);
    expect(read.index).toBe(3);
    expect(read.otherMedia.map((media) => [media.index, media.type, media.protocol, media.formats])).toEqual([
      [0, 'video', 'RTP/AVP', '96'],
      [1, 'audio', 'RTP/AVP', '0'],
      [2, 'audio', 'RTP/SAVP', '0'],
      [4, 'application', 'UDP/DTLS/SCTP', 'webrtc-datachannel'],
    ]);
  });

  it.each([
    ['nothing', '', 'malformed'],
    ['another language', '{"sdp":true}', 'malformed'],
    ['no c= line', sdp('t=0 0', 'm=audio 4000 RTP/AVP 0'), 'malformed'],
    ['a host name', sdp('c=IN IP4 media.example', 'm=audio 4000 RTP/AVP 0'), 'malformed'],
    ['a multicast address', sdp('c=IN IP4 224.2.1.1/127', 'm=audio 4000 RTP/AVP 0'), 'malformed'],
    ['plain multicast', sdp('c=IN IP4 239.1.1.1', 'm=audio 4000 RTP/AVP 0'), 'malformed'],
    ['the broadcast address', sdp('c=IN IP4 255.255.255.255', 'm=audio 4000 RTP/AVP 0'), 'malformed'],
    ['IPv6 multicast', sdp('c=IN IP6 ff02::1', 'm=audio 4000 RTP/AVP 0'), 'malformed'],
    ['hidden multicast', sdp('c=IN IP6 ::ffff:224.0.0.1', 'm=audio 4000 RTP/AVP 0'), 'malformed'],
    ['a port beyond 65535', sdp('c=IN IP4 198.51.100.7', 'm=audio 70000 RTP/AVP 0'), 'malformed'],
    ['a port that is a word', sdp('c=IN IP4 198.51.100.7', 'm=audio many RTP/AVP 0'), 'malformed'],
    ['a media type with quotes', sdp('c=IN IP4 198.51.100.7', 'm="x" 1 RTP/AVP 0'), 'malformed'],
    ['no stream', sdp('c=IN IP4 198.51.100.7', 't=0 0'), 'no-audio'],
    ['port 0', sdp('c=IN IP4 198.51.100.7', 'm=audio 0 RTP/AVP 0'), 'no-audio'],
    ['video alone', sdp('c=IN IP4 198.51.100.7', 'm=video 4000 RTP/AVP 96'), 'no-audio'],
    ['SRTP alone', sdp('c=IN IP4 198.51.100.7', 'm=audio 4000 RTP/SAVP 0'), 'no-common-security'],
    ['DTLS-SRTP alone', sdp('c=IN IP4 198.51.100.7', 'm=audio 9 UDP/TLS/RTP/SAVPF 0'), 'no-common-security'],
    ['40 kB', `${PLAIN}${'a=x\r\n'.repeat(8_000)}`, 'too-large'],
    ['2000 lines', `${PLAIN}${'\n'.repeat(2_000)}`, 'too-large'],
    [
      '17 streams',
      sdp('c=IN IP4 198.51.100.7', ...Array<string>(17).fill('m=audio 4000 RTP/AVP 0')),
      'too-large',
    ],
    [
      'a line of 2 kB',
      sdp('c=IN IP4 198.51.100.7', `m=audio 4000 RTP/AVP ${'0 '.repeat(1_000)}`),
      'too-large',
    ],
  ])('refuses %s', (_what, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('reads line ends of every kind', () => {
    expect(readSdp(PLAIN.replaceAll('\r\n', '\n'))).toEqual(readSdp(PLAIN));
    expect(readSdp(PLAIN.replaceAll('\r\n', '\r'))).toEqual(readSdp(PLAIN));
  });

  it('says nothing of the SDP in its errors', () => {
    expect(() => readSdp(sdp('c=IN IP4 secret.example', 'm=audio 4000 RTP/AVP 0'))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }) as Error,
    );
  });

  it('answers any text with a value or an SdpError', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc
        .tuple(fc.constantFrom(...'vosiuepcbtrzkam'), fc.string({ maxLength: 40 }))
        .map(([k, v]) => `${k}=${v}`),
      fc.constantFrom(
        ...PLAIN.split('\r\n'),
        'a=rtpmap:',
        'a=rtpmap:8 __proto__/8000',
        'm=__proto__ 1 RTP/AVP 0',
        'm=audio 4000 RTP/SAVP 8',
        'a=maxptime:20',
        `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(40)}`,
        'a=crypto:1 __proto__ inline:AAAA|2^31|1:4',
      ),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2_000 }),
      fc.array(line, { maxLength: 30 }).map((lines) => ['v=0', ...lines].join('\r\n')),
    );
    fc.assert(
      fc.property(text, (input) => {
        expect(['read', 'malformed', 'no-audio', 'no-common-security', 'too-large']).toContain(codeOf(input));
      }),
      { numRuns: 3_000 },
    );
  });

  it('reads what a mangled SDP still says within its bounds', () => {
    const edit = fc.record({
      at: fc.nat(PLAIN.length),
      remove: fc.nat(5),
      insert: fc.string({ maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = PLAIN;
        for (const { at, remove, insert } of edits)
          text = text.slice(0, at) + insert + text.slice(at + remove);
        if (codeOf(text) !== 'read') return;
        const read = readSdp(text);
        expect(read.port).toBeGreaterThan(0);
        expect(read.port).toBeLessThan(65_536);
        for (const codec of read.codecs) expect(codec.payloadType).toBeLessThan(128);
        expect(read.host).toMatch(/^[0-9a-f.:]+$/);
      }),
      { numRuns: 3_000 },
    );
  });
});
