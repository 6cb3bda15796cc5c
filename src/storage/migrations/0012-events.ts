/**
 * The event log, and webhooks.
 *
 * - `xid` is the transaction that wrote the event, or a later one in front of it in its subject. Sequence numbers alone are no order to read by: a transaction that began
 *   earlier may become visible later, and its events would be missed. Readers take events of transactions below the oldest
 *   running one (`pg_snapshot_xmin`), by (xid, seq); after that nothing can come before what was read.
 * - `position` is the order within a subject; whoever appends holds the subject's row, and the unique index is the proof.
 * - A delivery is inserted with its event, in one transaction: that is the outbox. Its times are the database's: nodes' clocks
 *   may differ. While one waits for its next attempt, those of the same webhook and subject behind it wait for the same time,
 *   so that looking for what is due does not pass over them again and again.
 * - An endpoint that fails again and again is left alone until `paused_until`, by all nodes.
 */
export const statements: readonly string[] = [
  `create table events (
     seq bigint generated always as identity primary key,
     xid xid8 not null default pg_current_xact_id(),
     id text not null unique,
     application_id text not null,
     subject text not null,
     position integer not null,
     type text not null,
     at timestamptz not null,
     data jsonb not null,
     unique (subject, position))`,
  `create index events_order on events (xid, seq)`,
  `create index events_application on events (application_id, xid, seq)`,
  `create table webhooks (
     id text primary key,
     application_id text not null references applications on delete cascade,
     url text not null,
     secrets_sealed text not null,
     types text[] not null default '{}',
     enabled boolean not null default true,
     created_at timestamptz not null,
     failures integer not null default 0,
     paused_until timestamptz)`,
  `create index webhooks_application on webhooks (application_id)`,
  `create table webhook_deliveries (
     id bigint generated always as identity primary key,
     webhook_id text not null references webhooks on delete cascade,
     event_seq bigint not null references events on delete cascade,
     subject text not null,
     state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
     attempts integer not null default 0,
     next_at timestamptz,
     claim text,
     lease_until timestamptz,
     last_attempt_at timestamptz,
     last_status integer,
     last_error text,
     created_at timestamptz not null)`,
  `create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_at, id) where state = 'waiting'`,
  `create index webhook_deliveries_age on webhook_deliveries (created_at) where state = 'waiting'`,
  `create index webhook_deliveries_order on webhook_deliveries (webhook_id, subject, id) where state = 'waiting'`,
  `create index webhook_deliveries_event on webhook_deliveries (event_seq)`,
  `create index webhook_deliveries_list on webhook_deliveries (webhook_id, id desc)`,
];
