/**
 * All that a call leaves behind at a trunk: the room that it takes, what is counted of it, and what its end says of the
 * trunk's and the target's health. One place, so that none of the three is forgotten on some path.
 */
import type { InviteSession, SessionEnd } from '../dialog/types.ts';
import type { Target } from '../transport/types.ts';
import type { FailedTargets } from './failed-targets.ts';
import type { TrunkHealth } from './trunk-health.ts';
import type { Direction, TrunkLoads } from './trunk-load.ts';
import type { Failure, TrunkStatistics } from './trunk-statistics.ts';
import type { TrunkSettings } from './types.ts';

/** Room that was taken for a call. Exactly one of the two is called. */
export interface Room {
  /** The call is this session. */
  follow(session: InviteSession): void;
  /** There will be no call. */
  never(): void;
}

export interface TrunkMeterOptions {
  readonly loads: TrunkLoads;
  readonly statistics: TrunkStatistics;
  readonly health: TrunkHealth;
  readonly targets: FailedTargets;
}

export class TrunkMeter {
  readonly loads: TrunkLoads;
  readonly statistics: TrunkStatistics;
  readonly health: TrunkHealth;
  readonly #targets: FailedTargets;
  /** Of a place that belongs to no trunk. */
  readonly free: Room = { follow: () => {}, never: () => {} };

  constructor(options: TrunkMeterOptions) {
    this.loads = options.loads;
    this.statistics = options.statistics;
    this.health = options.health;
    this.#targets = options.targets;
  }

  /** Undefined when the trunk has no room. */
  enter(trunk: TrunkSettings, direction: Direction): Room | undefined {
    const leave = this.loads.enter(trunk, direction);
    if (leave === undefined) {
      this.statistics.refused(trunk.id, direction);
      return undefined;
    }
    return { follow: (session) => this.#follow(trunk.id, direction, session, leave), never: leave };
  }

  /** No connection to the target. `trunk`: it was the last one of this trunk. */
  unreachable(target: Target, trunk: TrunkSettings | undefined): void {
    this.#targets.failed(target);
    if (trunk !== undefined) this.health.callFailed(trunk.id, 'no connection to the trunk');
  }

  /** The target took a call and got nowhere, or did not answer at all. `trunk` as above. */
  silent(target: Target, trunk: TrunkSettings | undefined): void {
    this.#targets.failed(target);
    if (trunk !== undefined) this.health.callFailed(trunk.id, 'no answer');
  }

  /** How an attempt at the target ended. `exhausted`: the trunk, where the target was its last. */
  heard(
    target: Target,
    exhausted: TrunkSettings | undefined,
    trunk: TrunkSettings | undefined,
    end: SessionEnd,
    retryAfterSeconds: number | undefined,
  ): void {
    if (end.by === 'local') return;
    // A 503 after it has rung is the callee's: the trunk itself works.
    if (end.by === 'remote' && (end.answered || end.status !== 503 || !end.retryable)) {
      this.#targets.answered(target);
      if (trunk !== undefined) this.health.callSucceeded(trunk.id);
      return;
    }
    // A fault of an answered call, or one after 100, is no word on whether calls can be made.
    if (end.by === 'fault' && (end.answered || !end.retryable)) return;
    this.#targets.failed(target, retryAfterSeconds);
    const reason =
      end.by === 'remote' ? 'it answers 503' : end.status === 408 ? 'no answer' : 'the connection broke';
    if (exhausted !== undefined) this.health.callFailed(exhausted.id, reason, retryAfterSeconds);
  }

  #follow(trunkId: string, direction: Direction, session: InviteSession, leave: () => void): void {
    const call = this.statistics.offered(trunkId, direction);
    let answered = false;
    // A UAC is answered by the 2xx, a UAS by the ACK to it.
    session.events.on(direction === 'outbound' ? 'accepted' : 'confirmed', () => {
      if (answered) return;
      answered = true;
      call.answered();
    });
    session.events.on('ended', (end) => {
      leave();
      call.ended(failureOf(end));
    });
  }
}

function failureOf({ by, status }: SessionEnd): Failure {
  if (by === 'local' && status === 487) return 'cancelled';
  if (by === 'remote' && status === 487) return 'cancelled';
  if (by === 'fault' && status === 408) return 'no-answer';
  if (status < 400) return '3xx';
  return status < 500 ? '4xx' : status < 600 ? '5xx' : '6xx';
}
