import { sql } from 'kysely';

/**
 * The outbox, for the statement that writes events: deliveries of the CTE `added` (`seq`, `application_id`, `subject`, `type`) to
 * the webhooks that want them, in one transaction with them.
 */
export const QUEUE_DELIVERIES = sql`
      insert into webhook_deliveries (webhook_id, event_seq, subject, next_at, created_at)
      select w.id, added.seq, added.subject, now(), now()
        from added join webhooks w on w.application_id = added.application_id and w.enabled
         and (cardinality(w.types) = 0 or added.type = any (w.types))
       order by added.seq`;
