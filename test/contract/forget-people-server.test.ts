import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { makeApplication, openMasking, sessionOf } from '../kit/masking-world.ts';
import { serverPlaces } from '../kit/storage-places.ts';

describe('people whose last session goes while another one is being made for one of them', () => {
  const places = serverPlaces();
  afterAll(() => places.close());

  it('who is in the new session stays, and whoever is in none goes', async () => {
    const place = await places.fresh();
    const node = await openMasking(place, systemClock);
    const { id: applicationId } = await makeApplication(node, 2);
    await node.masking.pools.putPool({ applicationId, name: 'default', coolOffSeconds: 0, sharing: false });
    const { sessions } = node.masking;
    const { id: first, parties } = await sessions.create(sessionOf(applicationId, [1, 2]));
    const driver = parties[0]!.token;
    const { databaseUrl, dataFolder } = place;
    const other = await openDatabase({ databaseUrl, dataFolder, random: systemRandom, log: silentLogger });
    try {
      let removed = false;
      const removing = await other.db.transaction().execute(async (trx) => {
        // As whoever makes a session does: the people that are found are held, and then the session is written.
        await sql`select id from people where id = ${driver} for key share`.execute(trx);
        const running = sessions.remove(first, undefined).then((done) => {
          removed = done;
        });
        const waits = async (): Promise<boolean> => {
          const { rows } = await sql`
            select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
            other.db,
          );
          return rows.length > 0;
        };
        while (!removed && !(await waits())) await pause(5);
        await sql`
          insert into masking_sessions (id, application_id, mode, status, rules, created_at, expires_at)
          values ('ms_second', ${applicationId}, 'axb', 'open', '{}', now(), now() + interval '1 hour')`.execute(
          trx,
        );
        await sql`
          insert into masking_parties (id, session_id, position, person_id, number_id, role, label)
          values ('pt_second', 'ms_second', 0, ${driver}, 'n', 'driver', '')`.execute(trx);
        return { running };
      });
      await removing.running;
      expect(removed).toBe(true);
      const there = await other.db.selectFrom('people').select('id').execute();
      expect(there.map(({ id }) => id)).toEqual([driver]);
    } finally {
      await Promise.all([other.close(), node.close()]);
    }
  });
});
