/**
 * How much a trunk carries on this node, and whether it may carry one more. The counters live in memory on purpose: a
 * call does not outlive its node, so that after a restart nothing is right again; and nodes do not add theirs up, since
 * that would put the database into every call for what the carrier itself decides with 503. With several nodes each is
 * given its share (ARCHITECTURE, differences).
 */
import type { Clock } from '../../kernel/clock.ts';
import type { TrunkSettings } from './trunk-settings.ts';

export type Direction = 'inbound' | 'outbound';

type Limits = Pick<TrunkSettings, 'id' | 'maxCalls' | 'maxOutboundCalls' | 'callsPerSecond'>;

interface Load {
  inbound: number;
  outbound: number;
  /** Calls that may begin now: a token bucket. */
  tokens: number;
  at: number;
}

export class TrunkLoads {
  readonly #clock: Clock;
  readonly #loads = new Map<string, Load>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes room for a call. Undefined: the trunk is full, or calls begin too fast there. Else give it back, once, when the
   * call has ended.
   */
  enter(trunk: Limits, direction: Direction): (() => void) | undefined {
    const load = this.#loadOf(trunk);
    const total = load.inbound + load.outbound;
    if (trunk.maxCalls > 0 && total >= trunk.maxCalls) return undefined;
    if (direction === 'outbound') {
      if (trunk.maxOutboundCalls > 0 && load.outbound >= trunk.maxOutboundCalls) return undefined;
      if (!this.#takeToken(load, trunk.callsPerSecond)) return undefined;
    }
    load[direction] += 1;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      load[direction] -= 1;
    };
  }

  /** Calls that it carries now. */
  of(trunkId: string): { readonly inbound: number; readonly outbound: number } {
    const load = this.#loads.get(trunkId);
    return { inbound: load?.inbound ?? 0, outbound: load?.outbound ?? 0 };
  }

  /** Forgets trunks that are gone and carry nothing any more. */
  keepOnly(trunkIds: ReadonlySet<string>): void {
    for (const [id, load] of this.#loads) {
      if (!trunkIds.has(id) && load.inbound + load.outbound === 0) this.#loads.delete(id);
    }
  }

  #loadOf({ id, callsPerSecond }: Limits): Load {
    let load = this.#loads.get(id);
    if (load === undefined) {
      load = { inbound: 0, outbound: 0, tokens: burst(callsPerSecond), at: this.#clock.monotonic() };
      this.#loads.set(id, load);
    }
    return load;
  }

  #takeToken(load: Load, perSecond: number): boolean {
    if (perSecond <= 0) return true;
    const now = this.#clock.monotonic();
    load.tokens = Math.min(burst(perSecond), load.tokens + ((now - load.at) / 1000) * perSecond);
    load.at = now;
    if (load.tokens < 1) return false;
    load.tokens -= 1;
    return true;
  }
}

/** One second's worth, and one call at least. */
function burst(perSecond: number): number {
  return Math.max(1, perSecond);
}
