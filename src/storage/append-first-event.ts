import { type Kysely, sql } from 'kysely';
import type { NewEvent } from '../events/types.ts';
import type { Random } from '../kernel/random.ts';
import { cleanJson } from './clean-json.ts';
import { QUEUE_DELIVERIES } from './queue-deliveries.ts';
import type { Schema } from './schema.ts';

/**
 * Writes the first event of a subject that this transaction makes, as `appendEvents` does, for whom a millisecond matters:
 * nobody else can have appended to it, so that there is nothing to lock, to number or to find again, and planning the
 * statement takes a fraction of the time.
 */
export async function appendFirstEvent(trx: Kysely<Schema>, random: Random, event: NewEvent): Promise<void> {
  const { applicationId, subject, type, at, data } = event;
  await sql`
    with added as (
      insert into events (id, application_id, subject, position, type, at, data)
      values (${event.id ?? `evt_${random.uuid()}`}, ${applicationId}, ${subject}, 1, ${type}, ${new Date(at)},
              ${JSON.stringify(cleanJson(data))}::jsonb)
      returning seq, application_id, subject, type)
    ${QUEUE_DELIVERIES}`.execute(trx);
}
