/** What media a trunk wants. Accounts and URIs get `DEFAULT_MEDIA_POLICY`. */
export interface MediaPolicy {
  /**
   * SDES-SRTP (RFC 4568). `off`: never. `optional`: we offer RTP/AVP and accept RTP/SAVP, since one m-line cannot offer
   * both. `required`: RTP/SAVP only.
   */
  readonly srtp: 'off' | 'optional' | 'required';
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
