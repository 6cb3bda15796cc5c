import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { response } from '../sip/message/build.ts';
import { callId, expires, fromTag, toTag } from '../sip/message/fields.ts';
import type { SipMessage, SipRequest } from '../sip/message/types.ts';
import { formatHostPort, parseUri } from '../sip/message/uri.ts';
import type { Address, Network, TransportName } from '../sip/transport/types.ts';
import { type AnswerScript, type Misbehaviour, tamperOf } from './behaviour.ts';
import { Exchanges } from './exchanges.ts';
import { IncomingCall } from './incoming-call.ts';
import type { LoggedPacket } from './message-log.ts';
import { OutgoingCall, type OutgoingOptions } from './outgoing-call.ts';
import {
  contactOf,
  ownParty,
  type PhoneAudio,
  type PhoneContext,
  type PhoneIdentity,
  sendAuthenticated,
} from './phone-context.ts';
import { addressOf, PhoneDialog } from './phone-dialog.ts';
import { Waiting } from './waiting.ts';
import { type Peer, type PhoneTls, Wire } from './wire.ts';

export interface PhoneOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** Port 0 takes a free one. */
  readonly local: Address;
  readonly transport?: TransportName;
  /** For tls and wss. */
  readonly tls?: PhoneTls;
  readonly identity: PhoneIdentity;
  /** Where REGISTER and all calls go. Without it, calls go to the address in the target's URI. */
  readonly registrar?: Address;
  readonly audio?: PhoneAudio;
  /** What happens to calls that come in; a function decides per call. Default: rings until someone answers. */
  readonly answer?: AnswerScript | ((call: IncomingCall) => AnswerScript);
  readonly misbehaviour?: Misbehaviour;
}

const WAIT_MS = 10_000;

/** A SIP phone. `open()` first, `close()` last. */
export class Phone {
  /** Every call, in the order in which it began. */
  readonly calls: (OutgoingCall | IncomingCall)[] = [];
  registered = false;
  readonly #options: PhoneOptions;
  readonly #wire: Wire;
  readonly #exchanges: Exchanges;
  readonly #context: PhoneContext;
  readonly #waiting: Waiting;
  #registration: PhoneDialog | undefined;
  #taken = 0;

