import { type Kysely, sql } from 'kysely';
import type { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { APPLICATION, type ResolutionModel } from '../../src/masking/test-support/resolution-model.ts';
import type { MaskingSession, Party } from '../../src/masking/types.ts';
import { PERSON_PLACE } from '../../src/storage/masking-tools.ts';
import type { Schema } from '../../src/storage/schema.ts';
import { NUMBER_PLACE } from '../../src/storage/snapshot.ts';
import type { Vault } from '../../src/storage/vault.ts';

const NEVER = new Date('9999-12-31T00:00:00Z');
const TABLES = [
  ...['masking_calls', 'masking_blocks', 'masking_extensions', 'masking_slots', 'masking_parties'],
  ...[
    'masking_sessions',
    'masking_policies',
    'pull_answers',
    'backend_secrets',
    'people',
    'numbers',
    'applications',
  ],
];

/** Makes the tables what a model says, sessions that share numbers included; whatever was there goes. */
export async function putWorld(
  db: Kysely<Schema>,
  vault: Vault,
  model: ResolutionModel,
  now: number,
): Promise<void> {
  for (const table of TABLES) await sql`delete from ${sql.table(table)}`.execute(db);
  await db.insertInto('applications').values({ id: APPLICATION, name: 'taxi', provenance: 'api' }).execute();
  const numberIds = new Map<string, string>();
  for (const number of serviceNumbers(model)) {
    const { sealed, index } = vault.sealNumber(number, NUMBER_PLACE);
    numberIds.set(number.masked + number.reveal('leak-scan'), index);
    await db
      .insertInto('numbers')
      .values({
        ...{ id: index, application_id: APPLICATION, kind: 'service', label: '', provenance: 'api' },
        ...{ number_sealed: sealed, number_index: index, created_at: new Date(now) },
      })
      .execute();
  }
  const numberId = ({ serviceNumber }: Party): string =>
    numberIds.get((serviceNumber?.masked ?? '') + serviceNumber?.reveal('leak-scan')) ?? 'gone';
  const people = new Map<string, string>();
  const token = async (number: PhoneNumber | undefined): Promise<string> => {
    if (number === undefined) return 'per_erased';
    const { sealed, index } = vault.sealNumber(number, PERSON_PLACE);
    if (!people.has(index)) {
      people.set(index, `per_${people.size}`);
      const row = { number_sealed: sealed, number_index: index, created_at: new Date(now) };
      await db
        .insertInto('people')
        .values({ id: `per_${people.size - 1}`, application_id: APPLICATION, ...row })
        .execute();
    }
    return people.get(index) as string;
  };
  for (const session of model.sessions) await putSession(db, session, token, numberId);
  await putFences(db, model, token, now);
}

async function putSession(
  db: Kysely<Schema>,
  session: MaskingSession,
  token: (number: PhoneNumber | undefined) => Promise<string>,
  numberId: (party: Party) => string,
): Promise<void> {
  const { id, mode, parties } = session;
  await db
    .insertInto('masking_sessions')
    .values({
      ...{ id, application_id: APPLICATION, external_id: session.externalId ?? null, mode },
      status: session.status === 'closed' ? 'closed' : 'open',
      rules: JSON.stringify(session.rules),
      calls: session.calls,
      created_at: new Date(session.createdAt),
      expires_at: session.expiresAt === undefined ? NEVER : new Date(session.expiresAt),
      last_call_at: session.lastCallAt === undefined ? null : new Date(session.lastCallAt),
      ...{ closed_reason: null, metadata_sealed: null, closed_at: null },
    })
    .execute();
  for (const [position, party] of parties.entries()) {
    const person = await token(party.number);
    const number = numberId(party);
    await db
      .insertInto('masking_parties')
      .values({
        ...{ id: party.id, session_id: id, position, person_id: person, number_id: number },
        ...{ role: party.role, label: party.label, announcement: null, extension: party.extension ?? null },
      })
      .execute();
    const slot = { number_id: number, session_id: id, free_after: NEVER };
    const slots = mode === 'extension' ? [] : mode === 'axn' ? [person, '*'] : [person];
    for (const person_id of slots)
      await db
        .insertInto('masking_slots')
        .values({ ...slot, person_id, lane: id })
        .execute();
    if (party.extension !== undefined && session.status !== 'closed')
      await db
        .insertInto('masking_extensions')
        .values({ ...slot, digits: party.extension, party_id: party.id })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
  }
}

async function putFences(
  db: Kysely<Schema>,
  model: ResolutionModel,
  token: (number: PhoneNumber | undefined) => Promise<string>,
  now: number,
): Promise<void> {
  for (const [index, { person, counterpart, direction }] of model.blocks.entries())
    await db
      .insertInto('masking_blocks')
      .values({
        ...{ id: `block-${index}`, application_id: APPLICATION, direction, by_whom: 'party', reason: '' },
        person_id: await token(person),
        counterpart_id: counterpart === undefined ? null : await token(counterpart),
        ...{ created_at: new Date(now), expires_at: null },
      })
      .execute();
  for (const [index, { sessionId, caller, callee, at }] of model.calls.entries())
    await db
      .insertInto('masking_calls')
      .values({
        ...{ id: `call-${index}`, application_id: APPLICATION, session_id: sessionId ?? null, node: 'node' },
        ...{ scenario_session_id: 's', caller: await token(caller), callee: await token(callee) },
        caller_party_id:
          model.sessions
            .find(({ id }) => id === sessionId)
            ?.parties.find(({ number }) => number?.equals(caller) === true)?.id ?? null,
        ...{ started_at: new Date(at), answered_at: null, ended_at: null, seconds: null, status: null },
      })
      .execute();
}

/** Those that the application holds, and those that parties have. */
function serviceNumbers(model: ResolutionModel): readonly PhoneNumber[] {
  const all = [
    ...model.held,
    ...model.sessions.flatMap(({ parties }) => parties.flatMap((one) => one.serviceNumber ?? [])),
  ];
  return all.filter((number, at) => all.findIndex((other) => other.equals(number)) === at);
}
