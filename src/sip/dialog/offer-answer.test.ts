import { describe, expect, it } from 'vitest';
import { OfferAnswer } from './offer-answer.ts';

/** One exchange that is complete. */
function established(): OfferAnswer {
  const media = new OfferAnswer();
  media.weOffer('o1');
  media.peerAnswers('a1');
  return media;
}

const standing = ({ pending, local, remote, established }: OfferAnswer) => ({
  pending,
  local,
  remote,
  established,
});
const BEFORE = { local: 'o1', remote: 'a1' };

describe('the offer/answer table', () => {
  it('[row 11] [RFC 3261 §14.1] each offer is answered, or rolled back to what was in force', () => {
    for (const side of ['ours', 'theirs'] as const) {
      const media = established();
      const offer = (sdp: string) => (side === 'ours' ? media.weOffer(sdp) : media.peerOffers(sdp));
      offer('o2');
      expect(standing(media)).toEqual({ ...BEFORE, pending: side, established: false });
      media.rollback();
      expect(standing(media)).toEqual({ ...BEFORE, pending: 'none', established: true });
      offer('o3');
      if (side === 'ours') media.peerAnswers('a3');
      else media.weAnswer('a3');
      const [local, remote] = side === 'ours' ? ['o3', 'a3'] : ['a3', 'o3'];
      expect(standing(media)).toEqual({ local, remote, pending: 'none', established: true });
    }
  });

  it('[row 11] [row 16] an offer on top of another is a fault of ours: whoever asks has to look first', () => {
    const media = established();
    media.weOffer('o2');
    expect(() => media.weOffer('o3')).toThrow('ours');
    expect(() => media.peerOffers('o3')).toThrow('ours');
    media.rollback();
    media.peerOffers('o4');
    expect(() => media.weOffer('o5')).toThrow('theirs');
  });

  it('[row 14] an answer without an offer means nothing; SDP where none belongs is believed, and changes nothing of ours', () => {
    const media = established();
    media.peerAnswers('stray');
    media.weAnswer('stray');
    expect(standing(media)).toEqual({ ...BEFORE, pending: 'none', established: true });
    media.peerInsists('port 2');
    expect(media.remote).toBe('port 2');
    expect(media.local).toBe('o1');
  });

  it('nothing is in force before the first answer, also after a first offer that came to nothing', () => {
    const media = new OfferAnswer();
    expect(standing(media)).toEqual({
      local: undefined,
      remote: undefined,
      pending: 'none',
      established: false,
    });
    media.peerOffers('o1');
    media.rollback();
    expect(media.established).toBe(false);
    media.weOffer('o2');
    media.peerAnswers(undefined);
    expect(standing(media)).toEqual({ local: 'o2', remote: undefined, pending: 'none', established: true });
  });
});
