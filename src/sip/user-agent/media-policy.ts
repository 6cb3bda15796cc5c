import type { TransportName } from '../transport/types.ts';

/** What media a trunk wants. URIs get `DEFAULT_MEDIA_POLICY`, phones of accounts `phoneMediaPolicy`. */
export interface MediaPolicy {
  /**
   * SDES-SRTP (RFC 4568). `off`: never. `optional`: we offer RTP/AVP and accept RTP/SAVP, since one m-line cannot offer
   * both. `opportunistic`: the same, but keys stand beside our RTP/AVP (RFC 8643). `required`: RTP/SAVP only.
   */
  readonly srtp: 'off' | 'optional' | 'opportunistic' | 'required';
  /** Codecs in order of preference, as we offer them. */
  readonly codecs: readonly ('PCMA' | 'PCMU' | 'G722')[];
  /** Addresses or CIDR blocks from which its RTP comes: then nothing is learnt (PITFALLS row 32). Empty: latching as usual. */
  readonly mediaSources: readonly string[];
}

/** What is agreed on where no trunk says otherwise. */
export const DEFAULT_MEDIA_POLICY: MediaPolicy = {
  srtp: 'optional',
  // G.711 first: what nearly every carrier speaks, and what needs no transcoding between two legs.
  codecs: ['PCMA', 'PCMU', 'G722'],
  mediaSources: [],
};

/**
 * What a registered phone is offered first. Over TLS our keys stand beside RTP/AVP: a phone that can encrypts, one that
 * cannot passes over them, so that nobody is refused for them; offering RTP/SAVP first would lose the phones that ring
 * before they find out that they have no SRTP. Without TLS whoever listens would read the keys along with the sound.
 */
export function phoneMediaPolicy(transport: TransportName): MediaPolicy {
  const secure = transport === 'tls' || transport === 'wss';
  return secure ? { ...DEFAULT_MEDIA_POLICY, srtp: 'opportunistic' } : DEFAULT_MEDIA_POLICY;
}

/** RFC 3261 §21.4.26, §21.6.4, §21.4.13: the session, not the call, was not to the callee's liking. */
const MEDIA_REFUSED: ReadonlySet<number> = new Set([415, 488, 606]);

/** What a phone that has refused an offer by `media` is offered instead, once; undefined: nothing. */
export function mediaAfterRefusal(media: MediaPolicy, status: number): MediaPolicy | undefined {
  const offeredPlain = media.srtp === 'optional' || media.srtp === 'opportunistic';
  return offeredPlain && MEDIA_REFUSED.has(status) ? { ...media, srtp: 'required' } : undefined;
}
