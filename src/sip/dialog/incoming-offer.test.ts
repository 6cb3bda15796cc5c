import { describe, expect, it } from 'vitest';
import { judge } from './incoming-offer.ts';
import { OfferAnswer } from './offer-answer.ts';

type Stage = 'fresh' | 'fresh, ours' | 'fresh, theirs' | 'stable' | 'ours' | 'theirs';

function at(stage: Stage): OfferAnswer {
  const media = new OfferAnswer();
  if (!stage.startsWith('fresh')) {
    media.weOffer('o');
    media.peerAnswers('a');
  }
  if (stage.endsWith('ours')) media.weOffer('o');
  if (stage.endsWith('theirs')) media.peerOffers('o');
  return media;
}

const NONE = { open: false, inviting: false, invited: false };

describe('when an offer of the peer is heard', () => {
  it.each<[string, Stage, Partial<typeof NONE>, update: string, invite: string]>([
    ['in a call that runs', 'stable', {}, 'welcome', 'welcome'],
    ['beside one that the user has not answered', 'stable', { open: true }, 'too early', 'too early'],
    ['against an offer of ours', 'ours', { inviting: true }, 'glare', 'glare'],
    ['against an UPDATE of ours', 'ours', {}, 'glare', 'glare'],
    [
      'against an INVITE of ours whose exchange is complete',
      'stable',
      { inviting: true },
      'welcome',
      'glare',
    ],
    ['against our first INVITE', 'fresh, ours', { inviting: true }, 'glare', 'glare'],
    ['against our first INVITE without an offer', 'fresh', { inviting: true }, 'glare', 'glare'],
    ['before we have answered the call', 'fresh, theirs', { invited: true }, 'too early', 'too early'],
    [
      'before we have made the offer that the caller left to us',
      'fresh',
      { invited: true },
      'too early',
      'too early',
    ],
    ['against the offer in our reliable 18x', 'fresh, ours', { invited: true }, 'glare', 'too early'],
    ['after the PRACK of our reliable 18x', 'stable', { invited: true }, 'welcome', 'too early'],
    ['against an UPDATE of ours before the answer', 'ours', { invited: true }, 'glare', 'too early'],
    ['in a call whose late offer was never answered', 'fresh', {}, 'welcome', 'welcome'],
  ])(
    '[row 10] [row 11] [row 16] [RFC 3261 §14.2] [RFC 3311 §5.2] %s',
    (_what, stage, more, update, invite) => {
      const asked = { media: at(stage), ...NONE, ...more };
      expect([judge({ isInvite: false, ...asked }), judge({ isInvite: true, ...asked })]).toEqual([
        update,
        invite,
      ]);
    },
  );
});
