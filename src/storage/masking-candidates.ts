/** Rows of the call path's query as sessions that a caller could mean. */
import type { Candidate } from '../masking/ports.ts';
import type { Announcement, MaskingSession, Party, SessionMode } from '../masking/types.ts';
import { openMetadata, readRules } from './masking-session-rows.ts';
import { PERSON_PLACE, timeOf } from './masking-tools.ts';
import { NUMBER_PLACE } from './snapshot.ts';
import type { Vault } from './vault.ts';

/** One party of one live session. */
export interface CandidateRow {
  readonly id: string;
  readonly external_id: string | null;
  readonly mode: SessionMode;
  readonly rules: Record<string, unknown>;
  readonly metadata_sealed: string | null;
  readonly calls: number;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly last_call_at: Date | null;
  readonly party_id: string;
  readonly position: number;
  readonly person_id: string;
  readonly number_id: string;
  readonly role: string;
  readonly label: string;
  readonly announcement: Announcement | null;
  readonly extension: string | null;
  /** Null: the person was erased. */
  readonly number_sealed: string | null;
  /** Null: the service number is not ours any more. */
  readonly held_sealed: string | null;
  readonly is_caller: boolean;
}

/** The one with the latest call first, else the newest. */
export function candidatesFrom(
  rows: readonly CandidateRow[],
  applicationId: string,
  vault: Vault,
): readonly Candidate[] {
  const sessions = [...Map.groupBy(rows, ({ id }) => id).values()];
  return sessions
    .map((parties) => candidateFrom(oncePerParty(parties), applicationId, vault))
    .sort((one, other) => byLastCall(one.session, other.session));
}

/** A session that is found by the caller's slot and by anyone's is there twice. */
function oncePerParty(rows: readonly CandidateRow[]): readonly CandidateRow[] {
  return [...new Map(rows.map((row) => [row.party_id, row])).values()].sort(
    (one, other) => one.position - other.position,
  );
}

function candidateFrom(rows: readonly CandidateRow[], applicationId: string, vault: Vault): Candidate {
  const row = rows[0] as CandidateRow;
  const parties = rows.map((one) => partyFrom(one, vault));
  const session: MaskingSession = {
    id: row.id,
    applicationId,
    externalId: row.external_id ?? undefined,
    mode: row.mode,
    // Whether a call of it is up makes no difference to the next one.
    status: 'open',
    closedReason: undefined,
    parties,
    rules: readRules(row.rules),
    metadata: openMetadata(row.metadata_sealed, vault),
    calls: row.calls,
    createdAt: row.created_at.getTime(),
    expiresAt: timeOf(row.expires_at),
    lastCallAt: row.last_call_at?.getTime(),
    closedAt: undefined,
  };
  const caller = rows.findIndex(({ is_caller }) => is_caller);
  return { session, caller: parties[caller], callees: calleesOf(session.mode, parties, caller) };
}

/** @param caller position of the caller among the parties; -1: none of them. */
function calleesOf(mode: SessionMode, parties: readonly Party[], caller: number): readonly Party[] {
  const others = parties.filter((_, position) => position !== caller);
  switch (mode) {
    case 'axb':
    case 'axyb':
      return others;
    case 'axn':
      // The first party reaches the last caller, who is no party.
      return caller === 0 ? [] : parties.slice(0, 1);
    case 'axg':
      return caller === 0 ? others : parties.slice(0, 1);
    case 'extension':
      return [];
  }
}

function partyFrom(row: CandidateRow, vault: Vault): Party {
  return {
    id: row.party_id,
    token: row.person_id,
    number: row.number_sealed === null ? undefined : vault.openNumber(row.number_sealed, PERSON_PLACE),
    role: row.role,
    label: row.label,
    announcement: row.announcement ?? undefined,
    serviceNumber: row.held_sealed === null ? undefined : vault.openNumber(row.held_sealed, NUMBER_PLACE),
    serviceNumberId: row.number_id,
    extension: row.extension ?? undefined,
  };
}

function byLastCall(one: MaskingSession, other: MaskingSession): number {
  return (
    (other.lastCallAt ?? 0) - (one.lastCallAt ?? 0) ||
    other.createdAt - one.createdAt ||
    (one.id < other.id ? 1 : -1)
  );
}
