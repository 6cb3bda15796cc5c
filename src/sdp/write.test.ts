import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalDescription } from './local-description.ts';
import { readSdp } from './read.ts';
import { LOCAL } from './test-support.ts';
import type { CodecEntry, Direction } from './types.ts';
import { writeAnswer, writeOffer } from './write.ts';

/** Everything about it is somebody's: names, hosts, hashes, candidates, attributes that do not exist yet. */
const FOREIGN = [
  'v=0',
  'o=FrgnUser 77777001 77777002 IN IP4 203.0.113.77',
  's=FrgnSubject',
  'i=FrgnInformation',
  'u=http://frgn.example/+79031112233',
  'e=frgn@frgn.example',
  'p=+7 903 111-22-33',
  'c=IN IP4 203.0.113.77',
  'b=AS:77784',
  't=77785 77786',
  'k=clear:FrgnKey',
  'a=tool:FrgnTool',
  'a=ice-ufrag:frgnufrag',
  'm=video 7778 RTP/AVP 99',
  'i=FrgnVideo',
  'a=rtpmap:99 FRGNCODEC/90000',
  'm=audio 7779 RTP/AVP 98 97 8',
  'c=IN IP4 203.0.113.78',
  'a=rtpmap:98 PCMA/8000',
  'a=rtpmap:97 telephone-event/8000',
  'a=fmtp:97 0-15,66,70,frgn=1',
  'a=candidate:1 1 UDP 2130706431 10.77.7.7 7777 typ host',
  'a=ssrc:777888 cname:frgn@frgn.example',
  'a=rtcp:7780 IN IP4 203.0.113.79',
  'a=msid:frgn-stream frgn-track',
  'a=x-frgn-attribute:FrgnValue',
  'a=sendrecv',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  '',
].join('\r\n');

describe('writeOffer', () => {
  it('[RFC 8866 §5] writes exactly these lines', () => {
    expect(writeOffer(LOCAL)).toBe(
      [
        'v=0',
        'o=- 1234 3 IN IP4 192.0.2.10',
        's=-',
        'c=IN IP4 192.0.2.10',
        't=0 0',
        'm=audio 20000 RTP/AVP 8 0 101',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=ptime:20',
        'a=sendrecv',
        '',
      ].join('\r\n'),
    );
  });

  it('writes IPv6', () => {
    expect(writeOffer({ ...LOCAL, host: '2001:db8::1' })).toContain('c=IN IP6 2001:db8::1');
  });

  it('refuses to write a host that is not an address', () => {
    expect(() => writeOffer({ ...LOCAL, host: 'evil\r\na=x' })).toThrow(TypeError);
  });

  it('writes what our own reader understands', () => {
    const codecs = fc
      .shuffledSubarray<CodecEntry>(
        [
          { name: 'PCMA', payloadType: 8 },
          { name: 'PCMU', payloadType: 0 },
        ],
        { minLength: 1 },
      )
      .map((list) => [...list]);
    const local = fc.record({
      host: fc
        .oneof(fc.ipV4(), fc.constant('2001:db8::1'))
        .filter((host) => Number(host.split('.')[0]) < 224 || host.includes(':')),
      port: fc.integer({ min: 1, max: 65_535 }),
      codecs,
      telephoneEventPayloadType: fc.option(fc.integer({ min: 96, max: 127 }), { nil: undefined }),
      direction: fc.constantFrom<Direction>('sendrecv', 'sendonly', 'recvonly', 'inactive'),
      packetMs: fc.constantFrom(20, 40, 60),
    });
    fc.assert(
      fc.property(local, (wanted) => {
        const read = readSdp(writeOffer({ ...LOCAL, ...wanted }));
        const direction = wanted.host === '0.0.0.0' ? 'inactive' : wanted.direction;
        expect(read).toMatchObject({ ...wanted, direction });
      }),
    );
  });
});

