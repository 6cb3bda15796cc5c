import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { SrtpKey } from '../media/engine.ts';
import type { Address, Network } from '../sip/transport/types.ts';
import type { PhoneCodec } from './phone-sdp.ts';

export interface PhoneRtpOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: string;
  /** Our name in RTCP (RFC 3550 §6.5.1); real phones put `user@host` there, so ours does. */
  readonly cname: string;
  /** The tone that we send, in Hz; 0: silence; absent: no packets at all. */
  readonly toneHz: number | undefined;
  /** Called after each packet and digit, for waits. */
  readonly onChange: () => void;
}

/** What was agreed with the other side. */
export interface RtpPlan {
  readonly remote: Address;
  readonly remoteRtcp: Address;
  readonly codec: PhoneCodec;
  readonly payloadType: number;
  readonly telephoneEvent: number | undefined;
  readonly sends: boolean;
  /** SRTP and SRTCP with these keys; plain RTP without. */
  readonly srtp: { readonly send: SrtpKey; readonly receive: SrtpKey } | undefined;
}
