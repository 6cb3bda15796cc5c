import type { CallService } from '../call/call-service.ts';
import { MasklineError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';
import type { SipUserAgent } from '../sip/user-agent/user-agent.ts';

/**
 * Whether the node takes new calls: off while an engineer wants it so, and for good when it stops. Calls that run go on
 * either way; only the stop has an end to its patience.
 */
export class Drain {
  readonly #calls: Pick<CallService, 'active' | 'setDraining' | 'drain'>;
  readonly #userAgent: Pick<SipUserAgent, 'setDraining'>;
  readonly #log: Logger;
  readonly #hurry = Promise.withResolvers<void>();
  #isOn = false;
  #isFinal = false;

  constructor(parts: {
    readonly calls: Pick<CallService, 'active' | 'setDraining' | 'drain'>;
    readonly userAgent: Pick<SipUserAgent, 'setDraining'>;
    readonly log: Logger;
  }) {
    this.#calls = parts.calls;
    this.#userAgent = parts.userAgent;
    this.#log = parts.log;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** @throws MasklineError `admission/draining` when it is to be undone while the node stops */
  set(on: boolean): void {
    if (this.#isFinal && !on) throw new MasklineError('admission/draining');
    this.#isOn = on;
    this.#calls.setDraining(on);
    this.#userAgent.setDraining(on);
    const calls = this.#calls.active.length;
    this.#log.info({ calls }, on ? 'the node takes no new calls' : 'the node takes calls again');
  }

  /** Resolves when nobody talks any more, after `ms` at most, or soon after `hurry`; whoever still talks is hung up. */
  async finish(ms: number): Promise<void> {
    this.#isFinal = true;
    this.set(true);
    await Promise.race([this.#calls.drain(ms), this.#hurry.promise.then(() => this.#calls.drain(0))]);
  }

  hurry(): void {
    this.#hurry.resolve();
  }
}