describe('writeAnswer', () => {
  it('[RFC 3264 §6] answers every stream in order, those that we do not speak with port 0', () => {
    const streams = writeAnswer(LOCAL, readSdp(FOREIGN))
      .split('\r\n')
      .filter((line) => line.startsWith('m='));
    expect(streams).toEqual([
      'm=video 0 RTP/AVP 99',
      'm=audio 20000 RTP/AVP 8 0 101',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
    ]);
  });

  it('lets nothing of a foreign SDP through', () => {
    const description = new LocalDescription({
      sessionId: 5,
      host: '192.0.2.10',
      port: 20_000,
      codecs: ['PCMA', 'PCMU'],
    });
    const { sdp } = description.answer(readSdp(FOREIGN));
    const text = `${sdp}${description.offer()}`.toLowerCase();
    for (const foreign of [
      'frgn',
      '777',
      '203.0.113',
      '10.77',
      '903',
      'candidate',
      'ice-',
      'ssrc',
      'msid',
      'rtcp',
      'x-',
    ]) {
      expect(text).not.toContain(foreign);
    }
    const kinds = new Set(
      sdp
        .split('\r\n')
        .filter(Boolean)
        .map((line) => line.slice(0, 2)),
    );
    expect([...kinds]).toEqual(['v=', 'o=', 's=', 'c=', 't=', 'm=', 'a=']);
  });
});

describe('LocalDescription', () => {
  const versionOf = (sdp: string): number => Number(/^o=- \d+ (\d+) /m.exec(sdp)?.[1]);
  const phone = (direction: string): string =>
    writeOffer({ ...LOCAL, host: '198.51.100.7', direction: direction as Direction });
  const create = (): LocalDescription =>
    new LocalDescription({ sessionId: 5, host: '192.0.2.10', port: 20_000, codecs: ['PCMA', 'PCMU'] });

  it('[RFC 3264 §5.1] [row 17] the version grows by one when our text changes, and only then', () => {
    const description = create();
    const versions = ['sendrecv', 'sendrecv', 'sendonly', 'sendonly', 'sendrecv'].map((direction) =>
      versionOf(description.answer(readSdp(phone(direction))).sdp),
    );
    expect(versions).toEqual([1, 1, 2, 2, 3]);
  });

  it('[row 17] a refused offer changes nothing', () => {
    const description = create();
    const before = description.answer(readSdp(phone('sendrecv'))).sdp;
    const opus = readSdp(FOREIGN.replace('98 97 8', '99').replace('a=rtpmap:98 PCMA/8000\r\n', ''));
    expect(() => description.answer(opus)).toThrow(
      expect.objectContaining({ code: 'no-common-codec' }) as Error,
    );
    expect(description.answer(readSdp(phone('sendrecv'))).sdp).toBe(before);
  });

  it('[RFC 3264 §8.3.2] a later offer of ours keeps the numbers and the lines that were agreed', () => {
    const description = create();
    description.answer(readSdp(FOREIGN));
    const offer = description.offer();
    expect(offer).toContain('m=audio 20000 RTP/AVP 98 0 97');
    expect(offer).toContain('m=video 0 RTP/AVP 99');
    const negotiated = description.answered(readSdp(phone('sendrecv')));
    expect(negotiated).toMatchObject({ codec: 'PCMA', sendPayloadType: 8, receivePayloadType: 98 });
  });

  it('[row 17] version and codec hold over any order of offers and answers', () => {
    const step = fc.constantFrom('theirs sendrecv', 'theirs sendonly', 'theirs inactive', 'ours');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const description = create();
        let last = { text: '', version: 0 };
        for (const one of steps) {
          const sdp =
            one === 'ours' ? description.offer() : description.answer(readSdp(phone(one.split(' ')[1]!))).sdp;
          const text = sdp.replace(/^o=.*$/m, '');
          expect(versionOf(sdp)).toBe(text === last.text ? last.version : last.version + 1);
          expect(sdp).toMatch(/^o=- 5 /m);
          last = { text, version: versionOf(sdp) };
        }
      }),
    );
  });
});
