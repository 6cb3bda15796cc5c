/**
 * What the API needs of what is stored; `storage` implements it. Failures of the directory carry a `code` of
 * `storage/errors.ts` (`entry/conflict`, `entry/in-use`, `entry/declared`, `entry/unknown`, `entry/invalid`), which
 * `problems.ts` turns into answers.
 */
import type { PhoneNumber } from '../kernel/phone-number.ts';

/** What a key may do. A closed list; `docs/reference/http.md` explains each. */
export const SCOPES = [
  'calls:read',
  'traces:read',
  'recordings:read',
  'numbers:read',
  'numbers:write',
  'scenarios:read',
  'scenarios:write',
  'scenarios:start',
  'trunks:read',
  'users:read',
  'users:write',
  'applications:write',
  'storage:read',
  'storage:write',
  'call-lists:read',
  'call-lists:write',
  'sessions:read',
  'sessions:write',
  'policy:read',
  'policy:write',
  'events:read',
  'webhooks:write',
  'people:write',
  'audit:read',
  'metrics:read',
  'node:write',
  'keys:write',
] as const;

export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** The first characters, to recognise a key by. */
  readonly prefix: string;
  readonly scopes: readonly Scope[];
  /** The only application whose things the key sees; undefined: all of them. */
  readonly applicationId: string | undefined;
  readonly createdAt: number;
  readonly revokedAt: number | undefined;
}

export interface ApiKeys {
  /** The live key that this secret belongs to. */
  find(secret: string): Promise<ApiKey | undefined>;
  /** The secret is shown here and never again. Rejects with `entry/unknown` when there is no such application. */
  create(options: {
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly applicationId: string | undefined;
  }): Promise<{ readonly key: ApiKey; readonly secret: string }>;
  /** A key that has no secret: its owner signs tokens instead. Rejects as `create`. */
  createServiceAccount(options: {
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly applicationId: string | undefined;
    /** SPKI, PEM; RSA of at least 2048 bits. */
    readonly publicKey: string;
  }): Promise<ApiKey>;
  /** The live service account of that key id. */
  findServiceAccount(keyId: string): Promise<ServiceAccount | undefined>;
  /** All of them, revoked ones too. */
  list(): Promise<readonly ApiKey[]>;
  /** Whether there was such a live key. */
  revoke(id: string): Promise<boolean>;
}

/** The public half of a service account's key; the private half signs tokens (RFC 7519) and never comes here. */
export interface ServiceAccount {
  readonly key: ApiKey;
  /** SPKI, PEM. */
  readonly publicKey: string;
}

/** What an earlier request with the same Idempotency-Key led to. */
export type Replay =
  /** None: this request holds the key now and must `finish` or `release` it. */
  | { readonly kind: 'first' }
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  /** The earlier one has not finished, or its process died: what it did is not known. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'other-request' };

export interface IdempotencyStore {
  begin(apiKeyId: string, key: string, requestHash: string): Promise<Replay>;
  finish(
    apiKeyId: string,
    key: string,
    answer: { readonly status: number; readonly body: unknown },
  ): Promise<void>;
  /** Forgets the key: the request did nothing, and may be sent again. */
  release(apiKeyId: string, key: string): Promise<void>;
}

/** What is written to the audit log. A closed list; `docs/guide/privacy.md` explains each. */
export const AUDIT_ACTIONS = [
  'numbers.shown',
  'person.erased',
  'data-key.rotated',
  'policy.changed',
  'webhook.secret-shown',
  'backend.secret-shown',
  'key.created',
  'key.revoked',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Who did or saw what. Holds no number: subjects are ids and tokens. */
export interface AuditEntry {
  /** ms since the epoch. */
  readonly at: number;
  /** Id of an API key, or `cli`. */
  readonly actor: string;
  readonly action: AuditAction;
  readonly applicationId: string | undefined;
  /** Id of what it was done to; empty: a list. */
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AuditLog {
  /** Resolves when it is in the database. */
  write(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(
    filter: {
      /** Undefined: all. */
      readonly applicationId: string | undefined;
      readonly action?: AuditAction;
      readonly actor?: string;
      /** ms since the epoch, both inclusive. */
      readonly from?: number;
      readonly to?: number;
    },
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{
    readonly items: readonly (AuditEntry & { readonly id: string })[];
    readonly next: string | undefined;
  }>;
}

export interface NumberEntry {
  readonly id: string;
  readonly applicationId: string;
  readonly kind: 'service' | 'verified';
  readonly number: PhoneNumber;
  readonly label: string;
  /** Declared in the settings file: the API cannot change it. */
  readonly declared: boolean;
}

export interface ScenarioEntry {
  readonly applicationId: string;
  readonly name: string;
  readonly source: string;
  readonly declared: boolean;
  readonly updatedAt: number;
}

export interface ApplicationEntry {
  readonly id: string;
  readonly name: string;
  readonly declared: boolean;
}

/** A trunk without its secrets. */
export interface TrunkEntry {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly register: boolean;
  readonly prefixes: readonly string[];
  readonly priority: number;
}

export interface UserEntry {
  readonly id: string;
  readonly username: string;
  readonly applicationId: string;
  readonly number: PhoneNumber | undefined;
  /** Live registrations. */
  readonly registered: number;
}

/** Lists come from memory; writes reach the database and this node's memory before they resolve. */
export interface AdminStore {
  applications(): readonly ApplicationEntry[];
  numbers(applicationId?: string): readonly NumberEntry[];
  scenarios(applicationId?: string): readonly ScenarioEntry[];
  trunks(): readonly TrunkEntry[];
  users(applicationId?: string): Promise<readonly UserEntry[]>;
  /** Rejects with `entry/conflict` when the number is held already, by whichever application. */
  addNumber(entry: {
    readonly applicationId: string;
    readonly kind: 'service' | 'verified';
    readonly number: PhoneNumber;
    readonly label: string;
  }): Promise<NumberEntry>;
  removeNumber(id: string): Promise<void>;
  putScenario(
    applicationId: string,
    name: string,
    source: string,
  ): Promise<'created' | 'updated' | 'unchanged'>;
  removeScenario(applicationId: string, name: string): Promise<void>;
}
