import { readFile } from 'node:fs/promises';
import { toneShare } from '../../media/goertzel.ts';
import { readWavChannel, readWavInfo } from '../../media/wav.ts';
import type { OutgoingCall } from '../../phone/outgoing-call.ts';
import type { PhoneCall } from '../../phone/phone-call.ts';
import { type Leak, type Outgoing, scanForLeaks } from '../../privacy/leak-scan.ts';
import { type LegPacket, secretsFromPackets } from '../../privacy/secrets-from-messages.ts';
import { parseNameAddr } from '../../sip/message/name-addr.ts';
import { isSipUri, parseUri } from '../../sip/message/uri.ts';

/** What the recording holds: its channels, its length, and which channel carries which tone. */
export interface MeasuredRecording {
  readonly channels: number;
  readonly seconds: number;
  readonly left: number;
  readonly right: number;
}

export const NOT_RECORDED: MeasuredRecording = { channels: 0, seconds: 0, left: 0, right: 0 };

/** A share of the power above this is the tone and not an accident. */
const CLEAR_SHARE = 0.7;

/** Reads the file and says how much of the middle second of each channel is the tone that should be there. */
export async function measureRecording(
  path: string,
  tones: { readonly left: number; readonly right: number },
): Promise<MeasuredRecording> {
  const file = await readFile(path);
  const info = readWavInfo(file);
  const middle = (channel: 'left' | 'right'): Int16Array => {
    const samples = readWavChannel(file, channel);
    const start = Math.max(0, Math.floor(samples.length / 2) - 4000);
    return samples.subarray(start, start + 8000);
  };
  return {
    channels: info.channels,
    seconds: readWavChannel(file, 'left').length / 8000,
    left: toneShare(middle('left'), tones.left),
    right: toneShare(middle('right'), tones.right),
  };
}

/** True when both channels hold their tone. */
export function holdsBothTones(recording: MeasuredRecording): boolean {
  return recording.left > CLEAR_SHARE && recording.right > CLEAR_SHARE;
}

/** Everything of the call that crossed the phone's sockets, SIP and media. */
export function packetsOf(call: PhoneCall): LegPacket[] {
  const { sip, rtp } = call.packets;
  return [...sip, ...rtp];
}

/**
 * Looks for all that one leg's packets say about its person, phone and call in what was sent to the other leg, in both
 * directions. `mayBeSeen`: the service number, our own addresses, the shared domain.
 */
export function leaksBetween(driver: PhoneCall, passenger: PhoneCall, mayBeSeen: readonly string[]): Leak[] {
  const received = (call: PhoneCall, to: string): Outgoing[] =>
    packetsOf(call)
      .filter(({ direction }) => direction === 'received')
      .map(({ bytes }) => ({ to, bytes }));
  return [
    ...scanForLeaks({
      secrets: secretsFromPackets(packetsOf(driver), { mayBeSeen }),
      packets: received(passenger, 'passenger'),
    }),
    ...scanForLeaks({
      secrets: secretsFromPackets(packetsOf(passenger), { mayBeSeen }),
      packets: received(driver, 'driver'),
    }),
  ];
}

/**
 * The number by which the caller's phone knows the other side: what it dialled, unless a response tells another one
 * (connected identity, RFC 4916; P-Asserted-Identity, RFC 3325).
 */
export function numberSeenByCaller(call: OutgoingCall): string {
  const told = call.packets.sip
    .filter(({ direction }) => direction === 'received')
    .map(
      ({ bytes }) =>
        /^(?:P-Asserted-Identity|Remote-Party-ID):[^<\r\n]*<([^>\r\n]+)>/im.exec(
          Buffer.from(bytes).toString(),
        )?.[1],
    )
    .find((uri) => uri !== undefined);
  const uri = told === undefined ? parseNameAddr(call.dialog.remoteParty).uri : parseUri(told);
  return isSipUri(uri) ? (uri.user ?? uri.host) : 'number' in uri ? uri.number : '';
}
