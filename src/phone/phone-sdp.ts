import type { SrtpSuite } from '../media/engine.ts';
import type { Address } from '../sip/transport/types.ts';

/** A few lines of SDP of the phone's own, so that `src/sdp` is tested against something that is not itself. */
export type PhoneCodec = 'PCMU' | 'PCMA' | 'G722';
export type PhoneDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One `a=crypto` (RFC 4568); the key in base64. */
export interface PhoneCrypto {
  readonly tag: number;
  readonly suite: SrtpSuite;
  readonly inline: string;
}

export interface PhoneSdp {
  readonly host: string;
  readonly port: number;
  readonly codecs: readonly { readonly name: PhoneCodec; readonly payloadType: number }[];
  readonly telephoneEvent: number | undefined;
  readonly direction: PhoneDirection;
  readonly rtcp: Address | undefined;
  /** RTP/SAVP instead of RTP/AVP. */
  readonly secure: boolean;
  readonly crypto: readonly PhoneCrypto[];
}

export interface WriteSdp {
  readonly username: string;
  readonly sessionId: number;
  readonly version: number;
  readonly rtp: Address;
  readonly codecs: PhoneSdp['codecs'];
  readonly telephoneEvent: number | undefined;
  readonly direction: PhoneDirection;
  readonly secure?: boolean;
  readonly crypto?: readonly PhoneCrypto[];
}

const STATIC: Readonly<Record<number, PhoneCodec>> = { 0: 'PCMU', 8: 'PCMA', 9: 'G722' };
export const PAYLOAD_TYPE: Readonly<Record<PhoneCodec, number>> = { PCMU: 0, PCMA: 8, G722: 9 };
const SUITES: readonly string[] = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
] satisfies SrtpSuite[];
export const TELEPHONE_EVENT = 101;

/** The `s=` line names the phone's owner on purpose: a real phone's does, and it must not reach the other side. */
export function writeSdp(sdp: WriteSdp): Uint8Array {
  const family = sdp.rtp.host.includes(':') ? 'IP6' : 'IP4';
  const payloads = [...sdp.codecs.map((codec) => codec.payloadType)];
  const profile = sdp.secure === true ? 'RTP/SAVP' : 'RTP/AVP';
  const lines = [
    'v=0',
    `o=${sdp.username} ${sdp.sessionId} ${sdp.version} IN ${family} ${sdp.rtp.host}`,
    `s=${sdp.username}`,
    `c=IN ${family} ${sdp.rtp.host}`,
    't=0 0',
    `m=audio ${sdp.rtp.port} ${profile} ${[...payloads, ...(sdp.telephoneEvent === undefined ? [] : [sdp.telephoneEvent])].join(' ')}`,
    ...sdp.codecs.map((codec) => `a=rtpmap:${codec.payloadType} ${codec.name}/8000`),
    ...(sdp.telephoneEvent === undefined
      ? []
      : [`a=rtpmap:${sdp.telephoneEvent} telephone-event/8000`, `a=fmtp:${sdp.telephoneEvent} 0-15`]),
    ...(sdp.crypto ?? []).map(({ tag, suite, inline }) => `a=crypto:${tag} ${suite} inline:${inline}`),
    'a=ptime:20',
    `a=${sdp.direction}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}

/** Reads the first audio stream; undefined when there is none or its port is 0. */
export function readSdp(body: Uint8Array): PhoneSdp | undefined {
  const lines = Buffer.from(body).toString('utf8').split(/\r?\n/);
  let sessionHost: string | undefined;
  let sessionDirection: PhoneDirection | undefined;
  let audio: { port: number; secure: boolean; payloads: number[] } | undefined;
  const crypto: PhoneCrypto[] = [];
  let host: string | undefined;
  let direction: PhoneDirection | undefined;
  const names = new Map<number, string>();
  let rtcp: Address | undefined;
  for (const line of lines) {
    if (line.startsWith('m=')) {
      if (audio !== undefined) break;
      const media = /^m=audio (\d+)(?:\/\d+)? RTP\/(S?)AVP ([\d ]+)/.exec(line);
      if (media !== null) {
        const payloads = media[3]!.trim().split(/ +/).map(Number);
        audio = { port: Number(media[1]), secure: media[2] === 'S', payloads };
      }
      continue;
    }
    const connection = /^c=IN IP[46] (\S+)/.exec(line)?.[1];
    const way = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/.exec(line)?.[1] as PhoneDirection | undefined;
    if (audio === undefined) {
      sessionHost = connection ?? sessionHost;
      sessionDirection = way ?? sessionDirection;
      continue;
    }
    host = connection ?? host;
    direction = way ?? direction;
    const rtpmap = /^a=rtpmap:(\d+) ([\w-]+)\/8000/.exec(line);
    if (rtpmap !== null) names.set(Number(rtpmap[1]), rtpmap[2]!.toUpperCase());
    const key = /^a=crypto:(\d+) (\w+) inline:([\w+/=]+)\s*$/.exec(line);
    if (key !== null && SUITES.includes(key[2]!))
      crypto.push({ tag: Number(key[1]), suite: key[2] as SrtpSuite, inline: key[3]! });
    const ownRtcp = /^a=rtcp:(\d+)(?: IN IP[46] (\S+))?/.exec(line);
    if (ownRtcp !== null) rtcp = { host: ownRtcp[2] ?? host ?? sessionHost ?? '', port: Number(ownRtcp[1]) };
  }
  const where = host ?? sessionHost;
  if (audio === undefined || where === undefined || audio.port === 0) return undefined;
  const nameOf = (payload: number): string | undefined => names.get(payload) ?? STATIC[payload];
  return {
    host: where,
    port: audio.port,
    codecs: audio.payloads.flatMap((payloadType) => {
      const name = nameOf(payloadType);
      return name === 'PCMU' || name === 'PCMA' || name === 'G722' ? [{ name, payloadType } as const] : [];
    }),
    telephoneEvent: audio.payloads.find((payload) => nameOf(payload) === 'TELEPHONE-EVENT'),
    direction: direction ?? sessionDirection ?? 'sendrecv',
    rtcp,
    secure: audio.secure,
    crypto,
  };
}

/** The answerer's side of a direction (RFC 3264 §6.1). `held`: we do not want to hear or speak. */
export function answerDirection(offered: PhoneDirection, wanted: PhoneDirection): PhoneDirection {
  const sends =
    (offered === 'sendrecv' || offered === 'recvonly') && (wanted === 'sendrecv' || wanted === 'sendonly');
  const hears =
    (offered === 'sendrecv' || offered === 'sendonly') && (wanted === 'sendrecv' || wanted === 'recvonly');
  if (sends && hears) return 'sendrecv';
  if (sends) return 'sendonly';
  return hears ? 'recvonly' : 'inactive';
}
