/**
 * The dialog layer (RFC 3261 §12–15): between the transaction layer, whose user it is, and a `DialogUser` above.
 *
 *   new DialogLayer({ transactions, clock, random, log, flowTo, timers?, limits?, sessionTimer? })
 *
 * The page that the layers above read is types.ts (`Dialogs`).
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { callId, cseq, fromTag, optionTags, toTag } from '../message/fields.ts';
import type { SipRequest, SipResponse, Uri } from '../message/types.ts';
import { ExpiringMap } from '../transaction/expiring-map.ts';
import { DEFAULT_TIMERS, type TimerSettings } from '../transaction/timers.ts';
import type {
  InviteServerTransaction,
  ServerTransaction,
  Transactions,
  TransactionUser,
} from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';
import { AckStore } from './accepted-2xx.ts';
import { DEFAULT_DIALOG_LIMITS, type DialogContext, type DialogLimits } from './context.ts';
import { contactTarget } from './dialog.ts';
import { type DialogEntry, DialogTable } from './dialog-table.ts';
import type { SessionCore } from './session-core.ts';
import { LEAST_EXPIRES, negotiate } from './session-expires.ts';
import type {
  Dialogs,
  DialogUser,
  InviteParts,
  Refusal,
  SessionTimerSettings,
  UacSession,
  UasParts,
  UasSession,
} from './types.ts';
import { OutboundSession } from './uac-session.ts';
import { InboundSession } from './uas-session.ts';

export interface DialogLayerOptions {
  readonly transactions: Transactions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Resolves a URI and opens a flow towards it; asked when a dialog's own flow is closed or leads elsewhere. */
  readonly flowTo: (uri: Uri) => Promise<Flow>;
  /** As in the transaction layer. */
  readonly timers?: Partial<TimerSettings>;
  readonly limits?: Partial<DialogLimits>;
  /** Absent: no session timers. `minSeconds` is raised to 90, and `expiresSeconds` to that (RFC 4028 §5). */
  readonly sessionTimer?: SessionTimerSettings;
}

/** Requests that mean a dialog, so that one without a To tag belongs nowhere. */
const ONLY_IN_DIALOGS: ReadonlySet<string> = new Set(['BYE', 'UPDATE', 'PRACK', 'INFO']);

export class DialogLayer implements Dialogs, TransactionUser {
  user: DialogUser | undefined;
  readonly #context: DialogContext;
  readonly #sessions = new Set<SessionCore>();
  readonly #late2xx: ExpiringMap<(response: SipResponse) => void>;

  constructor(options: DialogLayerOptions) {
    const { transactions, clock, random, log, flowTo } = options;
    const timers = { ...DEFAULT_TIMERS, ...options.timers };
    const limits = { ...DEFAULT_DIALOG_LIMITS, ...options.limits };
    this.#late2xx = new ExpiringMap(clock, 64 * timers.t1, limits.acks);
    const acks = new AckStore(clock, timers, limits.acks, (ack, flow) => transactions.sendAck(ack, flow));
    this.#context = {
      transactions,
      clock,
      random,
      log,
      timers,
      limits,
      table: new DialogTable(),
      acks,
      handshakes: new Set(),
      sessionTimer: options.sessionTimer === undefined ? undefined : validTimer(options.sessionTimer),
      flowTo,
      expectLate2xx: (invite, handle) => this.#late2xx.set(inviteKey(invite), handle),
    };
    transactions.user = this;
  }

  acceptInvite(transaction: InviteServerTransaction, options: UasParts): UasSession {
    const session: InboundSession = new InboundSession(this.#context, transaction, options, () =>
      this.#sessions.delete(session),
    );
    this.#sessions.add(session);
    return session;
  }

  refusal(
    request: SipRequest,
    { reliableProvisional }: Pick<UasParts, 'reliableProvisional'> = {},
  ): Refusal | undefined {
    if (reliableProvisional === 'off' && optionTags(request, 'Require').includes('100rel'))
      return { status: 420, fields: [['Unsupported', '100rel']] };
    const { sessionTimer } = this.#context;
    const negotiated = sessionTimer === undefined ? undefined : negotiate(request, sessionTimer);
    if (negotiated?.kind !== 'too-brief') return undefined;
    return { status: 422, fields: [['Min-SE', String(negotiated.minSeconds)]] };
  }

  invite(parts: InviteParts | Promise<InviteParts>): UacSession {
    const session: OutboundSession = new OutboundSession(this.#context, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    Promise.resolve(parts)
      .then((ready) => session.start(ready))
      .catch((error: unknown) => session.startFailed(error));
    return session;
  }

  get counts(): { readonly sessions: number; readonly dialogs: number } {
    return { sessions: this.#sessions.size, dialogs: this.#context.table.size };
  }

  get unacknowledged(): number {
    return this.#context.handshakes.size;
  }

  close(): void {
    for (const session of [...this.#sessions]) session.abandon();
    for (const handshake of [...this.#context.handshakes]) handshake.stop();
    this.#context.acks.clear();
    this.#late2xx.clear();
  }

  onInvite(transaction: InviteServerTransaction): void {
    if (toTag(transaction.request) !== undefined) {
      const entry = this.#find(transaction.request);
      if (entry === undefined) transaction.reply(481);
      else entry.usage.onInvite(entry.dialog, transaction);
    } else if (this.#context.transactions.isMerged(transaction)) transaction.reply(482);
    else if (contactTarget(transaction.request) === undefined)
      // §8.1.1.8: without a SIP Contact there is nowhere to send a BYE to.
      transaction.reply(400, { reason: 'Contact Missing Or Not A SIP URI' });
    else if (this.user === undefined) transaction.reply(503);
    else this.user.onInvite(transaction);
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (toTag(request) !== undefined || ONLY_IN_DIALOGS.has(request.method)) {
      const entry = this.#find(request);
      if (entry === undefined) transaction.reply(481);
      else entry.usage.onRequest(entry.dialog, transaction);
    } else if (this.#context.transactions.isMerged(transaction)) transaction.reply(482);
    else if (this.user === undefined) transaction.reply(503);
    else this.user.onRequest(transaction);
  }

  onAck(request: SipRequest, flow: Flow): void {
    const entry = this.#find(request);
    entry?.usage.onAck(entry.dialog, request, flow);
  }

  onStray2xx(response: SipResponse, flow: Flow): void {
    if (this.#context.acks.resend(response, flow)) return;
    this.#late2xx.get(inviteKey(response))?.(response);
  }

  /** Seen from us, the To tag of a request is ours and the From tag the peer's. */
  #find(request: SipRequest): DialogEntry | undefined {
    return this.#context.table.find({
      callId: callId(request),
      localTag: toTag(request) ?? '',
      remoteTag: fromTag(request) ?? '',
    });
  }
}

/** RFC 4028 §5: 90 s is the least that anybody may ask for. */
function validTimer({ expiresSeconds, minSeconds }: SessionTimerSettings): SessionTimerSettings {
  const least = Math.max(LEAST_EXPIRES, minSeconds);
  return { minSeconds: least, expiresSeconds: Math.max(least, expiresSeconds) };
}

/** What an INVITE and its responses have in common, whatever fork they are of. */
function inviteKey(message: SipRequest | SipResponse): string {
  return [callId(message), fromTag(message), cseq(message).sequence].join('\n');
}
