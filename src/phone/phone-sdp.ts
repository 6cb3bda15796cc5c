import type { Address } from '../sip/transport/types.ts';

/** A few lines of SDP of the phone's own, so that `src/sdp` is tested against something that is not itself. */
export type PhoneCodec = 'PCMU' | 'PCMA';
export type PhoneDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface PhoneSdp {
  readonly host: string;
  readonly port: number;
  readonly codecs: readonly { readonly name: PhoneCodec; readonly payloadType: number }[];
  readonly telephoneEvent: number | undefined;
  readonly direction: PhoneDirection;
  readonly rtcp: Address | undefined;
}

export interface WriteSdp {
  readonly username: string;
  readonly sessionId: number;
  readonly version: number;
  readonly rtp: Address;
  readonly codecs: PhoneSdp['codecs'];
  readonly telephoneEvent: number | undefined;
  readonly direction: PhoneDirection;
}

const STATIC: Readonly<Record<number, PhoneCodec>> = { 0: 'PCMU', 8: 'PCMA' };
export const PAYLOAD_TYPE: Readonly<Record<PhoneCodec, number>> = { PCMU: 0, PCMA: 8 };
export const TELEPHONE_EVENT = 101;

/** The `s=` line names the phone's owner on purpose: a real phone's does, and it must not reach the other side. */
export function writeSdp(sdp: WriteSdp): Uint8Array {
  const family = sdp.rtp.host.includes(':') ? 'IP6' : 'IP4';
  const payloads = [...sdp.codecs.map((codec) => codec.payloadType)];
  const lines = [
    'v=0',
    `o=${sdp.username} ${sdp.sessionId} ${sdp.version} IN ${family} ${sdp.rtp.host}`,
    `s=${sdp.username}`,
    `c=IN ${family} ${sdp.rtp.host}`,
    't=0 0',
    `m=audio ${sdp.rtp.port} RTP/AVP ${[...payloads, ...(sdp.telephoneEvent === undefined ? [] : [sdp.telephoneEvent])].join(' ')}`,
    ...sdp.codecs.map((codec) => `a=rtpmap:${codec.payloadType} ${codec.name}/8000`),
    ...(sdp.telephoneEvent === undefined
      ? []
      : [`a=rtpmap:${sdp.telephoneEvent} telephone-event/8000`, `a=fmtp:${sdp.telephoneEvent} 0-15`]),
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
  let audio: { port: number; payloads: number[] } | undefined;
  let host: string | undefined;
  let direction: PhoneDirection | undefined;
  const names = new Map<number, string>();
  let rtcp: Address | undefined;
  for (const line of lines) {
    if (line.startsWith('m=')) {
      if (audio !== undefined) break;
      const media = /^m=audio (\d+)(?:\/\d+)? RTP\/AVP ([\d ]+)/.exec(line);
      if (media !== null)
        audio = { port: Number(media[1]), payloads: media[2]!.trim().split(/ +/).map(Number) };
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
      return name === 'PCMU' || name === 'PCMA' ? [{ name, payloadType } as const] : [];
    }),
    telephoneEvent: audio.payloads.find((payload) => nameOf(payload) === 'TELEPHONE-EVENT'),
    direction: direction ?? sessionDirection ?? 'sendrecv',
    rtcp,
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
