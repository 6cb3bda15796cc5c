import { Agent, type AgentOptions } from './agent.ts';
import { AgentCall } from './agent-call.ts';
import { answerChallenge, type Secret } from './agent-digest.ts';
import type { AgentServerTransaction } from './agent-server-transaction.ts';
import type { AgentClientTransaction } from './agent-transactions.ts';
import { LIFE } from './agent-transactions.ts';
import type { CallerPlan } from './plan.ts';
import { callIdOf, field, fieldsOf, fromTag, type Lines, sequenceOf, toTag, type Wire } from './wire.ts';

export interface PhoneOptions extends AgentOptions {
  readonly plan: CallerPlan;
  readonly account: Secret;
  /** `"Name" <sip:…>` of the person. */
  readonly from: string;
  readonly dials: string;
}

/** The least that RFC 4028 §4 allows. */
const SESSION_SECONDS = 90;

/** The caller: one call to a service number. */
export class Phone extends Agent {
  readonly #phone: PhoneOptions;
  /** Whether it heard ringing or early media at any time, and what ended the wait. */
  heard: 'nothing' | 'ringing' | 'answer' = 'nothing';
  finalStatus = 0;
  #call: AgentCall | undefined;
  #invite: AgentClientTransaction | undefined;
  #provisional = false;
  #early = false;
  #wantsOut = false;
  #challenges = 0;
  #repeated = false;
  /** Other dialogs of the same INVITE: a server that forks. */
  readonly #inviteSequences = new Set<number>();
  #inviteSequence = 0;
  /** RSeq that was acknowledged last, by To tag (RFC 3262 §4). */
  readonly #pracked = new Map<string, number>();
  /** The offer of the server came in a reliable response, and its PRACK had the answer. */
  #answeredInPrack = false;

  constructor(options: PhoneOptions) {
    super(options);
    this.#phone = options;
  }

