/** What scenario sessions were told and did, for running them again: one row per session, sealed as a whole. */
export const statements: readonly string[] = [
  `create table event_logs (
     session_id text primary key,
     at timestamptz not null,
     bytes integer not null,
     sealed text not null)`,
  `create index event_logs_age on event_logs (at)`,
];
