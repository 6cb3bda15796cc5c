import { SdpError } from './sdp-error.ts';
import type { SrtpKeys } from './security.ts';
import type { CodecEntry, CodecName, Direction, LocalAudio, RemoteAudio } from './types.ts';

/** What both sides agreed on, from our point of view: all that a media leg has to know. */
export interface Negotiated {
  readonly remote: { readonly host: string; readonly port: number };
  readonly codec: CodecName;
  /** What we put on packets that we send: the peer's number (RFC 3264 §5.1). */
  readonly sendPayloadType: number;
  /** What the peer puts on packets for us: the number in our own SDP. */
  readonly receivePayloadType: number;
  readonly telephoneEvent?: { readonly sendPayloadType: number; readonly receivePayloadType: number };
  readonly direction: Direction;
  readonly packetMs: number;
  /** RTCP on the RTP port (RFC 5761). */
  readonly rtcpMux?: true;
  readonly srtp?: SrtpKeys;
}

/** Our side of `sendonly` is `recvonly` (RFC 3264 §6.1). */
const MIRROR: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/**
 * Chooses what we answer: the first codec in the peer's order that we speak, with the peer's payload type numbers
 * (RFC 3264 §6.1; PITFALLS row 17).
 *
 * @param preferred the codec that saves transcoding, if the peer offers it, in whatever place
 * @param wanted our own direction; the answer takes away from what the offer allows, never adds to it
 * @throws SdpError `no-common-codec`
 */
export function negotiateAnswer(
  offer: RemoteAudio,
  ours: readonly CodecName[],
  wanted: Direction = 'sendrecv',
  preferred?: CodecName,
): Negotiated {
  const common = offer.codecs.filter((candidate) => ours.includes(candidate.name));
  const codec = common.find((candidate) => candidate.name === preferred) ?? common[0];
  if (codec === undefined) throw noCommonCodec();
  const events = offer.telephoneEventPayloadType;
  return {
    remote: { host: offer.host, port: offer.port },
    codec: codec.name,
    sendPayloadType: codec.payloadType,
    receivePayloadType: codec.payloadType,
    ...(events === undefined
      ? {}
      : { telephoneEvent: { sendPayloadType: events, receivePayloadType: events } }),
    direction: narrower(wanted, MIRROR[offer.direction]),
    packetMs: playablePacketMs(offer),
    ...(offer.rtcpMux ? { rtcpMux: true } : {}),
  };
}

/**
 * Reads the peer's answer to our offer. Numbers may differ per direction: the answer's for what we send, our offer's
 * for what we receive (PITFALLS row 17).
 *
 * @throws SdpError `no-common-codec` when the answer names no codec that we offered
 */
export function applyAnswer(ourOffer: LocalAudio, answer: RemoteAudio): Negotiated {
  for (const theirs of answer.codecs) {
    const offered = ourOffer.codecs.find((candidate) => candidate.name === theirs.name);
    if (offered !== undefined) return agreed(ourOffer, answer, theirs, offered);
  }
  throw noCommonCodec();
}

function agreed(
  ourOffer: LocalAudio,
  answer: RemoteAudio,
  theirs: CodecEntry,
  offered: CodecEntry,
): Negotiated {
  const send = answer.telephoneEventPayloadType;
  const receive = ourOffer.telephoneEventPayloadType;
  return {
    remote: { host: answer.host, port: answer.port },
    codec: theirs.name,
    sendPayloadType: theirs.payloadType,
    receivePayloadType: offered.payloadType,
    ...(send === undefined || receive === undefined
      ? {}
      : { telephoneEvent: { sendPayloadType: send, receivePayloadType: receive } }),
    direction: narrower(ourOffer.direction, MIRROR[answer.direction]),
    packetMs: playablePacketMs(answer),
    ...(answer.rtcpMux && ourOffer.rtcpMux ? { rtcpMux: true } : {}),
  };
}

/** Both must want a direction: an answer may take away from what was offered, never add to it. */
function narrower(a: Direction, b: Direction): Direction {
  const sends = canSend(a) && canSend(b);
  const receives = canReceive(a) && canReceive(b);
  if (sends) return receives ? 'sendrecv' : 'sendonly';
  return receives ? 'recvonly' : 'inactive';
}

function canSend(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

function canReceive(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

/** Packets that a playout clock of 20 ms can make. */
const PLAYABLE_MS: readonly number[] = [10, 20, 30, 40, 60];

/** `ptime` is a wish (RFC 8866 §6.4), `maxptime` a limit (§6.5); other wishes get 20. */
function playablePacketMs({ packetMs, maxPacketMs = 200 }: RemoteAudio): number {
  const wished = PLAYABLE_MS.includes(packetMs) ? packetMs : 20;
  return wished <= maxPacketMs ? wished : (PLAYABLE_MS.findLast((ms) => ms <= maxPacketMs) ?? 10);
}

function noCommonCodec(): SdpError {
  return new SdpError('no-common-codec', 'The SDP names no codec that we speak.');
}
