import { isIP } from 'node:net';
import { writeCrypto } from './crypto-attribute.ts';
import type { LocalAudio, RemoteAudio } from './types.ts';

/** Where our audio line stands among the `m=` lines, and what the others are. */
export type MediaLayout = Pick<RemoteAudio, 'index' | 'otherMedia'>;

const AUDIO_ONLY: MediaLayout = { index: 0, otherMedia: [] };

/** Our offer for one audio stream, made from `local` alone. */
export function writeOffer(local: LocalAudio): string {
  return writeDescription(local, AUDIO_ONLY);
}

/**
 * Our answer: as many `m=` lines as the offer, in its order, all but the audio with port 0 (RFC 3264 §6). Of the offer
 * only type, protocol and one format of the refused lines return, to the very peer that wrote them.
 */
export function writeAnswer(local: LocalAudio, remoteOffer: RemoteAudio): string {
  return writeDescription(local, remoteOffer);
}

/** Our SDP with the given layout; a later offer of ours must keep the lines that were agreed before (RFC 3264 §8). */
export function writeDescription(local: LocalAudio, layout: MediaLayout): string {
  const family = isIP(local.host);
  if (family === 0) throw new TypeError('the host of our SDP is not an IP address');
  const address = `IN IP${family} ${local.host}`;
  const media = layout.otherMedia.map((other) => ({
    index: other.index,
    lines: [`m=${other.type} 0 ${other.protocol} ${other.formats}`],
  }));
  media.push({ index: layout.index, lines: audioLines(local) });
  media.sort((a, b) => a.index - b.index);
  return [
    'v=0',
    // RFC 8866 §5.2: the username `-` says that we have none.
    `o=- ${local.sessionId} ${local.version} ${address}`,
    's=-',
    `c=${address}`,
    't=0 0',
    ...media.flatMap((one) => one.lines),
    '',
  ].join('\r\n');
}

function audioLines(local: LocalAudio): string[] {
  const events = local.telephoneEventPayloadType;
  const formats = [
    ...local.codecs.map((codec) => codec.payloadType),
    ...(events === undefined ? [] : [events]),
  ];
  return [
    `m=audio ${local.port} ${local.protocol} ${formats.join(' ')}`,
    ...local.codecs.map((codec) => `a=rtpmap:${codec.payloadType} ${codec.name}/8000`),
    // RFC 4733 §2.4.1: 0-15 are the sixteen DTMF keys.
    ...(events === undefined ? [] : [`a=rtpmap:${events} telephone-event/8000`, `a=fmtp:${events} 0-15`]),
    ...local.crypto.map((line) => `a=crypto:${writeCrypto(line)}`),
    ...(local.rtcpMux ? ['a=rtcp-mux'] : []),
    `a=ptime:${local.packetMs}`,
    `a=${local.direction}`,
  ];
}