  dial(): void {
    const { dice, dials, from, server, plan } = this.#phone;
    const uri = `sip:${dials}@${server.host}`;
    this.#call = new AgentCall(this.context, {
      callId: `${dice.random.token(8)}@${this.options.local.host}`,
      localTag: dice.random.token(5),
      local: from,
      remote: `<${uri}>`,
      target: uri,
      sequence: dice.between(1, 9_000),
    });
    this.calls.push(this.#call);
    this.#send(this.#call, []);
    if (plan.hangsUpAfter !== undefined) this.transactions.after(plan.hangsUpAfter, () => this.hangUpAll());
  }

  override hangUpAll(): void {
    const call = this.#call;
    if (call === undefined || call.isOver || this.#wantsOut) return;
    if (call.state === 'up') call.bye();
    else if (call.state === 'inviting' || call.state === 'ringing') {
      this.#wantsOut = true;
      if (this.#early && this.#phone.plan.byeWhileRinging) this.#leaveEarly(call);
      else if (this.#provisional) this.#cancel(call);
    }
  }

  #send(call: AgentCall, credentials: Lines): void {
    const { plan, secret } = this.#phone;
    const sequence = call.localSequence;
    this.#inviteSequences.add(sequence);
    this.#inviteSequence = sequence;
    this.#provisional = false;
    const body = plan.lateOffer ? '' : call.sdp();
    const lines: Lines = [
      ['From', `${call.local};tag=${call.localTag}`],
      ['To', call.remote],
      ['Call-ID', call.callId],
      ['CSeq', `${sequence} INVITE`],
      ['Contact', this.contact],
      ['User-Agent', `${secret}-phone`],
      ['Subject', `${secret}-subject`],
      ['P-Preferred-Identity', call.local],
      ['X-Order', `${secret}-order`],
      ...this.#extensions(),
      ...credentials,
      ...(plan.lateOffer ? [] : call.sdpFields()),
    ];
    const invite = this.transactions.request(
      'INVITE',
      call.target,
      lines,
      {
        onResponse: (response) => this.#onResponse(call, response),
        onFailure: () => this.#onFailure(call),
      },
      { body },
    );
    this.#invite = invite;
  }

  #onResponse(call: AgentCall, response: Wire): void {
    const { status } = response;
    if (status < 200) this.#onProvisional(call, response);
    else if (status < 300) this.#onAnswer(call, response);
    else if ((status === 401 || status === 407) && this.#authenticate(call, response)) return;
    else {
      this.finalStatus = status;
      call.over();
    }
  }

  #onProvisional(call: AgentCall, response: Wire): void {
    this.#provisional = true;
    if (response.status > 100) {
      this.#early = true;
      this.heard = 'ringing';
      if (call.state === 'inviting') call.state = 'ringing';
      call.learn(response);
      this.#acknowledgeReliable(call, response);
    }
    if (this.#phone.plan.repeatsInvite && response.status > 100) this.#repeatInvite();
    if (this.#wantsOut) this.#cancel(call);
  }

  #onAnswer(call: AgentCall, response: Wire): void {
    this.heard = 'answer';
    this.finalStatus = response.status;
    call.learn(response);
    const wantsAnswer = this.#phone.plan.lateOffer && !this.#answeredInPrack;
    call.acknowledge(response, wantsAnswer ? call.sdp() : undefined);
    this.#keepAlive(call, response);
    if (call.state === 'leaving' || call.isOver) return;
    call.state = 'up';
    if (this.#wantsOut) {
      this.options.count('caller: 200 crossed the CANCEL');
      call.bye();
    } else this.context.onUp(call);
  }

  #extensions(): Lines {
    const { reliable, sessionTimer } = this.#phone.plan;
    const timer = sessionTimer !== 'none';
    const supported = [...(reliable === 'none' ? [] : ['100rel']), ...(timer ? ['timer'] : [])];
    return [
      supported.length === 0 ? undefined : ['Supported', supported.join(', ')],
      reliable === 'required' ? ['Require', '100rel'] : undefined,
      timer
        ? ['Session-Expires', `${SESSION_SECONDS};refresher=${sessionTimer === 'server' ? 'uas' : 'uac'}`]
        : undefined,
    ];
  }

  /** RFC 3262 §4: each reliable response once, in order. */
  #acknowledgeReliable(call: AgentCall, response: Wire): void {
    const rseq = Number(field(response, 'rseq'));
    if (!/100rel/.test(field(response, 'require')) || !(rseq > 0)) {
      if (this.#phone.plan.reliable === 'required' && response.body !== '')
        this.fault('a response with SDP is not reliable though 100rel is required');
      return;
    }
    const before = this.#pracked.get(toTag(response));
    if (before !== undefined && rseq !== before + 1) return;
    this.#pracked.set(toTag(response), rseq);
    this.options.count('PRACK of the caller');
    const answers = this.#phone.plan.lateOffer && response.body !== '' && !this.#answeredInPrack;
    if (answers) this.#answeredInPrack = true;
    const lines: Lines = [
      ['RAck', `${rseq} ${sequenceOf(response)} INVITE`],
      ...(answers ? call.sdpFields() : []),
    ];
    const done = (status: number): void => {
      // 500: a later request has overtaken it (RFC 3261 §12.2.2).
      if (status >= 300 && ![408, 481, 500].includes(status)) this.fault(`PRACK was answered with ${status}`);
    };
    call.ask('PRACK', done, lines, answers ? call.sdp() : '');
  }

  /** RFC 4028 §7.2: refreshes where it is to, unless it forgets. */
  #keepAlive(call: AgentCall, response: Wire): void {
    const agreed = /^(\d+).*refresher=uac/.exec(field(response, 'session-expires'));
    if (agreed?.[1] !== undefined && this.#phone.plan.sessionTimer === 'itself')
      call.refreshEvery((Number(agreed[1]) / 2) * 1000);
  }

  #onFailure(call: AgentCall): void {
    call.over();
  }

  /** Our ACK was lost, or the 2xx came after all: it is acknowledged, and ended when nobody waits for it. */
  protected override onStray2xx(response: Wire): void {
    const call = this.calls.find(
      (one) => one.callId === callIdOf(response) && one.localTag === fromTag(response),
    );
    if (call === undefined) return;
    const known = call.remoteTag === toTag(response) && call.hasAcked(response);
    if (known || !this.#inviteSequences.has(sequenceOf(response))) {
      call.acknowledge(response, undefined);
      return;
    }
    this.options.count('caller: a 2xx came after the end');
    call.learn(response);
    call.acknowledge(response, this.#phone.plan.lateOffer ? call.sdp() : undefined);
    call.state = 'up';
    call.bye();
  }

  #authenticate(call: AgentCall, response: Wire): boolean {
    if (this.#wantsOut || this.#challenges > 1 || !this.#phone.plan.digest) return false;
    this.#challenges += 1;
    const challenges = fieldsOf(
      response,
      response.status === 401 ? 'www-authenticate' : 'proxy-authenticate',
    );
    const credentials = answerChallenge(challenges, 'INVITE', call.target, this.#phone.account);
    if (credentials === undefined) return false;
    call.localSequence += 1;
    this.options.count('caller: challenged by the server');
    this.#send(call, [[response.status === 401 ? 'Authorization' : 'Proxy-Authorization', credentials]]);
    return true;
  }

  /** Once: responses that come twice must not make requests that come four times. */
  #repeatInvite(): void {
    if (this.#repeated || this.#invite === undefined) return;
    this.#repeated = true;
    this.transactions.repeat(this.#invite);
  }

  #cancel(call: AgentCall): void {
    const invite = this.#invite;
    if (invite === undefined || invite.done) return;
    this.options.count('caller: CANCEL sent');
    const lines: Lines = [
      ['From', `${call.local};tag=${call.localTag}`],
      ['To', call.remote],
      ['Call-ID', call.callId],
      ['CSeq', `${this.#inviteSequence} CANCEL`],
    ];
    const ignored = { onResponse: () => {}, onFailure: () => {} };
    this.transactions.request('CANCEL', invite.uri, lines, ignored, { branch: invite.branch });
    // §9.1: no final response within 64·T1 means that there will be none.
    this.transactions.after(LIFE, () => {
      if (!invite.done) {
        this.fault('no final response to INVITE came after CANCEL');
        this.transactions.abandon(invite);
        call.over();
      }
    });
  }

  /** §15: BYE on the early dialog; the INVITE ends by itself, with 487. */
  #leaveEarly(call: AgentCall): void {
    this.options.count('caller: BYE while ringing');
    call.bye();
  }

  protected override onInvite(transaction: AgentServerTransaction): void {
    this.fault('an INVITE came to the caller');
    transaction.reply(486);
  }
}
