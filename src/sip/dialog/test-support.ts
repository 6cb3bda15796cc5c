/** Test doubles of this folder: a dialog layer on the transport double, and a record of what a session says. */
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import type { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import type { SipRequest } from '../message/types.ts';
import { parseUri } from '../message/uri.ts';
import {
  type FakeFlow,
  type PeerRequest,
  type PeerResponse,
  peerRequest,
  peerResponse,
  transactionBench,
} from '../transaction/test-support.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import { DialogLayer, type DialogLayerOptions } from './dialog-layer.ts';
import type { InviteParts, InviteSession, SessionEnd, UasSession } from './types.ts';

export const CONTACT = parseNameAddr('<sip:maskline@10.0.0.1:5060>');

export function dialogBench(
  transport: 'udp' | 'tcp' = 'udp',
  options: Partial<Pick<DialogLayerOptions, 'limits' | 'flowTo' | 'sessionTimer'>> = {},
  /** For two benches that talk to each other: one clock, and dice of their own. */
  shared: { readonly clock?: VirtualClock; readonly seed?: number } = {},
) {
  const seed = shared.seed ?? 7;
  const base = transactionBench(transport, { random: seededRandom(seed) }, shared.clock);
  const dialogs = new DialogLayer({
    transactions: base.layer,
    clock: base.clock,
    random: seededRandom(seed + 1),
    log: silentLogger,
    flowTo: () => Promise.reject(new Error('no flow')),
    ...options,
  });
  const invites: InviteServerTransaction[] = [];
  const requests: ServerTransaction[] = [];
  dialogs.user = {
    onInvite: (transaction) => invites.push(transaction),
    onRequest: (transaction) => requests.push(transaction),
  };
  return { ...base, dialogs, invites, requests };
}

export type DialogBench = ReturnType<typeof dialogBench>;

/** Every event of a session in order, as short texts; and its ends, of which there must be one. */
export function listen(session: InviteSession) {
  const told: string[] = [];
  const ends: SessionEnd[] = [];
  session.events.on('provisional', ({ status, sdp }) =>
    told.push(`${status}${sdp === undefined ? '' : ' sdp'}`),
  );
  session.events.on('accepted', ({ sdp }) => told.push(`accepted ${sdp ?? '-'}`));
  session.events.on('confirmed', ({ sdp }) => told.push(`confirmed ${sdp ?? '-'}`));
  session.events.on('info', ({ body }) => told.push(`info ${Buffer.from(body?.content ?? []).toString()}`));
  session.events.on('ended', (end) => {
    ends.push(end);
    told.push(`ended by ${end.by} ${end.status}${end.answered ? ' answered' : ''}`);
  });
  return { told, ends };
}

/** A scripted caller, and the session that it leads to. */
export function callIn(b: DialogBench, invite: PeerRequest = { body: 'offer' }) {
  const request = peerRequest('INVITE', { cseq: 10, ...invite });
  b.wire.receive(request, b.flow);
  const transaction = b.invites.at(-1)!;
  const session: UasSession = b.dialogs.acceptInvite(transaction, { contact: CONTACT });
  const inDialog = (method: string, options: PeerRequest = {}): SipRequest => {
    const sent = peerRequest(method, {
      callId: invite.callId ?? 'call-1',
      cseq: method === 'ACK' ? 10 : 11,
      to: `<sip:service@10.0.0.1>;tag=${transaction.localTag}`,
      ...options,
    });
    b.wire.receive(sent, b.flow);
    return sent;
  };
  const branch = /branch=([^;]+)/.exec(request.headers.get('Via') ?? '')?.[1] ?? '';
  const cancel = (): void => b.wire.receive(peerRequest('CANCEL', { cseq: 10, branch }), b.flow);
  /** Where a final non-2xx is owed its ACK. */
  const ackRejection = (): void => b.wire.receive(peerRequest('ACK', { cseq: 10, branch }), b.flow);
  return { session, transaction, request, inDialog, cancel, ackRejection, ...listen(session) };
}

export function inviteParts(flow: FakeFlow, more: Partial<InviteParts> = {}): InviteParts {
  return {
    flow,
    requestUri: parseUri('sip:callee@10.0.0.2'),
    from: parseNameAddr('<sip:shown@10.0.0.1>'),
    to: parseNameAddr('<sip:callee@10.0.0.2>'),
    callId: 'out-1',
    contact: CONTACT,
    sdp: 'offer',
    ...more,
  };
}

/** A session that calls a scripted callee. The INVITE has left when this resolves. */
export async function callOut(b: DialogBench, more: Partial<InviteParts> = {}) {
  const session = b.dialogs.invite(inviteParts(b.flow, more));
  const record = listen(session);
  await b.clock.advance(0);
  const lastInvite = (): SipRequest => b.wire.requests('INVITE').at(-1)!;
  const answer = (status: number, options: PeerResponse = {}): void =>
    b.wire.receive(peerResponse(lastInvite(), status, options), b.flow);
  const answerTo = (method: string, status: number, options: PeerResponse = {}): void =>
    b.wire.receive(peerResponse(b.wire.requests(method).at(-1)!, status, options), b.flow);
  /** A request of the callee, in the dialog of that tag. */
  const inDialog = (method: string, options: PeerRequest & { readonly tag?: string } = {}): SipRequest => {
    const sent = peerRequest(method, {
      callId: lastInvite().headers.get('Call-ID') ?? '',
      cseq: 1,
      from: `<sip:callee@10.0.0.2>;tag=${options.tag ?? 'peer'}`,
      to: lastInvite().headers.get('From') ?? '',
      ...options,
    });
    b.wire.receive(sent, b.flow);
    return sent;
  };
  return { session, lastInvite, answer, answerTo, inDialog, ...record };
}

/**
 * What every test ends with: nothing is left, after everything that waits has had its time: 64·T1 for an ACK that does
 * not come, 64·T1 for the BYE that follows it, and some.
 */
export async function leftovers(b: DialogBench) {
  await b.clock.advance(100_000);
  return {
    timers: b.clock.pending,
    transactions: b.layer.counts.live,
    sessions: b.dialogs.counts.sessions,
    dialogs: b.dialogs.counts.dialogs,
  };
}

export const NOTHING = { timers: 0, transactions: 0, sessions: 0, dialogs: 0 };
