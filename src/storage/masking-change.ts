import { type Kysely, sql } from 'kysely';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import { MaskingError } from '../masking/ports.ts';
import type { MaskingSession, Party, SessionChange, SessionRules } from '../masking/types.ts';
import { appendEvents } from './append-events.ts';
import { cleanJson } from './clean-json.ts';
import { invalid, refuseService } from './masking-checks.ts';
import { closeSessions } from './masking-close.ts';
import { companyOf } from './masking-new-session.ts';
import { findOrMakePeople } from './masking-people.ts';
import { sealMetadata } from './masking-session-rows.ts';
import { isTaken, takeSlots, useOf } from './masking-slots.ts';
import { type MaskingTools, NEVER, secondsAfter } from './masking-tools.ts';
import type { Schema } from './schema.ts';

/**
 * Changes a live session that the transaction holds. Rejects with a `MaskingError`, and then the transaction must not be kept.
 */
export async function changeSession(
  trx: Kysely<Schema>,
  tools: MaskingTools,
  before: MaskingSession,
  change: SessionChange,
  now: Date,
): Promise<void> {
  const { rules: newRules, metadata, extendSeconds, party } = change;
  const rules: SessionRules = { ...before.rules, ...newRules };
  const expiresAt = expiryOf(rules, change, now);
  const changed = [
    ...(newRules === undefined ? [] : Object.keys(newRules)),
    ...(metadata === undefined ? [] : ['metadata']),
    ...(extendSeconds === undefined ? [] : ['expiresAt']),
  ];
  const row = {
    ...(newRules === undefined ? {} : { rules: JSON.stringify(cleanJson(rules)) }),
    ...(metadata === undefined ? {} : { metadata_sealed: sealMetadata(metadata, tools.vault) }),
  };
  if (Object.keys(row).length > 0)
    await trx.updateTable('masking_sessions').set(row).where('id', '=', before.id).execute();
  // A new party takes its slot until the new end.
  if (expiresAt !== undefined) await setExpiry(trx, before.id, expiresAt, now);
  const inTheWay = party === undefined ? [] : await changeParty(trx, tools, before, party, now);
  const used = rules.maxCalls !== undefined && before.calls >= rules.maxCalls && before.status === 'open';
  const closed = await closeSessions(trx, used ? [before.id] : [], 'calls-used-up', now);
  await appendEvents(trx, tools.random, [
    ...(await closeSessions(trx, inTheWay, 'expired', now)),
    {
      applicationId: before.applicationId,
      subject: before.id,
      type: 'masking_session.changed',
      at: now.getTime(),
      data: {
        changed: party === undefined ? changed : [...changed, 'party'],
        ...(party === undefined ? {} : { party: await partyData(trx, party.id) }),
        ...(expiresAt === undefined
          ? {}
          : { expiresAt: expiresAt >= NEVER ? null : expiresAt.toISOString() }),
      },
    },
    ...closed,
  ]);
}

/** When a session ends from now on; undefined: as before. A new length counts from now, as `extendSeconds` does. */
function expiryOf(
  rules: SessionRules,
  { rules: newRules, extendSeconds }: SessionChange,
  now: Date,
): Date | undefined {
  if (extendSeconds !== undefined) return secondsAfter(now, extendSeconds);
  if (newRules === undefined || !Object.hasOwn(newRules, 'ttlSeconds')) return undefined;
  return rules.ttlSeconds === undefined ? NEVER : secondsAfter(now, rules.ttlSeconds);
}

/** Moves the end of a live session, and with it when its numbers are free again. */
export async function setExpiry(trx: Kysely<Schema>, id: string, expiresAt: Date, now: Date): Promise<void> {
  const cooled = sql`least(${NEVER}::timestamptz, ${expiresAt}::timestamptz + x.cool_off_seconds * interval '1 second')`;
  await sql`
    with session as (
      update masking_sessions set expires_at = ${expiresAt} where id = ${id}),
    slots as (
      update masking_slots x set ends_at = ${expiresAt}, free_after = ${cooled}
       where x.session_id = ${id} and x.ends_at > ${now})
    update masking_extensions x set free_after = ${cooled} where x.session_id = ${id}`.execute(trx);
}

