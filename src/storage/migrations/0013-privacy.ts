/**
 * Who saw which numbers, what was erased, what is to be deleted, and which nodes hold which keys.
 *
 * - `audit_log` names what was shown by token or record id, never by number: it must not become a second copy.
 * - A receipt of an erasure says how much of what was removed; of whom it says nothing that leads back to a number. While the
 *   erasure runs, the number is there, sealed, so that a process that is killed can go on; with the last step it is gone.
 *   `search` says how far the tables are looked through for it, `kept` where it stands in settings.
 * - Rows go before files: a file that is to be deleted is written down in the transaction that removes its row, for the node
 *   that has it. So no row names a file that is gone, and no kill leaves a file that nobody deletes.
 *   `words` are transcripts of that node that are to be read for the number of an erasure; the path says how far it is.
 * - `key_holders`: a new key may seal only when every process that uses the database can open it.
 * - An answer that is kept for its Idempotency-Key may hold numbers: it is sealed.
 */
export const statements: readonly string[] = [
  `create table audit_log (
     id bigint generated always as identity primary key,
     at timestamptz not null,
     actor text not null,
     action text not null,
     application_id text,
     subject text not null,
     detail jsonb not null)`,
  `create index audit_log_at on audit_log (at)`,
  `create index audit_log_application on audit_log (application_id, id)`,
  `create table erasures (
     id text primary key,
     application_id text,
     at timestamptz not null,
     actor text not null,
     status text not null check (status in ('running', 'complete')),
     number_sealed text,
     removed jsonb not null,
     kept jsonb not null default '{}',
     search jsonb not null default '{}',
     searched_until timestamptz,
     finished_at timestamptz,
     check ((status = 'complete') = (number_sealed is null)))`,
  `create index erasures_running on erasures (at) where status = 'running'`,
  `create table file_removals (
     id bigint generated always as identity primary key,
     node text not null,
     path text not null,
     what text not null check (what in ('recording', 'transcript', 'words')),
     erasure_id text,
     at timestamptz not null)`,
  `create index file_removals_node on file_removals (node, id)`,
  `create index file_removals_erasure on file_removals (erasure_id) where erasure_id is not null`,
  `create table key_holders (
     instance text primary key,
     keys text[] not null,
     current text not null,
     seen_at timestamptz not null)`,
  `alter table idempotency_keys drop column body`,
  `alter table idempotency_keys add column body_sealed text`,
  `delete from idempotency_keys`,
  `create index recordings_age on recordings (started_at)`,
  `create index recordings_keep on recordings (keep_until) where keep_until is not null`,
  `create index transcripts_age on transcripts (updated_at)`,
  `create index masking_calls_callee on masking_calls (callee)`,
  `create index masking_sessions_closed on masking_sessions (closed_at) where status = 'closed'`,
  `create index masking_calls_age on masking_calls (started_at)`,
  `create index people_age on people (created_at)`,
  `create index events_age on events (at)`,
];
