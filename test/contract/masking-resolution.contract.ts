import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import type { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { readPolicy } from '../../src/masking/policy.ts';
import type { Candidate } from '../../src/masking/ports.ts';
import {
  APPLICATION,
  person,
  ResolutionModel,
  service,
} from '../../src/masking/test-support/resolution-model.ts';
import { someWorld, type World } from '../../src/masking/test-support/some-worlds.ts';
import { DEFAULT_POLICY } from '../../src/masking/types.ts';
import { SqlBackendSecretStore } from '../../src/storage/backend-secret-store.ts';
import { type OpenDatabase, openDatabase } from '../../src/storage/database.ts';
import { SqlResolutionStore } from '../../src/storage/masking-resolution-store.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { SqlPullAnswerStore } from '../../src/storage/pull-answer-store.ts';
import { Vault } from '../../src/storage/vault.ts';
import { putWorld } from '../kit/masking-rows.ts';
import type { StoragePlaces } from '../kit/storage-places.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';

/** What is compared: which sessions, who calls, who is called, in their order. */
const shape = (candidate: Candidate | undefined) =>
  candidate && {
    id: candidate.session.id,
    caller: candidate.caller?.id,
    callees: candidate.callees.map(({ id }) => id),
    numbers: candidate.callees.map(({ number, serviceNumber }) => [number?.masked, serviceNumber?.masked]),
  };

/** What every database has to answer on the call path. */
export function resolutionContract(name: string, places: StoragePlaces, runs: number): void {
  describe(`what a call asks of ${name}`, () => {
    let database: OpenDatabase;
    const clock = new VirtualClock();
    const [older, current] = [systemRandom.bytes(32), systemRandom.bytes(32)];
    const before = new Vault({ currentId: 'k1', keys: new Map([['k1', older]]) }, systemRandom);
    const keys = new Map([
      ['k1', older],
      ['k2', current],
    ]);
    const vault = new Vault({ currentId: 'k2', keys }, systemRandom);
    const tools = { vault, clock, random: systemRandom };

    beforeAll(async () => {
      const { dataFolder, databaseUrl } = await places.fresh();
      database = await openDatabase({ dataFolder, databaseUrl, random: systemRandom, log: silentLogger });
      await migrate(database.db);
    });
    afterAll(async () => {
      await database.close();
      await places.close();
    });

    /** While keys are being changed: some of it was written under the older one. */
    async function put(
      world: World,
      isOlder = false,
    ): Promise<{ store: SqlResolutionStore; model: ResolutionModel }> {
      const model = new ResolutionModel(clock);
      model.sessions.push(...world.sessions);
      model.blocks.push(...world.blocks);
      model.calls.push(...world.calls.map((call) => ({ ...call, at: clock.now() - call.at })));
      await putWorld(database.db, isOlder ? before : vault, model, clock.now());
      return { store: new SqlResolutionStore(database.db, tools), model };
    }

    it('[row 31] is what a model in memory says, in worlds drawn at random, also under an older key', async () => {
      let found = 0;
      await fc.assert(
        fc.asyncProperty(someWorld, fc.boolean(), async (world, isOlder) => {
          const { store, model } = await put(world, isOlder);
          const { question } = world;
          const candidates = await store.candidates(question);
          found += candidates.length;
          expect(candidates.map(shape)).toEqual((await model.candidates(question)).map(shape));
          for (const extension of ['11', '12', '13'])
            expect(shape(await store.byExtension({ ...question, extension }))).toEqual(
              shape(await model.byExtension({ ...question, extension })),
            );
          expect(await store.traces(question)).toEqual(await model.traces(question));
          for (const { id } of world.sessions)
            expect((await store.lastCaller(id))?.masked).toBe((await model.lastCaller(id))?.masked);
          const callees = [0, 1, 2, 3, 4, 5, 6].map(person);
          const since = clock.now() - 3_600_000;
          expect(await store.fences(APPLICATION, question.caller, callees, since)).toEqual(
            await model.fences(APPLICATION, question.caller, callees, since),
          );
        }),
        { numRuns: runs },
      );
      expect(found).toBeGreaterThan(runs / 10);
    });

    it('finds sessions by keys alone, however many there are', async () => {
      await put({ ...emptyWorld, sessions: [] });
      await fill(database, 3_000);
      const store = new SqlResolutionStore(database.db, tools);
      const question = { ...emptyWorld.question, caller: person(1), dialled: service(0) };
      const { rows } = await sql<Record<string, string>>`explain ${store.candidatesQuery(question)}`.execute(
        database.db,
      );
      const plan = rows.map((row) => Object.values(row)[0]).join('\n');
      expect(plan).toContain('masking_slots_pkey');
      expect(plan).not.toMatch(/Seq Scan on (masking_slots|masking_sessions|masking_parties|people)/);
    });

    it('keeps a policy, and has the defaults where there is none', async () => {
      const { store } = await put(emptyWorld);
      expect(await store.policy(APPLICATION)).toEqual(DEFAULT_POLICY);
      const policy = readPolicy({
        pull: { url: 'https://b.example/' },
        attemptsPerHour: 5,
        unknown: { kind: 'reject' },
      });
      const other = new SqlResolutionStore(database.db, tools);
      await other.policy(APPLICATION);
      await store.setPolicy(APPLICATION, policy);
      expect(await store.policy(APPLICATION)).toEqual(policy);
      expect(await new SqlResolutionStore(database.db, tools).policy(APPLICATION)).toEqual(policy);
      // Another node sees it within a second.
      await clock.advance(1_000);
      expect(await other.policy(APPLICATION)).toEqual(policy);
    });

    it('gives one person one token, whoever asks at once, and the number back', async () => {
      const { store } = await put(emptyWorld);
      expect(await store.token(APPLICATION, person(8), false)).toBeUndefined();
      const tokens = await Promise.all(
        Array.from({ length: 10 }, () => store.token(APPLICATION, person(8), true)),
      );
      expect(new Set(tokens).size).toBe(1);
      const [token = ''] = tokens;
      expect(token).toMatch(/^per_/);
      expect((await store.numberOf(APPLICATION, token))?.equals(person(8))).toBe(true);
      expect(await store.numberOf('another', token)).toBeUndefined();
      expect(await store.numberOf(APPLICATION, 'per_nobody')).toBeUndefined();
    });

    it('keeps answers of a backend sealed, found by their question and in no other way', async () => {
      await put(emptyWorld);
      const answers = new SqlPullAnswerStore(database.db, tools);
      const kept = answerOf(person(2), clock.now());
      expect(await answers.read(APPLICATION, 'question')).toBeUndefined();
      await answers.write(APPLICATION, 'question', { ...kept, caller: person(1) });
      expect(await answers.read(APPLICATION, 'question')).toEqual(kept);
      expect(await answers.read(APPLICATION, 'another')).toBeUndefined();
      expect(await answers.read('another', 'question')).toBeUndefined();
      await answers.write(APPLICATION, 'question', {
        ...answerOf(person(3), clock.now()),
        caller: person(1),
      });
      expect((await answers.read(APPLICATION, 'question'))?.answer.to.equals(person(3))).toBe(true);
      const { rows } = await sql<{
        row: string;
      }>`select to_jsonb(p)::text as row from pull_answers p`.execute(database.db);
      expect(rows).toHaveLength(1);
      expect(rows[0]?.row).not.toMatch(/903555|question"|say/);
      await answers.remove(APPLICATION, 'question');
      expect(await answers.read(APPLICATION, 'question')).toBeUndefined();
    });

    it('forgets answers that no policy would use any more', async () => {
      await put(emptyWorld);
      const answers = new SqlPullAnswerStore(database.db, tools);
      await answers.write(APPLICATION, 'old', { ...answerOf(person(2), clock.now()), caller: person(1) });
      await clock.advance(32 * 86_400_000);
      await answers.write(APPLICATION, 'new', { ...answerOf(person(2), clock.now()), caller: person(1) });
      const { rows } = await sql`select 1 from pull_answers`.execute(database.db);
      expect(rows).toHaveLength(1);
    });

    it('makes one secret for an application, and signs with the one before for a day', async () => {
      await put(emptyWorld);
      const stores = [1, 2, 3, 4].map(() => new SqlBackendSecretStore(database.db, tools));
      const made = await Promise.all(stores.map((store) => store.current(APPLICATION)));
      expect(new Set(made.flat()).size).toBe(1);
      const [first = ''] = made[0] ?? [];
      expect(first).toMatch(/^whsec_/);
      const [one, two] = stores as [SqlBackendSecretStore, SqlBackendSecretStore];
      const second = await one.rotate(APPLICATION);
      expect(await one.current(APPLICATION)).toEqual([second, first]);
      await clock.advance(10_000);
      expect(await two.current(APPLICATION)).toEqual([second, first]);
      await clock.advance(86_400_000);
      expect(await two.current(APPLICATION)).toEqual([second]);
      const { rows } = await sql<{
        row: string;
      }>`select to_jsonb(s)::text as row from backend_secrets s`.execute(database.db);
      expect(rows[0]?.row).not.toContain('whsec_');
    });
  });
}

const emptyWorld: World = {
  sessions: [],
  policy: DEFAULT_POLICY,
  answer: { kind: 'unknown' },
  blocks: [],
  calls: [],
  question: {
    applicationId: APPLICATION,
    caller: person(1),
    dialled: service(0),
    extension: undefined,
    chosen: undefined,
    callId: undefined,
  },
};

const answerOf = (to: PhoneNumber, fetchedAt: number) => ({
  fetchedAt,
  answer: {
    kind: 'connect' as const,
    to,
    show: service(1),
    sound: {
      greeting: { kind: 'say' as const, text: 'say', language: undefined },
      ...{ announcement: undefined, record: true, transcribe: false, language: 'ru-RU' },
      ...{ ringSeconds: 20, maxCallSeconds: undefined },
    },
  },
});

/** So many sessions of two people each, so that the planner has something to plan for. */
async function fill({ db }: OpenDatabase, count: number): Promise<void> {
  const n = sql.lit(count);
  await sql`insert into people select 'f' || i, ${APPLICATION}, 's', 'i' || i, now() from generate_series(1, ${n}) i`.execute(
    db,
  );
  await sql`insert into masking_sessions (id, application_id, mode, status, rules, created_at, expires_at)
    select 'fs' || i, ${APPLICATION}, 'axb', 'open', '{}', now(), '9999-12-31' from generate_series(1, ${n}) i`.execute(
    db,
  );
  await sql`insert into masking_parties (id, session_id, position, person_id, number_id, role, label)
    select 'fp' || i || '-' || p, 'fs' || i, p, 'f' || (i + p), 'x' || i % 20, '', ''
      from generate_series(1, ${n}) i, generate_series(0, 1) p`.execute(db);
  await sql`insert into masking_slots (person_id, number_id, lane, session_id, free_after)
    select person_id, number_id, session_id, session_id, '9999-12-31' from masking_parties`.execute(db);
  await sql`analyze`.execute(db);
}
