import type { Clock } from '../kernel/clock.ts';
import type { Emitter } from '../kernel/emitter.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import type { ScenarioSessionEvents, StartRequest } from '../scenario/ports.ts';
import type { CallListStore, RuleDirectory } from './ports.ts';

export interface DiallerOptions {
  readonly store: CallListStore;
  readonly rules: RuleDirectory;
  /** Sessions of this node. */
  readonly sessions: {
    start(request: StartRequest): Promise<{ readonly sessionId: string }>;
    /** Ends a session, if it runs. */
    end(sessionId: string, reason: string): void;
    readonly observers: Emitter<ScenarioSessionEvents>;
  };
  /** False while the node takes no new calls. */
  readonly accepts: () => boolean;
  /** Name of the node. */
  readonly node: string;
  /** Tasks that this node runs at once; 0: none. */
  readonly simultaneous: number;
  /** Default 180: a database may be away for about as long before calls have to be ended. */
  readonly leaseSeconds?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}
