/**
 * What tools made for Voximplant expect of objects beyond what a settings file says of them.
 *
 * - `platform_ids`: the platform API names everything by a number, also sessions, legs and recordings. One table that
 *   gives a number when it is first asked for, rather than an identity column on each table: a call's number is told when
 *   its scenario starts, before its record is written, and nodes that never see such a tool pay nothing. A number is never
 *   given twice; it outlives what it named.
 * - A scenario without an application is shared by all of them (the cloud's shared folder).
 * - `platform_phones`: service numbers that no application holds yet. Bound to one they move to `numbers` under the same
 *   id, so that a call still looks in one place only.
 * - A service account is an API key whose private half never reaches us; its `hash` is no hash of anything.
 * - The account's number is drawn, so that credentials of one installation do not seem to fit another.
 */
export const statements: readonly string[] = [
  `create table platform_ids (
     number bigint generated always as identity (start with 10001) primary key,
     kind text not null,
     ref text not null,
     unique (kind, ref))`,
  `insert into meta (name, value)
     values ('platform.account_id', (1000000 + floor(random() * 8999999))::bigint::text)`,
  `insert into meta (name, value) values ('platform.created', to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'))`,
  `alter table applications add column modified_at timestamptz not null default now()`,
  `alter table rules add column pattern_exclude text not null default ''`,
  `alter table rules add column modified_at timestamptz not null default now()`,
  `alter table scenarios alter column application_id drop not null`,
  `create unique index scenarios_shared on scenarios (name) where application_id is null`,
  `alter table users add column display_name text not null default ''`,
  `alter table users add column custom_data text not null default ''`,
  `alter table users add column active boolean not null default true`,
  `alter table users add column created_at timestamptz not null default now()`,
  `alter table users add column modified_at timestamptz not null default now()`,
  `create table platform_phones (
     id text primary key,
     number_sealed text not null,
     number_index text not null unique,
     created_at timestamptz not null)`,
  `alter table api_keys add column public_key text`,
];
