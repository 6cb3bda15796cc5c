import { type Kysely, sql, type Transaction } from 'kysely';
import {
  type FenceStore,
  LEASE_SECONDS,
  type Lease,
  type LeaseWish,
  MINUTE_LEASE_SECONDS,
  type UsedSeconds,
} from '../call/fence/types.ts';
import type { Schema } from './schema.ts';

/** All nodes take turns, so that no two see the same free units. */
const LOCK = 7_210_431;

/** The counters of the fence, shared by all nodes on one database. */
export class SqlFenceStore implements FenceStore {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async begin(node: string, instance: string): Promise<void> {
    await this.#db
      .deleteFrom('fence_leases')
      .where('node', '=', node)
      .where('instance', '<>', instance)
      .where('unit', '=', 'concurrent')
      .execute();
  }

  async lease(node: string, instance: string, wishes: readonly LeaseWish[]): Promise<readonly Lease[]> {
    return await this.#db.transaction().execute(async (trx) => {
      // A statement sees what was committed when it began: the lock has to come in one of its own.
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx);
      const { rows } = await grant(node, instance, wishes).execute(trx);
      await forgetExpired(trx, instance);
      return rows.map(({ application_id: applicationId, ...lease }) => ({ applicationId, ...lease }));
    });
  }

  async addSeconds(day: string, used: readonly UsedSeconds[]): Promise<readonly UsedSeconds[]> {
    const rows = used.map(({ applicationId, seconds }) => ({ application_id: applicationId, seconds }));
    const added = rows.filter(({ seconds }) => seconds > 0);
    if (added.length > 0) {
      await sql`
        insert into fence_days (application_id, day, seconds)
        select application_id, ${day}::date, seconds
          from jsonb_to_recordset(${JSON.stringify(added)}::jsonb) as u(application_id text, seconds double precision)
         order by application_id
        on conflict (application_id, day) do update set seconds = fence_days.seconds + excluded.seconds
      `.execute(this.#db);
    }
    const { rows: totals } = await sql<{ application_id: string; seconds: number }>`
      select u.application_id, coalesce(d.seconds, 0) as seconds
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as u(application_id text)
        left join fence_days d on d.application_id = u.application_id and d.day = ${day}::date
    `.execute(this.#db);
    return totals.map(({ application_id: applicationId, seconds }) => ({ applicationId, seconds }));
  }
}

interface GrantedRow {
  readonly application_id: string;
  readonly unit: Lease['unit'];
  readonly units: number;
  readonly nodes: number;
  readonly pressed: boolean;
}

/** What others hold is taken off the limit; what is in use here stays granted, since denying it would not end a call. */
function grant(node: string, instance: string, wishes: readonly LeaseWish[]) {
  const rows = wishes.map(({ applicationId, unit, limit, holding, needed, wanted }) => ({
    application_id: applicationId,
    unit,
    most: limit,
    holding,
    needed,
    wanted,
  }));
  return sql<GrantedRow>`
    with wish as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as w(application_id text, unit text, most integer, holding integer, needed integer, wanted integer)
    ), others as (
      select l.application_id, l.unit, sum(l.units)::integer as units, count(*)::integer as nodes,
             bool_or(l.needed > l.units) as pressed
        from fence_leases l join wish w on w.application_id = l.application_id and w.unit = l.unit
       where l.instance <> ${instance} and l.expires_at > clock_timestamp()
       group by l.application_id, l.unit
    ), granted as (
      select w.application_id, w.unit, w.needed, coalesce(o.nodes, 0) + 1 as nodes,
             coalesce(o.pressed, false) as pressed,
             greatest(w.holding, least(w.wanted, greatest(0, w.most - coalesce(o.units, 0)))) as units
        from wish w left join others o on o.application_id = w.application_id and o.unit = w.unit
    ), written as (
      insert into fence_leases (application_id, unit, instance, node, units, needed, expires_at)
      select application_id, unit, ${instance}, ${node}, units, needed,
             clock_timestamp() + case unit when 'concurrent' then ${seconds(LEASE_SECONDS)}
                                           else ${seconds(MINUTE_LEASE_SECONDS)} end
        from granted
      on conflict (application_id, unit, instance) do update
        set units = excluded.units, needed = excluded.needed, expires_at = excluded.expires_at
    )
    select application_id, unit, units, nodes, pressed from granted`;
}

async function forgetExpired(trx: Transaction<Schema>, instance: string): Promise<void> {
  await sql`delete from fence_leases where instance <> ${instance} and expires_at <= clock_timestamp()`.execute(
    trx,
  );
}

const seconds = (count: number) => sql`${sql.lit(`${count} seconds`)}::interval`;
