/**
 * What an application may dial, the counters of that which nodes share, and SIP traces.
 *
 * - Leases end by the database's clock (`clock_timestamp()`): nodes' clocks differ.
 * - A trace row is what a node wrote at once for one leg, sealed as a whole.
 */
export const statements: readonly string[] = [
  `alter table applications add column fence jsonb not null default '{}'`,
  `create table fence_leases (
     application_id text not null,
     unit text not null check (unit in ('concurrent', 'minute')),
     instance text not null,
     node text not null,
     units integer not null,
     needed integer not null,
     expires_at timestamptz not null,
     primary key (application_id, unit, instance))`,
  `create table fence_days (
     application_id text not null,
     day date not null,
     seconds double precision not null,
     primary key (application_id, day))`,
  `create table call_traces (
     id text primary key,
     session_id text not null,
     leg_id text not null,
     at timestamptz not null,
     bytes integer not null,
     sealed text not null)`,
  `create index call_traces_session on call_traces (session_id, at)`,
  `create index call_traces_age on call_traces (at)`,
];
