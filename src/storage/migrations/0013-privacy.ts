/**
 * Who saw which numbers, and what was erased.
 *
 * - `audit_log` names what was shown by token or record id, never by number: it must not become a second copy.
 * - A receipt of an erasure says how much of what was removed; of whom it says nothing that leads back to a number.
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
  `create table erasures (
     id text primary key,
     application_id text,
     at timestamptz not null,
     actor text not null,
     removed jsonb not null)`,
];
