import { isIPv4, isIPv6 } from 'node:net';
import { parseLines, type RawMedia } from './lines.ts';
import { SdpError } from './sdp-error.ts';
import type { AudioProtocol, CodecEntry, CodecName, RemoteAudio } from './types.ts';

/** Payload types that need no rtpmap (RFC 3551 table 4). */
const STATIC_CODECS: ReadonlyMap<number, CodecName> = new Map([
  [0, 'PCMU'],
  [8, 'PCMA'],
  [9, 'G722'],
]);

const PROTOCOLS: readonly string[] = [
  'RTP/AVP',
  'RTP/AVPF',
  'RTP/SAVP',
  'RTP/SAVPF',
] satisfies AudioProtocol[];

/**
 * Reads a peer's offer or answer and forgets everything that calls do not need.
 *
 * @throws SdpError `too-large`, `malformed`, `no-audio`, `no-common-security`; never another error, whatever the text.
 */
export function readSdp(text: string): RemoteAudio {
  const session = parseLines(text);
  const index = session.media.findIndex(isUsableAudio);
  const audio = session.media[index];
  if (audio === undefined || !isAudioProtocol(audio.protocol)) throw withoutAudio(session.media);
  // RFC 8866 §5.7: c= of the stream, else of the session.
  const connection = audio.connection ?? session.connection;
  if (connection === undefined) throw new SdpError('malformed', 'The audio stream has no c= line.');
  const host = unicastAddress(connection);
  const direction = audio.direction ?? session.direction ?? 'sendrecv';
  const { codecs, telephoneEventPayloadType } = readFormats(audio);
  return {
    host,
    port: audio.port,
    codecs,
    telephoneEventPayloadType,
    direction: isUnspecified(host) ? 'inactive' : direction,
    packetMs: audio.ptime ?? session.ptime ?? 20,
    maxPacketMs: audio.maxptime,
    rtcpMux: audio.rtcpMux,
    protocol: audio.protocol,
    crypto: audio.crypto,
    otherMedia: session.media
      .map(({ type, protocol, formats }, at) => ({ type, protocol, formats: formats[0] ?? '0', index: at }))
      .filter((media) => media.index !== index),
    index,
  };
}

/**
 * Streams whose keys come by DTLS, and secure ones without a key that we can use, are answered with port 0 like any
 * other that we do not know; a plain one may stand beside them.
 */
function isUsableAudio(media: RawMedia): boolean {
  if (media.type !== 'audio' || media.port === 0 || !isAudioProtocol(media.protocol)) return false;
  return media.protocol === 'RTP/AVP' || media.protocol === 'RTP/AVPF' || media.crypto.length > 0;
}

/** Audio that is there, but secured in a way that is not ours (DTLS, or SDES with no suite of ours), is told apart. */
function withoutAudio(media: readonly RawMedia[]): SdpError {
  const isSecured = media.some(
    ({ type, port, protocol }) => type === 'audio' && port > 0 && /SAVPF?$/.test(protocol),
  );
  return isSecured
    ? new SdpError('no-common-security', 'The SDP secures its audio in a way that we do not speak.')
    : new SdpError('no-audio', 'The SDP has no audio stream over RTP.');
}

function isAudioProtocol(protocol: string): protocol is AudioProtocol {
  return PROTOCOLS.includes(protocol);
}

/**
 * A literal unicast address. Names are refused: looking one up would let a stranger make us ask any DNS server.
 * Multicast and broadcast are refused: a call would become a flood. So are zones and IPv4 inside IPv6, which could
 * hide either.
 */
function unicastAddress(connection: { readonly version: string; readonly address: string }): string {
  const { version, address } = connection;
  if (version === '4' && isIPv4(address)) {
    const first = Number(address.split('.')[0]);
    if (first < 224) return address;
  }
  if (version === '6' && isIPv6(address) && !/^ff|%|\./i.test(address)) return address.toLowerCase();
  throw new SdpError('malformed', 'The c= line has no unicast address.');
}

/** RFC 3264 §8.4: 0.0.0.0 is how phones of RFC 2543 put a call on hold; `::` is its sibling (RFC 6157 §5.1). */
function isUnspecified(host: string): boolean {
  return /^0+(\.0+){3}$/.test(host) || /^[0:]+$/.test(host);
}

function readFormats(audio: RawMedia): Pick<RemoteAudio, 'codecs' | 'telephoneEventPayloadType'> {
  const codecs: CodecEntry[] = [];
  let telephoneEventPayloadType: number | undefined;
  for (const format of audio.formats) {
    const payloadType = payloadTypeOf(format);
    if (payloadType === undefined) continue;
    const encoding = audio.encodings.get(payloadType);
    if (encoding === 'TELEPHONE-EVENT/8000') telephoneEventPayloadType ??= payloadType;
    const name = encoding === undefined ? STATIC_CODECS.get(payloadType) : codecName(encoding);
    if (name !== undefined && !codecs.some((known) => known.name === name))
      codecs.push({ name, payloadType });
  }
  return { codecs, telephoneEventPayloadType };
}

function codecName(encoding: string): CodecName | undefined {
  if (encoding === 'PCMU/8000') return 'PCMU';
  if (encoding === 'PCMA/8000') return 'PCMA';
  // RFC 3551 §4.5.2: 16 kHz, whatever the clock rate says.
  if (encoding === 'G722/8000') return 'G722';
  return undefined;
}

function payloadTypeOf(format: string): number | undefined {
  if (!/^\d{1,3}$/.test(format)) return undefined;
  const payloadType = Number(format);
  return payloadType <= 127 ? payloadType : undefined;
}
