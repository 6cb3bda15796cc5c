/**
 * The masking service.
 *
 * - `people`: one row for each number of a person in an application, under a token. It is the only place of the masking
 *   service where a number stands, so that erasing somebody is one row, and changing keys is one table.
 * - `masking_slots` decides who may be given which number (PITFALLS row 31): a person has a service number until
 *   `free_after`, the session's end and the cool-off included; a row is taken over only after that. So no sweeper has to run
 *   for a number to become free, and none can free one too early. The lane is '' where a pool forbids sharing, and the
 *   session's id where it allows it. Person `*` is anyone (axn). `ends_at` is the session's end without the cool-off, and
 *   `company` says who met there: the same people may have the number again during their own cool-off. `session_before` had
 *   the slot last, and is closed by whoever takes it over.
 * - Parties outlive the rows that they point to: a person may be erased, and a number may vanish from the settings file while
 *   sessions have it. The sweeper closes those.
 * - What never expires has `expires_at` and `free_after` in the year 9999 (`NEVER`): 'infinity' is read differently by the two
 *   drivers.
 * - A session whose `expires_at` has passed is closed, whether or not a row says so; the sweeper writes it down for the event.
 * - Metadata is the customer's own text: sealed, for people put names into it.
 * - `pull_answers` is a cache: its indexes are there to find it by question, and to erase it by person; when keys change, its
 *   rows may simply go. `backend_secrets` sign what a customer's backend is asked.
 * - `masking_calls` is written at the beginning of each call, so that attempts are counted across nodes. `caller_party_id` is
 *   null for who was no party: whom the first party of an axn session calls back.
 */
export const statements: readonly string[] = [
  `create table number_pools (
     id text primary key,
     application_id text not null references applications on delete cascade,
     name text not null,
     cool_off_seconds integer not null,
     sharing boolean not null,
     unique (application_id, name))`,
  `alter table numbers add column pool_id text references number_pools on delete set null`,
  `alter table numbers add column region text`,
  `alter table numbers add column tags text[] not null default '{}'`,
  `alter table numbers add column status text not null default 'active' check (status in ('active', 'quarantined'))`,
  `alter table numbers add column quarantine_reason text`,
  `create index numbers_pool on numbers (application_id, pool_id, created_at, id) where kind = 'service'`,
  `create table people (
     id text primary key,
     application_id text not null references applications on delete cascade,
     number_sealed text not null,
     number_index text not null,
     created_at timestamptz not null,
     unique (application_id, number_index))`,
  `create table masking_sessions (
     id text primary key,
     application_id text not null references applications on delete cascade,
     external_id text,
     mode text not null check (mode in ('axb', 'axyb', 'axn', 'axg', 'extension')),
     status text not null check (status in ('open', 'closed')),
     closed_reason text,
     rules jsonb not null,
     metadata_sealed text,
     company text not null default '',
     calls integer not null default 0,
     created_at timestamptz not null,
     expires_at timestamptz not null,
     last_call_at timestamptz,
     closed_at timestamptz)`,
  `create unique index masking_sessions_external on masking_sessions (application_id, external_id)
     where status = 'open' and external_id is not null`,
  // Whoever looks an order up by its id means closed sessions, too.
  `create index masking_sessions_by_external on masking_sessions (application_id, external_id, created_at desc, id desc)
     where external_id is not null`,
  `create index masking_sessions_company on masking_sessions (application_id, company) where company <> ''`,
  `create index masking_sessions_list on masking_sessions (application_id, created_at desc, id desc)`,
  `create index masking_sessions_expiry on masking_sessions (expires_at) where status = 'open'`,
  `create table masking_parties (
     id text primary key,
     session_id text not null references masking_sessions on delete cascade,
     position smallint not null,
     person_id text not null,
     number_id text not null,
     role text not null,
     label text not null,
     announcement jsonb,
     extension text,
     unique (session_id, position))`,
  `create index masking_parties_person on masking_parties (person_id, number_id)`,
  `create index masking_parties_extension on masking_parties (person_id, number_id) where extension is not null`,
  `create table masking_slots (
     person_id text not null,
     number_id text not null,
     lane text not null,
     session_id text not null,
     session_before text,
     company text not null default '',
     ends_at timestamptz not null default '9999-12-31T00:00:00Z',
     cool_off_seconds integer not null default 0,
     free_after timestamptz not null,
     primary key (person_id, number_id, lane))`,
  `create index masking_slots_session on masking_slots (session_id)`,
  `create index masking_slots_number on masking_slots (number_id, free_after)`,
  `create table masking_extensions (
     number_id text not null,
     digits text collate "C" not null,
     party_id text not null,
     session_id text not null,
     cool_off_seconds integer not null default 0,
     free_after timestamptz not null,
     primary key (number_id, digits))`,
  `create index masking_extensions_session on masking_extensions (session_id)`,
  `create table masking_calls (
     id text primary key,
     application_id text not null,
     session_id text,
     scenario_session_id text not null,
     node text not null,
     caller text not null,
     callee text not null,
     caller_party_id text,
     started_at timestamptz not null,
     answered_at timestamptz,
     ended_at timestamptz,
     seconds integer,
     status integer)`,
  `create index masking_calls_attempts on masking_calls (caller, callee, started_at)`,
  `create index masking_calls_session on masking_calls (session_id, started_at desc) where session_id is not null`,
  `create index masking_calls_scenario on masking_calls (scenario_session_id) where session_id is not null`,
  `create index masking_calls_open on masking_calls (node) where ended_at is null`,
  `create table masking_blocks (
     id text primary key,
     application_id text not null references applications on delete cascade,
     person_id text not null references people on delete cascade,
     counterpart_id text references people on delete cascade,
     direction text not null check (direction in ('from', 'to', 'both')),
     by_whom text not null check (by_whom in ('application', 'party')),
     reason text not null,
     created_at timestamptz not null,
     expires_at timestamptz)`,
  `create index masking_blocks_person on masking_blocks (person_id)`,
  `create index masking_blocks_counterpart on masking_blocks (counterpart_id) where counterpart_id is not null`,
  `create table masking_policies (
     application_id text primary key references applications on delete cascade,
     policy jsonb not null)`,
  `create table pull_answers (
     application_id text not null references applications on delete cascade,
     question_index text not null,
     caller_index text not null,
     callee_index text not null,
     answer_sealed text not null,
     fetched_at timestamptz not null,
     primary key (application_id, question_index))`,
  `create index pull_answers_caller on pull_answers (caller_index)`,
  `create index pull_answers_callee on pull_answers (callee_index)`,
  `create index pull_answers_age on pull_answers (fetched_at)`,
  `create table backend_secrets (
     application_id text primary key references applications on delete cascade,
     secrets_sealed text not null,
     rotated_at timestamptz)`,
];
