import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { ClientCredentials } from '../sip/auth/credentials.ts';
import type { SipRequest } from '../sip/message/types.ts';
import type { Address, Network } from '../sip/transport/types.ts';
import type { Misbehaviour } from './behaviour.ts';
import type { Exchanges, ResponseHandlers, Sent } from './exchanges.ts';
import type { Field } from './phone-dialog.ts';
import { PhoneRtp } from './phone-rtp.ts';
import type { PhoneCodec } from './phone-sdp.ts';
import type { Peer, Wire } from './wire.ts';

export interface PhoneIdentity {
  /** Account name, or a number. */
  readonly username: string;
  readonly displayName?: string;
  /** Host part of the address of record. */
  readonly domain: string;
  /** Answers 401 and 407 with it. */
  readonly password?: string;
  /** Name for digest, when it is not the user name. */
  readonly authUsername?: string;
}

export interface PhoneAudio {
  /** The tone that the phone sends; 0: silence; absent: no packets. */
  readonly toneHz?: number;
  /** In order of preference; default PCMA, PCMU. */
  readonly codecs?: readonly PhoneCodec[];
  /**
   * SRTP by SDES. `required`: offers RTP/SAVP and takes nothing else. `optional`: offers RTP/AVP with keys beside it
   * (RFC 8643), and takes what comes. Default: plain RTP, and RTP/SAVP is refused.
   */
  readonly srtp?: 'required' | 'optional';
}

/** What the calls of a phone share with it. */
export interface PhoneContext {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly wire: Wire;
  readonly exchanges: Exchanges;
  readonly identity: PhoneIdentity;
  readonly audio: PhoneAudio;
  readonly misbehaviour: Misbehaviour;
  /** Where requests outside a dialog go, when the phone has a registrar (its outbound proxy). */
  readonly registrar: Address | undefined;
}

/** RFC 7118 §5.2.2: the URI parameter is `ws` with and without TLS. */
const TRANSPORT_PARAMS = {
  udp: '',
  tcp: ';transport=tcp',
  tls: ';transport=tls',
  ws: ';transport=ws',
  wss: ';transport=ws',
} as const;

/** Our Contact. */
export function contactOf(context: PhoneContext): string {
  const { transport, sentBy } = context.wire;
  return `<sip:${context.identity.username}@${sentBy}${TRANSPORT_PARAMS[transport]}>`;
}

/** From, as this phone writes it. */
export function ownParty(context: PhoneContext): string {
  const { displayName, username, domain } = context.identity;
  const quoted = displayName === undefined ? '' : `"${displayName.replace(/["\\]/g, '\\$&')}" `;
  return `${quoted}<sip:${username}@${domain}>`;
}

export function openRtp(context: PhoneContext, onChange: () => void): Promise<PhoneRtp> {
  const { network, clock, random, identity, audio } = context;
  const { host } = context.wire.local;
  const cname = `${identity.username}@${host}`;
  return PhoneRtp.open({ network, clock, random, host, cname, toneHz: audio.toneHz, onChange });
}

/**
 * Sends a request, and again with digest where the peer challenges. `build` is called once per attempt, so that each has
 * its own CSeq (RFC 3261 §22.1); `onSent` names the attempt that is under way.
 */
export function sendAuthenticated(
  context: PhoneContext,
  build: (credentials: readonly Field[]) => SipRequest,
  to: Peer,
  handlers: ResponseHandlers,
  onSent: (sent: Sent) => void = () => {},
): void {
  const { username, authUsername, password } = context.identity;
  const account = password === undefined ? undefined : { username: authUsername ?? username, password };
  const credentials = account === undefined ? undefined : new ClientCredentials(account, context.random);
  const attempt = (last: SipRequest | undefined): void => {
    const fields = last === undefined ? [] : credentials?.fields(last.method, last.uri, last.body);
    const request = build(fields ?? []);
    const sent = context.exchanges.request(request, to, {
      ...handlers,
      onProvisional: (response) => handlers.onProvisional?.(response),
      onTimeout: () => handlers.onTimeout(),
      onFinal: (response) => {
        const { status } = response;
        if (status === 401 || status === 407) {
          const header = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
          if (credentials?.accept(status, response.headers.getAll(header))) return attempt(request);
        }
        handlers.onFinal(response);
      },
    });
    onSent(sent);
  };
  attempt(undefined);
}
