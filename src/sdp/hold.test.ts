import { describe, expect, it } from 'vitest';
import { LocalDescription } from './local-description.ts';
import { readSdp } from './read.ts';
import { REMOTE } from './test-support.ts';
import type { Direction } from './types.ts';

const description = (): LocalDescription =>
  new LocalDescription({ sessionId: 5, host: '192.0.2.10', port: 20_000, codecs: ['PCMA', 'PCMU'] });

const says = (sdp: string) => ({
  direction: readSdp(sdp).direction,
  version: /^o=- \d+ (\d+)/m.exec(sdp)?.[1],
  host: /^c=IN IP4 (.*)$/m.exec(sdp)?.[1],
});

describe('a peer on hold', () => {
  it('[row 17] [RFC 3264 §8.4] is offered sendonly at our own address, one version further, and taken back', () => {
    const ours = description();
    ours.answer(REMOTE);
    ours.hold(true);
    expect(says(ours.offer())).toEqual({ direction: 'sendonly', version: '2', host: '192.0.2.10' });
    expect(ours.answered({ ...REMOTE, direction: 'recvonly' }).direction).toBe('sendonly');
    ours.hold(false);
    expect(says(ours.offer())).toEqual({ direction: 'sendrecv', version: '3', host: '192.0.2.10' });
    expect(ours.answered(REMOTE).direction).toBe('sendrecv');
  });

  const stays: readonly [offered: Direction, answered: Direction][] = [
    ['sendrecv', 'sendonly'],
    ['recvonly', 'sendonly'],
    ['sendonly', 'inactive'],
    ['inactive', 'inactive'],
  ];
  it.each(stays)('[RFC 3264 §6.1] stays there when it offers %s: %s', (offered, answered) => {
    const ours = description();
    ours.answer(REMOTE);
    ours.hold(true);
    const { sdp, negotiated } = ours.answer({ ...REMOTE, direction: offered });
    expect([says(sdp).direction, negotiated.direction]).toEqual([answered, answered]);
  });
});
