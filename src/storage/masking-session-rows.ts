import { type Kysely, type Selectable, sql } from 'kysely';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { Announcement, MaskingSession, Party, SessionRules, SessionStatus } from '../masking/types.ts';
import { METADATA_PLACE, PERSON_PLACE, timeOf } from './masking-tools.ts';
import type { Schema } from './schema.ts';
import { NUMBER_PLACE } from './snapshot.ts';
import type { Vault } from './vault.ts';

export type SessionRow = Selectable<Schema['masking_sessions']> & { readonly in_call: boolean };

interface PartyRow {
  readonly id: string;
  readonly session_id: string;
  readonly person_id: string;
  readonly person_sealed: string | null;
  readonly number_id: string;
  readonly number_sealed: string | null;
  readonly role: string;
  readonly label: string;
  readonly announcement: Announcement | null;
  readonly extension: string | null;
}

/** Whether a call of the session of that row (`masking_sessions`) is up. */
export const inCall = sql<boolean>`exists (
  select from masking_calls c where c.session_id = masking_sessions.id and c.ended_at is null)`;

/** Adds the parties, with one query for the whole page. In the order of the rows. */
export async function readSessions(
  db: Kysely<Schema>,
  vault: Vault,
  rows: readonly SessionRow[],
  now: Date,
): Promise<MaskingSession[]> {
  if (rows.length === 0) return [];
  const parties: PartyRow[] = await db
    .selectFrom('masking_parties as p')
    .leftJoin('people', 'people.id', 'p.person_id')
    .leftJoin('numbers', 'numbers.id', 'p.number_id')
    .where(
      'p.session_id',
      'in',
      rows.map((row) => row.id),
    )
    .orderBy('p.position')
    .select(['p.id', 'p.session_id', 'p.person_id', 'people.number_sealed as person_sealed', 'p.number_id'])
    .select(['numbers.number_sealed', 'p.role', 'p.label', 'p.extension'])
    .select(sql<Announcement | null>`p.announcement`.as('announcement'))
    .execute();
  const bySession = Map.groupBy(parties, (party) => party.session_id);
  return rows.map((row) => readSession(row, vault, bySession.get(row.id) ?? [], now));
}

function readSession(row: SessionRow, vault: Vault, parties: readonly PartyRow[], now: Date): MaskingSession {
  const expired = row.status === 'open' && row.expires_at <= now;
  return {
    id: row.id,
    applicationId: row.application_id,
    externalId: row.external_id ?? undefined,
    mode: row.mode,
    status: statusOf(row, now),
    closedReason: expired ? 'expired' : (row.closed_reason ?? undefined),
    parties: parties.map((party) => readParty(party, vault)),
    rules: readRules(row.rules),
    metadata: openMetadata(row.metadata_sealed, vault),
    calls: row.calls,
    createdAt: row.created_at.getTime(),
    expiresAt: timeOf(row.expires_at),
    lastCallAt: row.last_call_at?.getTime(),
    closedAt: expired ? row.expires_at.getTime() : row.closed_at?.getTime(),
  };
}

function statusOf(row: SessionRow, now: Date): SessionStatus {
  if (row.status === 'closed' || row.expires_at <= now) return 'closed';
  return row.in_call ? 'in-progress' : 'open';
}

function readParty(row: PartyRow, vault: Vault): Party {
  return {
    id: row.id,
    token: row.person_id,
    number: openIfThere(row.person_sealed, vault, PERSON_PLACE),
    role: row.role,
    label: row.label,
    announcement: row.announcement ?? undefined,
    serviceNumber: openIfThere(row.number_sealed, vault, NUMBER_PLACE),
    serviceNumberId: row.number_id,
    extension: row.extension ?? undefined,
  };
}

function openIfThere(sealed: string | null, vault: Vault, place: string): PhoneNumber | undefined {
  return sealed === null ? undefined : vault.openNumber(sealed, place);
}

/** Written by this module alone; what JSON left out is undefined, and what is added later has its default here. */
export function readRules(json: Record<string, unknown>): SessionRules {
  const rules = json as Partial<SessionRules>;
  return {
    ttlSeconds: rules.ttlSeconds,
    sliding: rules.sliding ?? false,
    maxCalls: rules.maxCalls,
    maxCallSeconds: rules.maxCallSeconds,
    oneWayFrom: rules.oneWayFrom,
    ringSeconds: rules.ringSeconds,
    greeting: rules.greeting,
    record: rules.record ?? false,
    transcribe: rules.transcribe ?? false,
    language: rules.language,
  };
}

export function sealMetadata(metadata: Readonly<Record<string, string>>, vault: Vault): string | null {
  return Object.keys(metadata).length === 0 ? null : vault.seal(JSON.stringify(metadata), METADATA_PLACE);
}

export function openMetadata(sealed: string | null, vault: Vault): Readonly<Record<string, string>> {
  return sealed === null ? {} : (JSON.parse(vault.open(sealed, METADATA_PLACE)) as Record<string, string>);
}
