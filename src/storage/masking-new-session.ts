/** What is written of a session when it is made, alone or with many others. */
import { createHash } from 'node:crypto';
import type { NewEvent } from '../events/types.ts';
import type { MaskingSession, NewParty, NewSession, Party } from '../masking/types.ts';
import { cleanJson } from './clean-json.ts';
import { sealMetadata } from './masking-session-rows.ts';
import type { FreeNumber, WantedSlot } from './masking-slots.ts';
import { ANYONE, type MaskingTools, NEVER, secondsAfter, timeOf } from './masking-tools.ts';
import { NUMBER_PLACE } from './snapshot.ts';

/** A session that is being made: what was wished, and what is decided before it has a number. */
export interface Draft {
  readonly id: string;
  readonly session: NewSession;
  readonly now: Date;
  readonly endsAt: Date;
}

export function draftOf(session: NewSession, { random }: Pick<MaskingTools, 'random'>, now: Date): Draft {
  const { ttlSeconds } = session.rules;
  return {
    ...{ id: session.id ?? `ms_${random.uuid()}`, session, now },
    endsAt: ttlSeconds === undefined ? NEVER : secondsAfter(now, ttlSeconds),
  };
}

/** The same people have the same, in whichever order; it says nothing about them. */
export function companyOf(mode: NewSession['mode'], tokens: readonly string[]): string {
  return createHash('sha256')
    .update([...tokens, ...(mode === 'axn' ? [ANYONE] : [])].sort().join(' '))
    .digest('base64url')
    .slice(0, 22);
}

/** What each mode needs for itself (ARCHITECTURE, "The masking service"). */
export function slotsOf(mode: NewSession['mode'], parties: readonly Party[]): readonly WantedSlot[] {
  if (mode === 'extension') return [];
  const own = parties.map(({ token, serviceNumberId }) => ({ person: token, numberId: serviceNumberId }));
  const [first] = own;
  return mode === 'axn' && first !== undefined ? [...own, { ...first, person: ANYONE }] : own;
}

/** @param numbers of each party, in their order. */
export function partiesOf(
  { session }: Draft,
  tokens: readonly string[],
  numbers: readonly FreeNumber[],
  { random, vault }: Pick<MaskingTools, 'random' | 'vault'>,
): readonly Party[] {
  return session.parties.map((party, index) => ({
    id: `pt_${random.uuid()}`,
    token: tokens[index] ?? '',
    ...partyOf(party),
    serviceNumber: vault.openNumber(numbers[index]?.number_sealed ?? '', NUMBER_PLACE),
    serviceNumberId: numbers[index]?.id ?? '',
  }));
}

function partyOf({ number, role, label, announcement, extension }: NewParty) {
  return { number, role, label, announcement, extension };
}

export function rowsOf(
  { id, session: wanted, now, endsAt }: Draft,
  parties: readonly Party[],
  company: string,
  { vault }: Pick<MaskingTools, 'vault'>,
) {
  const { applicationId, externalId, mode, rules, metadata } = wanted;
  const session = {
    id,
    application_id: applicationId,
    external_id: externalId,
    mode,
    status: 'open',
    rules: cleanJson(rules),
    metadata_sealed: sealMetadata(metadata, vault),
    company,
    created_at: now,
    expires_at: endsAt,
  };
  const rows = parties.map(
    ({ id: party, token, role, label, announcement, serviceNumberId, extension }, position) => ({
      id: party,
      session_id: id,
      position,
      person_id: token,
      number_id: serviceNumberId,
      role,
      label,
      announcement: cleanJson(announcement),
      extension,
    }),
  );
  return { session, rows };
}

export function madeOf({ id, session, now, endsAt }: Draft, parties: readonly Party[]): MaskingSession {
  const { applicationId, externalId, mode, rules, metadata } = session;
  return {
    ...{ id, applicationId, externalId, mode, status: 'open', closedReason: undefined },
    ...{ parties, rules, metadata, calls: 0, createdAt: now.getTime() },
    ...{ expiresAt: timeOf(endsAt), lastCallAt: undefined, closedAt: undefined },
  };
}

/** Tokens and roles, and no labels: people write names into them. */
export function createdEvent(session: MaskingSession): NewEvent {
  const { id, applicationId, externalId, mode, parties, createdAt, expiresAt } = session;
  return {
    applicationId,
    subject: id,
    type: 'masking_session.created',
    at: createdAt,
    data: {
      mode,
      externalId,
      parties: parties.map(({ id: party, token, role, serviceNumberId }) => ({
        ...{ id: party, person: token, role, serviceNumberId },
      })),
      expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
    },
  };
}