/** @returns sessions that had the slot before and are to be closed: their time is over. */
async function changeParty(
  trx: Kysely<Schema>,
  tools: MaskingTools,
  session: MaskingSession,
  change: NonNullable<SessionChange['party']>,
  now: Date,
): Promise<readonly string[]> {
  const party = session.parties.find(({ id }) => id === change.id);
  if (party === undefined) throw new MaskingError('masking/unknown-party', 'The session has no such party.');
  const { role, label, announcement, number } = change;
  const row = {
    ...(role === undefined ? {} : { role }),
    ...(label === undefined ? {} : { label }),
    ...('announcement' in change
      ? { announcement: announcement === undefined ? null : JSON.stringify(cleanJson(announcement)) }
      : {}),
  };
  if (Object.keys(row).length > 0)
    await trx.updateTable('masking_parties').set(row).where('id', '=', party.id).execute();
  return number === undefined ? [] : await changeNumber(trx, tools, session, party, number, now);
}

async function changeNumber(
  trx: Kysely<Schema>,
  tools: MaskingTools,
  session: MaskingSession,
  party: Party,
  number: PhoneNumber,
  now: Date,
): Promise<readonly string[]> {
  const field = '/number';
  if (!number.isE164) throw invalid('This is no telephone number; begin with + and the country code.', field);
  const [person] = await findOrMakePeople(trx, tools, session.applicationId, [number], now);
  if (person === undefined || person.token === party.token) return [];
  refuseService(person.isService, field);
  if (session.parties.some(({ token }) => token === person.token))
    throw invalid('Another party of the session has the same number.', field);
  const tokens = session.parties.map(({ token }) => (token === party.token ? person.token : token));
  const company = companyOf(session.mode, tokens);
  const inTheWay = await moveSlot(trx, session, party, person.token, company, now);
  await trx
    .updateTable('masking_parties')
    .set({ person_id: person.token })
    .where('id', '=', party.id)
    .execute();
  await trx.updateTable('masking_sessions').set({ company }).where('id', '=', session.id).execute();
  return inTheWay;
}

interface Terms {
  readonly lane: string;
  readonly ends_at: Date;
  readonly cool_off_seconds: number;
  readonly free_after: Date;
}

/**
 * The new person gets the number for as long as the old one had it. For the old one the cool-off begins, in a slot of no
 * session: a call of theirs must not find the one that they have left.
 */
async function moveSlot(
  trx: Kysely<Schema>,
  session: MaskingSession,
  party: Party,
  person: string,
  company: string,
  now: Date,
): Promise<readonly string[]> {
  const numberId = party.serviceNumberId;
  const use = useOf(session.mode);
  const { rows } = await sql<Terms>`
    select lane, ends_at, cool_off_seconds, free_after from masking_slots
     where session_id = ${session.id} and number_id = ${numberId} and ends_at > ${now} limit 1`.execute(trx);
  const terms = rows[0];
  const sharing = terms === undefined ? await isShared(trx, numberId) : terms.lane !== '';
  const wanted = use === 'digits' || terms === undefined ? [] : [{ person, numberId }];
  const endsAt = terms?.ends_at ?? NEVER;
  const taken = await takeSlots(
    trx,
    {
      ...{ sessionId: session.id, sharing, use, company, endsAt, now },
      ...{ coolOffSeconds: terms?.cool_off_seconds ?? 0, freeAfter: terms?.free_after ?? NEVER },
    },
    wanted,
    [numberId],
  );
  const conflict = isTaken({ use, people: [person], company, now }, sql`${numberId}`, session.id);
  const check = await sql<{ readonly taken: boolean }>`select (${conflict}) as taken`.execute(trx);
  if (!taken.all || (!sharing && check.rows[0]?.taken !== false))
    throw new MaskingError(
      'masking/number-taken',
      'The person has the service number of this party in another session, or its cool-off; make a new session, which gets another number.',
      '/number',
    );
  await sql`
    update masking_slots set session_id = '', ends_at = ${now},
           free_after = least(free_after, ${now}::timestamptz + cool_off_seconds * interval '1 second')
     where session_id = ${session.id} and person_id = ${party.token} and ends_at > ${now}`.execute(trx);
  await sql`
    update masking_slots set company = ${company} where session_id = ${session.id} and ends_at > ${now}`.execute(
    trx,
  );
  return taken.before.filter((id) => id !== session.id);
}

async function isShared(trx: Kysely<Schema>, numberId: string): Promise<boolean> {
  const { rows } = await sql<{ readonly sharing: boolean }>`
    select p.sharing from numbers n
      join number_pools p on p.id = n.pool_id
        or (n.pool_id is null and p.application_id = n.application_id and p.name = 'default')
     where n.id = ${numberId}`.execute(trx);
  return rows[0]?.sharing ?? false;
}

async function partyData(trx: Kysely<Schema>, id: string) {
  const row = await trx
    .selectFrom('masking_parties')
    .select(['id', 'person_id', 'role', 'number_id'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return { id: row.id, person: row.person_id, role: row.role, serviceNumberId: row.number_id };
}
