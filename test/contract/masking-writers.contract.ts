import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import type { MaskingError } from '../../src/masking/ports.ts';
import type { MaskingSession } from '../../src/masking/types.ts';
import { openDatabase } from '../../src/storage/database.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { makeApplication, openMasking, sessionOf } from '../kit/masking-world.ts';
import { NODE_FLAGS } from '../kit/node-flags.ts';
import type { StoragePlace, StoragePlaces } from '../kit/storage-places.ts';

const WRITERS = 50;
const DRIVER = 500;
const WRITER_SCRIPT = fileURLToPath(new URL('../kit/masking-writer.ts', import.meta.url));

/** What must hold when many write at once, and when one dies in the middle, whichever database is below. */
export function maskingWritersContract(name: string, places: StoragePlaces, shared: boolean): void {
  describe(`writers of masking sessions on ${name}`, () => {
    afterAll(() => places.close());

    /** With several nodes, where the database can be shared. */
    const withNodes = async (test: (nodes: readonly Storage[]) => Promise<void>): Promise<void> => {
      const place = await places.fresh();
      const nodes = [await openMasking(place, systemClock)];
      if (shared) nodes.push(await openMasking(place, systemClock));
      try {
        await test(nodes);
      } finally {
        await Promise.all(nodes.map((node) => node.close()));
      }
    };
    type Outcome = MaskingSession | MaskingError;
    const outcomes = async (making: readonly Promise<MaskingSession>[]): Promise<readonly Outcome[]> =>
      await Promise.all(making.map((one) => one.catch((error: MaskingError) => error)));
    const made = (all: readonly Outcome[]): readonly MaskingSession[] =>
      all.filter((one): one is MaskingSession => !(one instanceof Error));

    it('[row 31] 50 at once for one driver: as many as there are numbers, each on another one', async () => {
      await withNodes(async (nodes) => {
        const { id, numberIds } = await makeApplication(nodes[0]!, 30);
        const all = await outcomes(
          Array.from({ length: WRITERS }, (_, i) =>
            nodes[i % nodes.length]!.masking.sessions.create(sessionOf(id, [DRIVER, i])),
          ),
        );
        const numbers = made(all).map((one) => one.parties[0]?.serviceNumberId);
        expect(new Set(numbers)).toEqual(new Set(numberIds));
        expect(numbers).toHaveLength(30);
        const lost = all.flatMap((one) => (one instanceof Error ? [one.code] : []));
        expect(lost).toEqual(Array(20).fill('masking/no-number'));
        const { items } = await nodes[0]!.masking.sessions.list({ applicationId: id }, { limit: 100 });
        expect(items).toHaveLength(30);
      });
    });

    it('[row 31] 50 at once in every mode, five drivers and ten clients: nobody meets two others on one number', async () => {
      await withNodes(async (nodes) => {
        const { id } = await makeApplication(nodes[0]!, 12);
        const modes = ['axb', 'axyb', 'axg', 'extension', 'axn'] as const;
        const all = await outcomes(
          Array.from({ length: WRITERS }, (_, i) => {
            const mode = modes[i % modes.length]!;
            const people =
              mode === 'axn' ? [i % 5] : [i % 5, 5 + (i % 10), ...(mode === 'axg' ? [20 + (i % 3)] : [])];
            return nodes[i % nodes.length]!.masking.sessions.create(sessionOf(id, people, { mode }));
          }),
        );
        expect(made(all).length).toBeGreaterThan(10);
        for (const one of all) if (one instanceof Error) expect(one.code).toBe('masking/no-number');
        expect(conflicts(made(all))).toEqual([]);
      });
    });

    it('50 at once with one external id: one has it', async () => {
      await withNodes(async (nodes) => {
        const { id } = await makeApplication(nodes[0]!, 1);
        const all = await outcomes(
          Array.from({ length: WRITERS }, (_, i) =>
            nodes[i % nodes.length]!.masking.sessions.create(
              sessionOf(id, [2 * i, 2 * i + 1], { externalId: 'order' }),
            ),
          ),
        );
        expect(made(all)).toHaveLength(1);
        for (const one of all) if (one instanceof Error) expect(one.code).toBe('masking/external-id-taken');
      });
    });

    // It starts a process and opens the database three times over, on machines that do other things, too.
    it('a process that is killed in the middle leaves nothing half done', { timeout: 60_000 }, async () => {
      const place = await places.fresh();
      const before = await openMasking(place, systemClock);
      const { id } = await makeApplication(before, 6);
      await before.close();
      for (const lines of [25, 6]) {
        const said = await writeUntilKilled(place, id, lines);
        const { wrong, told } = await inspect(place);
        expect(wrong).toEqual([]);
        // Those that it had said it made are there, or were.
        expect(said.filter((session) => !told.has(session))).toEqual([]);
      }
    });
  });
}

