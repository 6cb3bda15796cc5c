import { SdpError } from './sdp-error.ts';
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
 * @param wanted our own direction; the answer takes away from what the offer allows, never adds to it
 * @throws SdpError `no-common-codec`
 */
export function negotiateAnswer(
  offer: RemoteAudio,
  ours: readonly CodecName[],
  wanted: Direction = 'sendrecv',
): Negotiated {
  const codec = offer.codecs.find((candidate) => ours.includes(candidate.name));
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
    packetMs: playablePacketMs(offer.packetMs),
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
    packetMs: playablePacketMs(answer.packetMs),
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

/** `ptime` is a wish (RFC 8866 §6.4). Our playout runs in steps of 20 ms, so other wishes get 20. */
function playablePacketMs(wished: number): number {
  return wished === 40 || wished === 60 ? wished : 20;
}

function noCommonCodec(): SdpError {
  return new SdpError('no-common-codec', 'The SDP names no codec that we speak.');
}