  constructor(options: PhoneOptions) {
    const { network, clock, random, identity, registrar } = options;
    this.#options = options;
    const misbehaviour = options.misbehaviour ?? {};
    this.#wire = new Wire({
      network,
      clock,
      local: options.local,
      transport: options.transport ?? 'udp',
      tls: options.tls,
      invalidHost: `${random.token(6)}.invalid`,
      onMessage: (message, peer) => this.#onMessage(message, peer),
      tamper: tamperOf(misbehaviour),
    });
    this.#exchanges = new Exchanges(this.#wire, clock, random);
    this.#context = {
      network,
      clock,
      random,
      wire: this.#wire,
      exchanges: this.#exchanges,
      identity,
      audio: options.audio ?? {},
      misbehaviour,
      registrar,
    };
    this.#waiting = new Waiting(clock, () => `the phone has seen ${this.calls.length} calls`);
  }

  /** Binds the socket; resolves with its address. */
  open(): Promise<Address> {
    return this.#wire.open();
  }

  get address(): Address {
    return this.#wire.local;
  }

  /** Every SIP message that crossed the socket, in order. */
  get log(): readonly LoggedPacket[] {
    return this.#wire.log;
  }

  /** The URI at which this phone can be called directly. */
  get uri(): string {
    return contactOf(this.#context).slice(1, -1);
  }

  /** REGISTER (RFC 3261 §10.2). Resolves with the seconds granted; rejects with the status otherwise. */
  register(expiresSeconds = 300): Promise<number> {
    const { registrar, identity } = this.#options;
    if (registrar === undefined)
      throw new Error('the phone has no registrar: set `registrar` in its options');
    this.#registration ??= new PhoneDialog({
      callId: `${this.#options.random.token(12)}@${this.#wire.local.host}`,
      localTag: this.#options.random.token(6),
      localParty: ownParty(this.#context),
      remoteParty: ownParty(this.#context),
      target: `sip:${identity.domain}`,
      sequence: 0,
    });
    const dialog = this.#registration;
    const contact = contactOf(this.#context);
    return new Promise((resolve, reject) => {
      sendAuthenticated(
        this.#context,
        (credentials) =>
          dialog.request('REGISTER', [
            ['Contact', contact],
            ['Expires', String(expiresSeconds)],
            ...credentials,
          ]),
        registrar,
        {
          onFinal: (final) => {
            if (final.status >= 300) return reject(new Error(`REGISTER got ${final.status} ${final.reason}`));
            this.registered = expiresSeconds > 0;
            this.#waiting.changed();
            const granted = /;\s*expires\s*=\s*(\d+)/i.exec(final.headers.get('Contact') ?? '')?.[1];
            resolve(granted === undefined ? (expires(final) ?? expiresSeconds) : Number(granted));
          },
          onTimeout: () => reject(new Error('REGISTER got no response within 32 s')),
        },
      );
    });
  }

  unregister(): Promise<number> {
    return this.register(0);
  }

  /** Calls a number or account of our domain, or a whole `sip:`/`tel:` URI. */
  call(target: string, options: OutgoingOptions = {}): OutgoingCall {
    const uri = /^(sips?|tel):/i.test(target) ? target : `sip:${target}@${this.#options.identity.domain}`;
    const to = this.#options.registrar ?? addressOf(parseUri(uri));
    if (to === undefined)
      throw new Error('no address to send to: set `registrar`, or put an IP address into the URI');
    const call = new OutgoingCall(this.#context, uri, to, options);
    this.calls.push(call);
    call.events.on('state', () => this.#waiting.changed());
    call.start().catch((error: unknown) => this.#waiting.abort(String(error)));
    return call;
  }

  /** The next incoming call that was not handed out yet. */
  async nextCall(timeoutMs = WAIT_MS): Promise<IncomingCall> {
    const incoming = (): IncomingCall[] => this.calls.filter((call) => call instanceof IncomingCall);
    const index = this.#taken++;
    await this.#waiting.until('an incoming call', () => incoming().length > index, timeoutMs);
    return incoming()[index]!;
  }

  /** `registered`; `idle`: no call is alive. */
  waitFor(state: 'registered' | 'idle', timeoutMs = WAIT_MS): Promise<void> {
    const idle = (): boolean => this.calls.every((call) => call.state === 'ended');
    return this.#waiting.until(state, state === 'registered' ? () => this.registered : idle, timeoutMs);
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Uint8Array, to: Address): void {
    this.#wire.send(bytes, to);
  }

  /** Ends every connection without a word; calls and registration go on as if nothing had happened. */
  disconnect(): void {
    this.#wire.disconnect();
  }

  /** Closes sockets and timers without a word to anybody. Hang up first where that matters. */
  close(): void {
    for (const call of this.calls) call.abandon();
    this.#exchanges.close();
    this.#wire.close();
    this.#waiting.abort('the phone was closed');
  }

  #onMessage(message: SipMessage, peer: Peer): void {
    try {
      if (message.kind === 'response') this.#exchanges.handleResponse(message);
      else this.#onRequest(message, peer);
    } catch {
      // Not a message that a phone could make sense of (a mandatory field is missing): it stays in the log.
    }
  }

  #onRequest(request: SipRequest, peer: Peer): void {
    if (this.#exchanges.absorb(request, peer)) return;
    const tag = toTag(request);
    const call = tag === undefined ? undefined : this.#callOf(request, tag);
    if (request.method === 'CANCEL') {
      this.#onCancel(request, peer);
    } else if (request.method === 'INVITE' && tag === undefined) {
      this.#onInvite(request, peer);
    } else if (request.method === 'ACK') {
      if (call instanceof IncomingCall) call.handleAck(request);
    } else if (call !== undefined && (call.state !== 'ended' || request.method === 'BYE')) {
      call.handleRequest(request, peer);
    } else {
      this.#respond(request, peer, tag === undefined && request.method !== 'BYE' ? 200 : 481);
    }
  }

  #onInvite(invite: SipRequest, peer: Peer): void {
    const call = new IncomingCall(this.#context, invite, peer);
    this.calls.push(call);
    call.events.on('state', () => this.#waiting.changed());
    const { answer } = this.#options;
    const script = typeof answer === 'function' ? answer(call) : (answer ?? {});
    call.start(script).catch(() => call.decline(500));
    this.#waiting.changed();
  }

  #onCancel(cancel: SipRequest, peer: Peer): void {
    const call = this.calls.find((one) => one instanceof IncomingCall && one.matchesCancel(cancel));
    if (call instanceof IncomingCall) call.handleCancel(cancel, peer);
    else this.#respond(cancel, peer, 481);
  }

  /** By Call-ID and the peer's tag; our own tag may be the one of a fork that misbehaviour made up. */
  #callOf(request: SipRequest, tag: string): OutgoingCall | IncomingCall | undefined {
    const id = callId(request);
    const candidates = this.calls.filter((call) => call.dialog.callId === id);
    const exact = candidates.find((call) => call.dialog.localTag === tag);
    return exact ?? candidates.find((call) => call.dialog.remoteTag === fromTag(request));
  }

  #respond(request: SipRequest, peer: Peer, status: number): void {
    const made = response(request, status, { toTag: this.#options.random.token(6) });
    this.#exchanges.respond(request, peer, made);
  }
}

/** `sip:` URI of an account at an address. */
export const sipUriOf = (user: string, address: Address): string =>
  `sip:${user}@${formatHostPort(address.host, address.port)}`;
