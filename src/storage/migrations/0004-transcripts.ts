/**
 * Recordings that are to be recognised, and how far that is. A row is written when the recording begins: whatever is
 * not finished after a kill goes on at the next start. What was said is in a file beside the recording and not here.
 */
export const statements: readonly string[] = [
  `create table transcripts (
     recording_id text primary key,
     node text not null,
     language text not null,
     phrases jsonb not null,
     status text not null check (status in ('waiting', 'complete', 'failed')),
     attempts integer not null,
     error text,
     updated_at timestamptz not null)`,
  `create index transcripts_open on transcripts (node) where status = 'waiting'`,
];
