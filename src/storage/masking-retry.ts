import type { Kysely, Transaction } from 'kysely';
import { sqlState } from './errors.ts';
import type { MaskingTools } from './masking-tools.ts';
import type { Schema } from './schema.ts';

/** deadlock_detected and serialization_failure (PostgreSQL appendix A): nothing was written, and trying again may do it. */
const AGAIN = new Set(['40P01', '40001']);
const MOST = 10;

/** Runs a change in a transaction of its own, again when it met another one head on, and rings for its events. */
export async function inTransaction<T>(
  db: Kysely<Schema>,
  tools: Pick<MaskingTools, 'ring'>,
  change: (trx: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const result = await db.transaction().execute(change);
      tools.ring();
      return result;
    } catch (error) {
      if (attempt >= MOST || !AGAIN.has(sqlState(error) ?? '')) throw error;
    }
  }
}

/** The constraint that a row would have broken (23505, unique_violation), on either driver. */
export function brokenConstraint(error: unknown): string | undefined {
  if (sqlState(error) !== '23505') return undefined;
  const { constraint } = error as { constraint?: unknown };
  return typeof constraint === 'string' ? constraint : undefined;
}