/** People who would not know whom a call of theirs to a number reaches. */
function conflicts(sessions: readonly MaskingSession[]): string[] {
  const held = new Map<string, string>();
  const anyone = new Map<string, string>();
  const digits = new Set<string>();
  const wrong: string[] = [];
  for (const { id, mode, parties } of sessions) {
    for (const { token, serviceNumberId: number, extension } of parties) {
      const key = `${token} ${number}`;
      if (mode === 'extension') {
        if (digits.has(`${number} ${extension}`)) wrong.push(`${extension} twice on ${number}`);
        digits.add(`${number} ${extension}`);
        if (held.has(key) && held.get(key) !== 'digits') wrong.push(`${key} has digits and a session`);
        held.set(key, 'digits');
      } else {
        if (held.has(key)) wrong.push(`${key} twice`);
        held.set(key, id);
      }
      if (mode === 'axn') {
        if (anyone.has(number)) wrong.push(`${number} is anyone's twice`);
        anyone.set(number, id);
      }
    }
  }
  for (const { id, parties } of sessions)
    for (const { serviceNumberId: number } of parties)
      if (anyone.has(number) && anyone.get(number) !== id) wrong.push(`${number} is anyone's and somebody's`);
  return wrong;
}

/** The ids of the sessions that it said it had made. */
async function writeUntilKilled(
  place: StoragePlace,
  application: string,
  lines: number,
): Promise<readonly string[]> {
  const url = place.databaseUrl === undefined ? [] : [place.databaseUrl];
  const child: ChildProcess = spawn(
    process.execPath,
    [...NODE_FLAGS, WRITER_SCRIPT, place.dataFolder, application, ...url],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line.startsWith('ms_')) said.push(line);
    if (said.length >= lines) child.kill('SIGKILL');
  }
  await gone;
  expect(said.length).toBeGreaterThanOrEqual(lines);
  return said;
}

/** What no transaction may leave, found by looking at the tables, past the code that writes them; and who was told of. */
async function inspect(
  place: StoragePlace,
): Promise<{ readonly wrong: readonly string[]; readonly told: ReadonlySet<string> }> {
  const database = await openDatabase({
    databaseUrl: place.databaseUrl,
    dataFolder: place.dataFolder,
    random: systemRandom,
    log: silentLogger,
  });
  try {
    const { rows } = await sql<{ readonly what: string }>`
      select 'no parties: ' || m.id as what from masking_sessions m
       where (select count(*) from masking_parties p where p.session_id = m.id) <> 2
      union all
      select 'a party without a slot: ' || p.id from masking_parties p join masking_sessions m on m.id = p.session_id
       where m.status = 'open' and not exists (select from masking_slots s
         where s.person_id = p.person_id and s.number_id = p.number_id and s.session_id = m.id and s.ends_at = m.expires_at)
      union all
      select 'a live slot of no session: ' || s.session_id from masking_slots s
       where s.ends_at > now() and not exists (select from masking_sessions m where m.id = s.session_id and m.status = 'open')
      union all
      select 'not told of: ' || m.id from masking_sessions m
       where not exists (select from events e where e.subject = m.id and e.type = 'masking_session.created')
          or (m.status = 'closed') <> exists (select from events e where e.subject = m.id and e.type = 'masking_session.closed')
      union all
      select 'a gap: ' || e.subject from events e group by e.subject having max(e.position) <> count(*)`.execute(
      database.db,
    );
    const created = await database.db
      .selectFrom('events')
      .select('subject')
      .where('type', '=', 'masking_session.created')
      .execute();
    return { wrong: rows.map(({ what }) => what), told: new Set(created.map(({ subject }) => subject)) };
  } finally {
    await database.close();
  }
}
