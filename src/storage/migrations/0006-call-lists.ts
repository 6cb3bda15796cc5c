/**
 * Call lists and their tasks.
 *
 * - A row of a list holds telephone numbers, and so may what a script reports: both are sealed.
 * - Statuses of tasks are the numbers of voximplant.com/docs/references/httpapi/calllistdetailtype: 0 New,
 *   1 In progress, 2 Processed, 3 Error, 4 Canceled.
 * - A task In progress is leased to a node until `lease_until` by the database's clock; only the holder of `claim` may
 *   write its outcome. `begun` says that its session may have started, `report_sealed` what its script has said so far.
 */
export const statements: readonly string[] = [
  `create table call_lists (
     id bigint generated always as identity primary key,
     application_id text not null references applications on delete cascade,
     rule_id text not null,
     name text not null,
     priority bigint not null,
     max_simultaneous integer not null,
     num_attempts integer not null,
     interval_seconds integer not null,
     start_at timestamptz,
     strategy text not null check (strategy in ('first_attempts', 'repeated_attempts')),
     time_zone text not null,
     windows jsonb not null,
     custom_data text not null,
     columns jsonb not null,
     status text not null check (status in ('In progress', 'Completed', 'Canceled')),
     submitted_at timestamptz not null,
     completed_at timestamptz)`,
  `create index call_lists_open on call_lists (priority, id) where status = 'In progress'`,
  `create index call_lists_application on call_lists (application_id, id desc)`,
  `create table call_list_tasks (
     id bigint generated always as identity primary key,
     list_id bigint not null references call_lists on delete cascade,
     uuid text not null,
     batch_id text not null,
     status smallint not null check (status between 0 and 4),
     attempts_left integer not null,
     attempts integer not null default 0,
     priority integer not null,
     not_before timestamptz not null,
     windows jsonb not null,
     custom_data_sealed text not null,
     result_sealed text,
     last_attempt_at timestamptz,
     session_id text,
     claim text,
     node text,
     instance text,
     lease_until timestamptz,
     begun boolean not null default false,
     canceled boolean not null default false,
     report_sealed text,
     unique (list_id, uuid))`,
  `create index call_list_tasks_due on call_list_tasks (list_id, priority, id) where status = 0`,
  `create index call_list_tasks_running on call_list_tasks (list_id) where status = 1`,
  `create index call_list_tasks_leases on call_list_tasks (lease_until) where status = 1`,
];
