import type { ColumnType, Generated } from 'kysely';
import type { CallListStatus, CallWindow } from '../dialler/ports.ts';
import type { ClosedReason, SessionMode } from '../masking/types.ts';
import type { Binding } from '../sip/user-agent/types.ts';
import type { Defaulted, JsonColumn, Timestamp } from './schema-columns.ts';
import type { EventTables } from './schema-events.ts';

/**
 * The tables as Kysely sees them; `migrations/` makes them. Columns that end in `_sealed` hold what `vault.ts` wrote,
 * columns that end in `_index` a blind index for look-ups by equality.
 */
export interface Schema extends EventTables {
  meta: { name: string; value: string };
  applications: {
    id: string;
    name: string;
    provenance: Provenance;
    fence: ColumnType<Record<string, unknown>, string | undefined, string>;
    modified_at: Defaulted<Date>;
  };
  fence_leases: {
    application_id: string;
    unit: 'concurrent' | 'minute';
    instance: string;
    node: string;
    units: number;
    needed: number;
    expires_at: Timestamp;
  };
  fence_days: { application_id: string; day: string; seconds: number };
  call_traces: {
    id: string;
    session_id: string;
    leg_id: string;
    at: Timestamp;
    bytes: number;
    sealed: string;
  };
  event_logs: { session_id: string; at: Timestamp; bytes: number; sealed: string };
  scenarios: {
    id: string;
    /** Null: shared by all applications. */
    application_id: string | null;
    name: string;
    source: string;
    provenance: Provenance;
    updated_at: Timestamp;
  };
  rules: {
    id: string;
    application_id: string;
    name: string;
    position: number;
    pattern: string;
    custom_data: string;
    provenance: Provenance;
    pattern_exclude: Defaulted<string>;
    modified_at: Defaulted<Date>;
  };
  rule_scenarios: { rule_id: string; position: number; scenario_id: string };
  numbers: {
    id: string;
    application_id: string;
    kind: NumberKind;
    number_sealed: string;
    number_index: string;
    label: string;
    provenance: Provenance;
    created_at: Timestamp;
    pool_id: Defaulted<string | null>;
    region: Defaulted<string | null>;
    tags: Defaulted<string[]>;
    status: Defaulted<'active' | 'quarantined'>;
    quarantine_reason: Defaulted<string | null>;
  };
  number_pools: {
    id: string;
    application_id: string;
    name: string;
    cool_off_seconds: number;
    sharing: boolean;
  };
  people: {
    id: string;
    application_id: string;
    number_sealed: string;
    number_index: string;
    created_at: Timestamp;
  };
  masking_sessions: {
    id: string;
    application_id: string;
    external_id: string | null;
    mode: SessionMode;
    status: 'open' | 'closed';
    closed_reason: ClosedReason | null;
    rules: JsonColumn;
    metadata_sealed: string | null;
    company: Defaulted<string>;
    calls: Defaulted<number>;
    created_at: Timestamp;
    expires_at: Timestamp;
    last_call_at: Timestamp | null;
    closed_at: Timestamp | null;
  };
  masking_parties: {
    id: string;
    session_id: string;
    position: number;
    person_id: string;
    number_id: string;
    role: string;
    label: string;
    announcement: JsonColumn | null;
    extension: string | null;
  };
  masking_slots: {
    person_id: string;
    number_id: string;
    lane: string;
    session_id: string;
    session_before: Defaulted<string | null>;
    company: Defaulted<string>;
    ends_at: ColumnType<Date, Date | string | undefined, Date | string>;
    cool_off_seconds: Defaulted<number>;
    free_after: Timestamp;
  };
  masking_extensions: {
    number_id: string;
    digits: string;
    party_id: string;
    session_id: string;
    cool_off_seconds: Defaulted<number>;
    free_after: Timestamp;
  };
  masking_calls: {
    id: string;
    application_id: string;
    session_id: string | null;
    scenario_session_id: string;
    node: string;
    caller: string;
    callee: string;
    caller_party_id: string | null;
    started_at: Timestamp;
    answered_at: Timestamp | null;
    ended_at: Timestamp | null;
    seconds: number | null;
    status: number | null;
  };
  masking_blocks: {
    id: string;
    application_id: string;
    person_id: string;
    counterpart_id: string | null;
    direction: 'from' | 'to' | 'both';
    by_whom: 'application' | 'party';
    reason: string;
    created_at: Timestamp;
    expires_at: Timestamp | null;
  };
  masking_policies: { application_id: string; policy: JsonColumn };
  pull_answers: {
    application_id: string;
    question_index: string;
    caller_index: string;
    callee_index: string;
    answer_sealed: string;
    fetched_at: Timestamp;
  };
  backend_secrets: { application_id: string; secrets_sealed: string; rotated_at: Timestamp | null };
  audit_log: {
    id: Generated<number>;
    at: Timestamp;
    actor: string;
    action: string;
    application_id: string | null;
    subject: string;
    detail: JsonColumn;
  };
  erasures: {
    id: string;
    application_id: string | null;
    at: Timestamp;
    actor: string;
    status: 'running' | 'complete';
    number_sealed: string | null;
    removed: JsonColumn;
    kept: ColumnType<Record<string, unknown>, string | undefined, string>;
    search: ColumnType<Record<string, unknown>, string | undefined, string>;
    searched_until: Defaulted<Date | null>;
    finished_at: Timestamp | null;
  };
  file_removals: {
    id: Generated<number>;
    node: string;
    path: string;
    what: 'recording' | 'transcript' | 'words';
    erasure_id: string | null;
    at: Timestamp;
  };
  key_holders: { instance: string; keys: string[]; current: string; seen_at: Timestamp };
  trunks: {
    id: string;
    name: string;
    settings: JsonColumn;
    secrets_sealed: string;
    provenance: Provenance;
  };
  users: {
    id: string;
    application_id: string;
    username: string;
    ha1_sealed: string;
    number_sealed: string | null;
    number_index: string | null;
    provenance: Provenance;
    display_name: Defaulted<string>;
    custom_data: Defaulted<string>;
    active: Defaulted<boolean>;
    created_at: Defaulted<Date>;
    modified_at: Defaulted<Date>;
  };
  registrations: {
    user_id: string;
    contact_index: string;
    contact_sealed: string;
    transport: Binding['source']['transport'];
    host: string;
    port: number;
    call_id: string;
    cseq: number;
    expires_at: Timestamp;
    q: number;
  };
  call_records: {
    id: string;
    node: string;
    application_id: string | null;
    rule_name: string | null;
    scenario: string | null;
    status: string;
    started_at: Timestamp;
    ended_at: Timestamp | null;
    reason: string | null;
    error: string | null;
  };
  call_legs: {
    call_id: string;
    session_id: string;
    seq: Generated<number>;
    incoming: boolean;
    callerid_sealed: string;
    callerid_index: string;
    number_sealed: string;
    number_index: string;
    started_at: Timestamp;
    ringing_at: Timestamp | null;
    answered_at: Timestamp | null;
    ended_at: Timestamp | null;
    duration_seconds: number;
    code: number | null;
    reason: string | null;
    ended_by: string | null;
    media: JsonColumn | null;
  };
  call_events: {
    session_id: string;
    position: number;
    at: Timestamp;
    call_id: string | null;
    name: string;
    detail: JsonColumn;
  };
  recordings: {
    recording_id: string;
    session_id: string;
    call_id: string;
    path: string;
    channels: number;
    started_at: Timestamp;
    status: string;
    seconds: number | null;
    bytes: number | null;
    error: string | null;
    name: string | null;
    keep_until: Timestamp | null;
  };
  transcripts: {
    recording_id: string;
    node: string;
    language: string;
    phrases: JsonColumn;
    status: string;
    attempts: number;
    error: string | null;
    updated_at: Timestamp;
  };
  api_keys: {
    id: string;
    name: string;
    prefix: string;
    hash: string;
    scopes: string[];
    application_id: string | null;
    created_at: Timestamp;
    revoked_at: Timestamp | null;
    /** SPKI, PEM; of a service account. */
    public_key: ColumnType<string | null, string | undefined, never>;
  };
  platform_ids: { number: Generated<number>; kind: string; ref: string };
  platform_phones: { id: string; number_sealed: string; number_index: string; created_at: Timestamp };
  app_storage: {
    application_id: string;
    key_index: string;
    namespace_index: string;
    key_sealed: string;
    value_sealed: string;
    expires_at: Timestamp;
  };
  call_lists: {
    id: Generated<number>;
    application_id: string;
    rule_id: string;
    name: string;
    priority: number;
    max_simultaneous: number;
    num_attempts: number;
    interval_seconds: number;
    start_at: Timestamp | null;
    strategy: 'first_attempts' | 'repeated_attempts';
    time_zone: string;
    windows: ColumnType<readonly CallWindow[], string, string>;
    custom_data: string;
    columns: ColumnType<readonly string[], string, string>;
    status: CallListStatus;
    submitted_at: Timestamp;
    completed_at: Timestamp | null;
  };
  call_list_tasks: {
    id: Generated<number>;
    list_id: number;
    uuid: string;
    batch_id: string;
    status: number;
    attempts_left: number;
    attempts: Generated<number>;
    priority: number;
    not_before: Timestamp;
    windows: ColumnType<readonly CallWindow[], string, string>;
    custom_data_sealed: string;
    result_sealed: string | null;
    last_attempt_at: Timestamp | null;
    session_id: string | null;
    claim: string | null;
    node: string | null;
    instance: string | null;
    lease_until: Timestamp | null;
    begun: Generated<boolean>;
    canceled: Generated<boolean>;
    report_sealed: string | null;
  };
  idempotency_keys: {
    api_key_id: string;
    key_hash: string;
    request_hash: string;
    status: number | null;
    /** JSON. */
    body_sealed: string | null;
    created_at: Timestamp;
  };
}

export type Provenance = 'settings' | 'api';
export type NumberKind = 'service' | 'verified';
