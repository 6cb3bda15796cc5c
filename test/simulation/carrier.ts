import { Agent, type AgentOptions } from './agent.ts';
import { AgentCall, addressOf } from './agent-call.ts';
import type { AgentServerTransaction } from './agent-server-transaction.ts';
import { Incoming } from './incoming.ts';
import type { CalleePlan } from './plan.ts';
import { callIdOf, field, fieldsOf, fromTag, sequenceOf, uriOf, type Wire } from './wire.ts';

export interface CarrierOptions extends AgentOptions {
  /** 1 or 2: the second one stands in for the first. */
  readonly order: 1 | 2;
  /** How the phone of a dialled number behaves. */
  readonly calleeOf: (number: string) => CalleePlan | undefined;
  /** Every INVITE, once. */
  readonly onInvited: (number: string, callId: string) => void;
}

/** A carrier and the phones behind it: answers the INVITEs of the server as the plan of the dialled number says. */
export class Carrier extends Agent {
  readonly #carrier: CarrierOptions;
  readonly #challenged = new Map<string, number>();
  readonly #live = new Set<Incoming>();

  constructor(options: CarrierOptions) {
    super(options);
    this.#carrier = options;
  }

  override hangUpAll(): void {
    for (const incoming of this.#live) incoming.refuse();
    for (const call of this.calls) if (call.state === 'up') call.bye();
  }

  override leftovers(): string[] {
    const ringing =
      this.excuse === undefined
        ? [...this.#live].filter((one) => one.rang && !one.excused && one.reachable)
        : [];
    return [
      ...super.leftovers(),
      ...ringing.map((one) => `${this.name}: a phone still rings (${one.callId})`),
    ];
  }

  protected override onInvite(transaction: AgentServerTransaction): void {
    const { request } = transaction;
    const number = (/^sips?:([^@]*)@/.exec(request.uri)?.[1] ?? '').replace(/\D/g, '');
    const plan = this.#carrier.calleeOf(number);
    this.#carrier.onInvited(number, callIdOf(request));
    if (plan === undefined) {
      this.fault('a number was dialled that nobody asked for');
      transaction.reply(404);
      return;
    }
    if (this.#carrier.order === 1 && plan.firstCarrier !== 'takes') {
      if (plan.firstCarrier === 'silent') {
        this.options.count('carrier 1 stays silent');
        return;
      }
      this.options.count(`carrier 1 refuses with ${plan.firstCarrier}`);
      transaction.reply(plan.firstCarrier);
      return;
    }
    if (this.#challenge(transaction, plan)) return;
    const incoming: Incoming = new Incoming(transaction, plan, {
      newCall: (tag) => this.#newCall(request, tag),
      after: (ms, callback) => void this.transactions.after(ms, callback),
      sdpFields: [['Content-Type', 'application/sdp']],
      contact: this.contact,
      secret: this.options.secret,
      count: this.options.count,
      up: (call) => this.context.onUp(call),
      order: this.#carrier.order,
      sessionTimer: this.options.plan.sessionTimer,
      fault: (what) => this.fault(what),
      over: () => this.#live.delete(incoming),
    });
    this.#live.add(incoming);
    incoming.begin();
  }

  protected override onStray2xx(): void {}

  #challenge(transaction: AgentServerTransaction, plan: CalleePlan): boolean {
    const callId = callIdOf(transaction.request);
    const before = this.#challenged.get(callId) ?? 0;
    const status = plan.challenges[before];
    if (status === undefined) return false;
    const presented = status === 401 ? 'authorization' : 'proxy-authorization';
    if (before > 0 && fieldsOf(transaction.request, presented).length > 1)
      this.fault('more credentials than were asked for');
    this.#challenged.set(callId, before + 1);
    this.options.count(`a carrier challenges with ${status}`);
    const name = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const nonce = this.options.dice.random.token(8);
    const stale = before > 0 ? ', stale=true' : '';
    transaction.reply(status, [
      [name, `Digest realm="carrier", nonce="${nonce}", algorithm=MD5, qop="auth"${stale}`],
    ]);
    return true;
  }

  #newCall(request: Wire, tag: string): AgentCall {
    const call = new AgentCall(this.context, {
      callId: callIdOf(request),
      localTag: tag,
      local: addressOf(field(request, 'to')),
      remote: addressOf(field(request, 'from')),
      target: uriOf(field(request, 'contact')),
      sequence: this.options.dice.between(1, 9_000),
    });
    call.remoteTag = fromTag(request);
    call.remoteSequence = sequenceOf(request);
    call.state = 'ringing';
    this.calls.push(call);
    return call;
  }
}
