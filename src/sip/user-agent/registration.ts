/**
 * Our own registration at a provider (RFC 3261 §10.2): kept fresh while the trunk exists, taken back at the end. One
 * timer, one exchange at a time.
 */
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { sipUri } from '../message/uri.ts';
import type { Resolver } from '../resolver/types.ts';
import type { Transactions } from '../transaction/types.ts';
import type { Flow, Target, Transport } from '../transport/types.ts';
import { RegisterExchange, type RegisterOutcome } from './register-exchange.ts';
import type { TrunkSettings } from './types.ts';

export interface RegistrationOptions {
  readonly trunk: TrunkSettings;
  readonly transport: Pick<Transport, 'flowTo'>;
  readonly transactions: Pick<Transactions, 'send'>;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Seconds to ask for. */
  readonly expires: number;
}

export interface RegistrationStatus {
  readonly registered: boolean;
  readonly lastError: string | undefined;
}

/** First wait after a failure, and the longest, ms. A provider that is down must not be hammered when it comes back. */
const BACK_OFF_FIRST = 5_000;
const BACK_OFF_MOST = 300_000;

/** How long a server that stops waits for the answer, ms. */
const UNREGISTER_WITHIN = 2_000;

export class TrunkRegistration {
  /** User part of our Contact there: random, so that an INVITE which carries it can only come from the provider. */
  readonly contactUser: string;
  readonly #options: RegistrationOptions;
  readonly #exchange: RegisterExchange;
  #timer: TimerHandle | undefined;
  #flow: Flow | undefined;
  #expiresAt = 0;
  #lastError: string | undefined;
  #failures = 0;
  #busy = false;
  #stopped = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.contactUser = options.random.token(12);
    this.#exchange = new RegisterExchange({ ...options, contactUser: this.contactUser });
  }

  get trunk(): TrunkSettings {
    return this.#options.trunk;
  }

  get status(): RegistrationStatus {
    return { registered: this.#options.clock.now() < this.#expiresAt, lastError: this.#lastError };
  }

  start(): void {
    void this.#refresh();
  }

  /** Our connection there is gone, and with it the way by which calls come: a new one is made soon. */
  flowClosed(flow: Flow): void {
    if (flow.id === this.#flow?.id && !this.#busy) this.#schedule(this.#jitter(1_000));
  }

  /** Takes the registration back, for at most two seconds, and stops every timer. */
  async stop(): Promise<void> {
    const registered = this.status.registered;
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#expiresAt = 0;
    const flow = this.#flow;
    if (!registered || flow === undefined || !flow.isOpen) return;
    let timer: TimerHandle | undefined;
    const tooLate = new Promise<void>((resolve) => {
      timer = this.#options.clock.setTimeout(resolve, UNREGISTER_WITHIN);
    });
    await Promise.race([this.#exchange.run(flow, 0).then(() => {}), tooLate]);
    this.#options.clock.clearTimeout(timer);
  }

  async #refresh(): Promise<void> {
    if (this.#stopped || this.#busy) return;
    this.#busy = true;
    const outcome = await this.#register();
    this.#busy = false;
    if (this.#stopped) return;
    if (outcome.kind === 'registered') this.#registered(outcome.expires);
    else this.#failed(outcome);
  }

  /** Walks the targets of RFC 3263 while they cannot be reached; an answer of any of them counts. */
  async #register(): Promise<RegisterOutcome> {
    let outcome: RegisterOutcome = { kind: 'failed', reason: 'the host leads to no address' };
    try {
      for (const target of await this.#targets()) {
        if (this.#stopped) break;
        const flow = await this.#options.transport.flowTo(target).catch(() => undefined);
        if (flow === undefined) {
          outcome = { kind: 'failed', reason: 'no connection to the host' };
          continue;
        }
        this.#flow = flow;
        outcome = await this.#exchange.run(flow, this.#options.expires);
        if (outcome.kind === 'registered' || outcome.reachable === true) break;
      }
    } catch {
      outcome = { kind: 'failed', reason: 'the host name cannot be resolved' };
    }
    return outcome;
  }

  #targets(): Promise<readonly Target[]> {
    const { host, port, transport } = this.#options.trunk;
    return this.#options.resolver.resolve(sipUri({ host, port, params: { transport } }));
  }

  #registered(expires: number): void {
    const { clock, log, trunk } = this.#options;
    if (this.#failures > 0 || this.#expiresAt === 0)
      log.info({ trunk: trunk.name }, 'registered at the trunk');
    this.#failures = 0;
    this.#lastError = undefined;
    this.#expiresAt = clock.now() + expires * 1000;
    // At about half of it, so that one lost refresh costs nothing; spread, so that many trunks do not march in step.
    this.#schedule((expires * 1000) / 2 - this.#options.random.int(Math.max(1, expires * 50)));
  }

  #failed(outcome: RegisterOutcome & { kind: 'failed' }): void {
    const { log, trunk } = this.#options;
    this.#failures += 1;
    this.#lastError = outcome.reason;
    log.warn(
      { trunk: trunk.name, reason: outcome.reason },
      'not registered at the trunk; it will be tried again',
    );
    const backOff = Math.min(BACK_OFF_MOST, BACK_OFF_FIRST * 2 ** Math.min(this.#failures - 1, 10));
    const wait = outcome.permanent === true ? BACK_OFF_MOST : backOff;
    this.#schedule(Math.max(this.#jitter(wait), (outcome.retryAfter ?? 0) * 1000));
  }

  /** Half to the whole of it. */
  #jitter(ms: number): number {
    return ms / 2 + this.#options.random.int(Math.ceil(ms / 2));
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => void this.#refresh(), Math.max(1_000, ms));
  }
}
