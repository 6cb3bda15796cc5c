import type { Kysely } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { SqlBackendSecretStore } from './backend-secret-store.ts';
import type { Directory } from './directory.ts';
import { SqlMaskedCalls } from './masked-calls.ts';
import { SqlBlocks } from './masking-blocks.ts';
import { SqlCounterparts } from './masking-counterpart.ts';
import { countOpenSessions } from './masking-counts.ts';
import { SqlPools } from './masking-pools.ts';
import { SqlResolutionStore } from './masking-resolution-store.ts';
import { SqlMaskingSessions } from './masking-session-store.ts';
import type { MaskingTools } from './masking-tools.ts';
import { SqlPullAnswerStore } from './pull-answer-store.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** What the masking service keeps. */
export interface MaskingStorage {
  readonly sessions: SqlMaskingSessions;
  readonly pools: SqlPools;
  readonly blocks: SqlBlocks;
  readonly calls: SqlMaskedCalls;
  /** Who is meant by a call, and the policies. */
  readonly resolution: SqlResolutionStore;
  readonly counterparts: SqlCounterparts;
  /** Live sessions of all applications; a tenth of a second where there are a million. */
  countOpen(): Promise<number>;
  /** Of customers' backends: what they answered, and with what they are asked. */
  readonly answers: SqlPullAnswerStore;
  readonly secrets: SqlBackendSecretStore;
}

export function openMaskingStorage(
  db: Kysely<Schema>,
  options: {
    readonly vault: Vault;
    readonly random: Random;
    readonly clock: Clock;
    readonly directory: Directory;
    readonly node: string;
    /** Tells this node that there may be new events. */
    readonly ring: () => void;
  },
): MaskingStorage {
  const { directory, node, ...given } = options;
  const tools: MaskingTools = {
    ...given,
    serviceNumbers: (applicationId) =>
      directory.snapshot.numbers.filter(
        (entry) => entry.kind === 'service' && entry.applicationId === applicationId,
      ),
  };
  return {
    sessions: new SqlMaskingSessions(db, tools),
    pools: new SqlPools(db, tools, () => directory.refresh()),
    blocks: new SqlBlocks(db, tools),
    calls: new SqlMaskedCalls(db, tools, node),
    resolution: new SqlResolutionStore(db, given),
    counterparts: new SqlCounterparts(db),
    countOpen: () => countOpenSessions(db, given.clock),
    answers: new SqlPullAnswerStore(db, given),
    secrets: new SqlBackendSecretStore(db, given),
  };
}
