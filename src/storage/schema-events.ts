import type { Generated } from 'kysely';
import type { Defaulted, JsonColumn, Timestamp } from './schema-columns.ts';

/** The event log, webhooks and their outbox; `migrations/0012-events.ts` makes them. */
export interface EventTables {
  events: {
    seq: Generated<number>;
    xid: Generated<string>;
    id: string;
    application_id: string;
    subject: string;
    position: number;
    type: string;
    at: Timestamp;
    data: JsonColumn;
  };
  webhooks: {
    id: string;
    application_id: string;
    url: string;
    secrets_sealed: string;
    types: string[];
    enabled: Defaulted<boolean>;
    created_at: Timestamp;
    failures: Defaulted<number>;
    paused_until: Defaulted<Date | null>;
  };
  webhook_deliveries: {
    id: Generated<number>;
    webhook_id: string;
    event_seq: number;
    subject: string;
    state: Defaulted<'waiting' | 'delivered' | 'failed'>;
    attempts: Defaulted<number>;
    next_at: Timestamp | null;
    claim: string | null;
    lease_until: Timestamp | null;
    last_attempt_at: Timestamp | null;
    last_status: number | null;
    last_error: string | null;
    created_at: Timestamp;
  };
}
