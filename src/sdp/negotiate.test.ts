import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyAnswer, negotiateAnswer } from './negotiate.ts';
import { LOCAL, REMOTE } from './test-support.ts';
import type { CodecEntry, Direction, LocalAudio, RemoteAudio } from './types.ts';

describe('negotiateAnswer', () => {
  it("[row 17] [RFC 3264 §6.1] follows the peer's order and uses the peer's numbers", () => {
    expect(negotiateAnswer(REMOTE, ['PCMA', 'PCMU'])).toEqual({
      remote: { host: '198.51.100.7', port: 40_000 },
      codec: 'PCMU',
      sendPayloadType: 0,
      receivePayloadType: 0,
      telephoneEvent: { sendPayloadType: 96, receivePayloadType: 96 },
      direction: 'sendrecv',
      packetMs: 20,
    });
  });

  it.each<[Direction, Direction]>([
    ['sendrecv', 'sendrecv'],
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ])('[RFC 3264 §6.1] answers %s with %s', (theirs, ours) => {
    expect(negotiateAnswer({ ...REMOTE, direction: theirs }, ['PCMU']).direction).toBe(ours);
  });

  it('throws no-common-codec', () => {
    expect(() => negotiateAnswer({ ...REMOTE, codecs: [] }, ['PCMA'])).toThrow(
      expect.objectContaining({ code: 'no-common-codec' }) as Error,
    );
  });

  it.each([
    [10, 10],
    [20, 20],
    [30, 30],
    [40, 40],
    [60, 60],
    [120, 20],
  ])('a wish for %d ms is played in %d', (wish, played) => {
    expect(negotiateAnswer({ ...REMOTE, packetMs: wish }, ['PCMU']).packetMs).toBe(played);
  });

  it.each([
    [20, 200, 20],
    [60, 40, 40],
    [20, 15, 10],
  ])(
    '[RFC 8866 §6.5] a wish for %d ms with a limit of %d is played in %d',
    (packetMs, maxPacketMs, played) => {
      expect(negotiateAnswer({ ...REMOTE, packetMs, maxPacketMs }, ['PCMU']).packetMs).toBe(played);
    },
  );

  it('takes the codec that saves transcoding, where it is offered at all', () => {
    expect(negotiateAnswer(REMOTE, ['PCMA', 'PCMU'], 'sendrecv', 'PCMA').codec).toBe('PCMA');
    expect(negotiateAnswer(REMOTE, ['PCMA', 'PCMU'], 'sendrecv', 'G722').codec).toBe('PCMU');
  });

  it('has no telephone-event when the peer has none', () => {
    const { telephoneEvent } = negotiateAnswer({ ...REMOTE, telephoneEventPayloadType: undefined }, ['PCMU']);
    expect(telephoneEvent).toBeUndefined();
  });
});

describe('applyAnswer', () => {
  it('[row 17] keeps payload types apart by direction', () => {
    const answer: RemoteAudio = { ...REMOTE, codecs: [{ name: 'PCMA', payloadType: 97 }] };
    expect(applyAnswer(LOCAL, answer)).toMatchObject({
      codec: 'PCMA',
      sendPayloadType: 97,
      receivePayloadType: 8,
      telephoneEvent: { sendPayloadType: 96, receivePayloadType: 101 },
    });
  });

  it('ignores a codec that was not offered, even when it comes first', () => {
    const onlyPcmu: LocalAudio = { ...LOCAL, codecs: [{ name: 'PCMU', payloadType: 0 }] };
    const answer = { ...REMOTE, codecs: [...REMOTE.codecs].reverse() };
    expect(applyAnswer(onlyPcmu, answer).codec).toBe('PCMU');
  });

  it('never widens the direction that we offered', () => {
    const directions = fc.constantFrom<Direction>('sendrecv', 'sendonly', 'recvonly', 'inactive');
    fc.assert(
      fc.property(directions, directions, (offered, theirs) => {
        const { direction } = applyAnswer({ ...LOCAL, direction: offered }, { ...REMOTE, direction: theirs });
        const weSend = direction === 'sendrecv' || direction === 'sendonly';
        const weReceive = direction === 'sendrecv' || direction === 'recvonly';
        const theyReceive = theirs === 'sendrecv' || theirs === 'recvonly';
        const theySend = theirs === 'sendrecv' || theirs === 'sendonly';
        expect(weSend).toBe(theyReceive && (offered === 'sendrecv' || offered === 'sendonly'));
        expect(weReceive).toBe(theySend && (offered === 'sendrecv' || offered === 'recvonly'));
      }),
    );
  });

  it('agrees on a codec that both sides named, or refuses', () => {
    const entry = fc.record<CodecEntry>({
      name: fc.constantFrom('PCMU', 'PCMA'),
      payloadType: fc.integer({ min: 0, max: 127 }),
    });
    const entries = fc.uniqueArray(entry, { selector: (one) => one.name, maxLength: 2 });
    fc.assert(
      fc.property(entries, entries, (ours, theirs) => {
        const common = theirs.filter((one) => ours.some((own) => own.name === one.name));
        const run = () => applyAnswer({ ...LOCAL, codecs: ours }, { ...REMOTE, codecs: theirs });
        if (common.length === 0) {
          expect(run).toThrow(expect.objectContaining({ code: 'no-common-codec' }) as Error);
          return;
        }
        expect(run()).toMatchObject({
          codec: common[0]!.name,
          sendPayloadType: common[0]!.payloadType,
          receivePayloadType: ours.find((own) => own.name === common[0]!.name)!.payloadType,
        });
      }),
    );
  });
});
