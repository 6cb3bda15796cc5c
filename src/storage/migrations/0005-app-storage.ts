/**
 * The key-value storage of applications. Scripts use telephone numbers as keys and as values: both are sealed, and keys
 * and their namespaces are found by blind indexes.
 */
export const statements: readonly string[] = [
  `create table app_storage (
     application_id text not null references applications on delete cascade,
     key_index text not null,
     namespace_index text not null,
     key_sealed text not null,
     value_sealed text not null,
     expires_at timestamptz not null,
     primary key (application_id, key_index))`,
  `create index app_storage_namespace on app_storage (application_id, namespace_index, key_index)`,
  `create index app_storage_expiry on app_storage (expires_at)`,
];
