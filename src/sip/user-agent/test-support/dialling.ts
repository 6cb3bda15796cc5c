/** Calls that go out, for the tests of this folder. */
import { PhoneNumber } from '../../../kernel/phone-number.ts';
import type { SessionEnd, UacSession } from '../../dialog/types.ts';
import type { SipRequest } from '../../message/types.ts';
import type { Binding, OutboundInvite } from '../types.ts';
import type { RawPeer } from './raw-peer.ts';
import type { Scene } from './scene.ts';

export const OFFER = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n';
export const SHOWN = PhoneNumber.parse('+74951234567');
export const PASSENGER = PhoneNumber.parse('+79121234567');

export const TO_PASSENGER: OutboundInvite = {
  target: { kind: 'trunk', number: PASSENGER },
  identity: { kind: 'number', number: SHOWN, displayName: '' },
  headers: [],
  maxForwards: 69,
};

export interface Followed {
  readonly session: UacSession;
  readonly seen: string[];
  readonly ends: SessionEnd[];
}

export function call(stage: Scene, changes: Partial<OutboundInvite> = {}): Followed {
  const session = stage.agent.invite({ ...TO_PASSENGER, ...changes }, async () => OFFER);
  const seen: string[] = [];
  const ends: SessionEnd[] = [];
  session.events.on('provisional', ({ status }) => seen.push(String(status)));
  session.events.on('accepted', () => seen.push('accepted'));
  session.events.on('ended', (end) => ends.push(end));
  return { session, seen, ends };
}

type Answering = NonNullable<RawPeer['onRequest']>;

/** Answers each INVITE with the statuses, CANCEL with 200 and 487, BYE with 200. */
export function answering(
  peer: RawPeer,
  statuses: readonly number[],
  fields: readonly [string, string][] = [],
): Answering {
  let invite: SipRequest | undefined;
  return (request) => {
    if (request.method === 'INVITE') {
      invite = request;
      for (const status of statuses) peer.reply(request, status, { fields: [...contactOf(peer), ...fields] });
    } else if (request.method === 'CANCEL') {
      peer.reply(request, 200);
      if (statuses.every((status) => status < 200)) peer.reply(invite!, 487);
    } else if (request.method === 'BYE') peer.reply(request, 200);
  };
}

/** For a 2xx; others do not mind it. */
export function contactOf(peer: RawPeer): [string, string][] {
  return [['Contact', `<sip:callee@${peer.address.host}:${peer.address.port}>`]];
}

/** A phone that has registered. */
export async function registered(
  stage: Scene,
  peer: RawPeer,
  userId: string,
  changes: Partial<Binding> = {},
): Promise<void> {
  await stage.locations.put({
    userId,
    contact: `sip:phone@${peer.address.host}:${peer.address.port}`,
    source: { transport: 'udp', ...peer.address },
    callId: 'r',
    cseq: 1,
    expiresAt: stage.clock.now() + 3_600_000,
    q: 1,
    ...changes,
  });
}
