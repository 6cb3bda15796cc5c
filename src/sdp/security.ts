/**
 * SRTP by SDES in offer and answer (RFC 4568 §7.1), by what one peer's policy wants. Plain RTP with keys beside it
 * (RFC 8643, which baresip and others offer as "optional") is answered with keys, unless the policy is `required`: that
 * asks for RTP/SAVP. We offer it by the policy `opportunistic` alone, since phones of old stumble over attributes that do
 * not belong to the profile.
 */
import { SdpError } from './sdp-error.ts';
import {
  type AudioProtocol,
  type CryptoLine,
  isSecure,
  type LocalAudio,
  type RemoteAudio,
  type SrtpSuiteName,
} from './types.ts';

export type SrtpPolicy = 'off' | 'optional' | 'opportunistic' | 'required';

/** Both keys of an agreed SRTP stream, from our point of view. */
export interface SrtpKeys {
  readonly send: Pick<CryptoLine, 'suite' | 'keyAndSalt'>;
  readonly receive: Pick<CryptoLine, 'suite' | 'keyAndSalt'>;
}

/** What our audio line says about it. */
export type SecurityLines = Pick<LocalAudio, 'protocol' | 'crypto'>;

/** First offered: what every phone has, then the short tag. Two lines, so that an INVITE stays small (PITFALLS row 23). */
export const OFFERED_SUITES: readonly SrtpSuiteName[] = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
];

export type OwnKey = (suite: SrtpSuiteName) => Uint8Array;

/** Our first offer, or a later one: then with the profile, and of the suites only the one, that is in use (PITFALLS row 34). */
export function offerSecurity(
  policy: SrtpPolicy,
  agreed: SecurityLines | undefined,
  ownKey: OwnKey,
): SecurityLines {
  if (agreed !== undefined)
    return { protocol: agreed.protocol, crypto: agreed.crypto.map((line) => ({ ...line, tag: 1 })) };
  if (policy === 'off' || policy === 'optional') return { protocol: 'RTP/AVP', crypto: [] };
  const crypto = OFFERED_SUITES.map((suite, at) => ({ tag: at + 1, suite, keyAndSalt: ownKey(suite) }));
  // RFC 8643 §3.1
  return { protocol: policy === 'required' ? 'RTP/SAVP' : 'RTP/AVP', crypto };
}

/** @throws SdpError `no-common-security` */
export function answerSecurity(
  offer: Pick<RemoteAudio, 'protocol' | 'crypto'>,
  policy: SrtpPolicy,
  ownKey: OwnKey,
): { readonly lines: SecurityLines; readonly keys: SrtpKeys | undefined } {
  const { protocol } = offer;
  // RFC 4568 §5.1.2: the first of the offer's lines that we can do.
  const theirs = policy === 'off' ? undefined : offer.crypto[0];
  if (isSecure(protocol) ? theirs === undefined : policy === 'required') throw noCommonSecurity();
  if (theirs === undefined) return { lines: { protocol, crypto: [] }, keys: undefined };
  // §5.1.2: the answer repeats the tag and the suite, with a key of our own.
  const ours = { tag: theirs.tag, suite: theirs.suite, keyAndSalt: ownKey(theirs.suite) };
  return { lines: { protocol, crypto: [ours] }, keys: { send: ours, receive: theirs } };
}

/** What the answer made of our offer. @throws SdpError `no-common-security` */
export function answeredSecurity(
  offer: SecurityLines,
  answer: Pick<RemoteAudio, 'protocol' | 'crypto'>,
): { readonly lines: SecurityLines; readonly keys: SrtpKeys | undefined } {
  if (isSecure(offer.protocol) !== isSecure(answer.protocol)) throw noCommonSecurity();
  const protocol: AudioProtocol = offer.protocol;
  for (const theirs of answer.crypto) {
    const ours = offer.crypto.find((line) => line.tag === theirs.tag && line.suite === theirs.suite);
    if (ours !== undefined)
      return { lines: { protocol, crypto: [ours] }, keys: { send: ours, receive: theirs } };
  }
  if (isSecure(protocol)) throw noCommonSecurity();
  return { lines: { protocol, crypto: [] }, keys: undefined };
}

function noCommonSecurity(): SdpError {
  return new SdpError(
    'no-common-security',
    'The SDP and our policy have no way to secure the audio in common.',
  );
}
