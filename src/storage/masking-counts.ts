import { type Kysely, sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Schema } from './schema.ts';

/** How many masking sessions are live, of all applications. Along the index of those that are open. */
export async function countOpenSessions(db: Kysely<Schema>, clock: Clock): Promise<number> {
  const { rows } = await sql<{ readonly open: string | number }>`
    select count(*) as open from masking_sessions
     where status = 'open' and expires_at > ${new Date(clock.now())}`.execute(db);
  return Number(rows[0]?.open ?? 0);
}
