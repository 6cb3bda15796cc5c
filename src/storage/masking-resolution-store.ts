import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { Candidate, ResolutionStore } from '../masking/ports.ts';
import { DEFAULT_POLICY, type Question, type RoutingPolicy } from '../masking/types.ts';
import { type CandidateRow, candidatesFrom } from './masking-candidates.ts';
import { findOrMakePeople, tokenOf } from './masking-people.ts';
import { PERSON_PLACE } from './masking-tools.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** How soon a node sees a policy that another node has changed, milliseconds; its own it sees at once. */
const POLICY_MS = 1_000;

/** What a call asks of the masking service's tables. Times are the node's own, as they are for whoever writes them. */
export class SqlResolutionStore implements ResolutionStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #policies = new Map<string, { readonly policy: RoutingPolicy; readonly readAt: number }>();

  constructor(
    db: Kysely<Schema>,
    tools: { readonly vault: Vault; readonly clock: Clock; readonly random: Random },
  ) {
    this.#db = db;
    this.#vault = tools.vault;
    this.#clock = tools.clock;
    this.#random = tools.random;
  }

  async candidates(question: Question): Promise<readonly Candidate[]> {
    const { rows } = await this.candidatesQuery(question).execute(this.#db);
    return candidatesFrom(rows, question.applicationId, this.#vault);
  }

  /**
   * One statement along keys: the caller's person (or anyone, `*`) and the number, the primary key of their slots, the
   * sessions, their parties. In two steps of few tables each: the planner tries orders of joins, and for one join of all of
   * them that would take ten times as long as finding the rows.
   */
  candidatesQuery({ applicationId, caller, dialled }: Question): RawBuilder<CandidateRow> {
    return sql<CandidateRow>`
      with live as materialized (
        select s.* from masking_slots slot join masking_sessions s on s.id = slot.session_id and ${this.#live()}
         where slot.person_id = any (array(
                 select id from people where application_id = ${applicationId} and number_index in (${this.#indexes(caller)})
                 union all select '*'))
           and slot.number_id = (${this.#numberId(applicationId, dialled)}))
      select ${columns(this.#indexes(caller))} from live s ${PARTIES}`;
  }

  async byExtension(question: Question & { readonly extension: string }): Promise<Candidate | undefined> {
    const { applicationId, caller, dialled, extension } = question;
    const { rows } = await sql<CandidateRow & { readonly reached: string }>`
      with live as materialized (
        select s.*, x.party_id as reached
          from masking_extensions x join masking_sessions s on s.id = x.session_id and ${this.#live()}
         where x.number_id = (${this.#numberId(applicationId, dialled)})
           and x.digits = ${extension.replaceAll('\0', '')} and s.application_id = ${applicationId})
      select ${columns(this.#indexes(caller))}, s.reached from live s ${PARTIES}`.execute(this.#db);
    const [candidate] = candidatesFrom(rows, applicationId, this.#vault);
    if (candidate === undefined) return undefined;
    const callees = candidate.session.parties.filter(({ id }) => id === rows[0]?.reached);
    return { ...candidate, callees };
  }

  async traces({
    applicationId,
    caller,
    dialled,
  }: Question): Promise<{ extensions: boolean; expired: boolean }> {
    const { rows } = await sql<{ extensions: boolean; expired: boolean }>`
      select
        exists (select 1 from masking_extensions x join masking_sessions s on s.id = x.session_id and ${this.#live()}
                 where x.number_id = dialled.id) as extensions,
        exists (select 1 from people me
                  join masking_parties p on p.person_id = me.id and p.number_id = dialled.id
                  join masking_sessions s on s.id = p.session_id and not (${this.#live()})
                 where me.application_id = ${applicationId} and me.number_index in (${this.#indexes(caller)})) as expired
        from numbers dialled
       where dialled.kind = 'service' and dialled.application_id = ${applicationId}
         and dialled.number_index in (${this.#indexes(dialled)})`.execute(this.#db);
    return rows[0] ?? { extensions: false, expired: false };
  }

  async lastCaller(sessionId: string): Promise<PhoneNumber | undefined> {
    // By what the call says, and not by who is a party now: a party whose number was changed was never a caller from outside.
    // Of somebody who was erased the call is there still, so that nobody who called before is taken for them.
    const { rows } = await sql<{ number_sealed: string | null }>`
      select person.number_sealed
        from masking_calls c
        left join people person on person.id = c.caller
       where c.session_id = ${sessionId} and c.caller_party_id is null
       order by c.started_at desc, c.id desc limit 1`.execute(this.#db);
    const sealed = rows[0]?.number_sealed ?? undefined;
    return sealed === undefined ? undefined : this.#vault.openNumber(sealed, PERSON_PLACE);
  }

  async fences(
    applicationId: string,
    from: PhoneNumber,
    to: readonly PhoneNumber[],
    since: number,
  ): Promise<readonly { readonly blocked: boolean; readonly attempts: number }[]> {
    const pairs = to.flatMap((number, ord) => this.#vault.indexesOf(number).map((key) => ({ ord, key })));
    const { rows } = await sql<{ ord: number; blocked: boolean; attempts: number }>`
      with callers as materialized (
        select array(select id from people
                      where application_id = ${applicationId} and number_index in (${this.#indexes(from)})) as ids),
      callees as materialized (
        select t.ord, array_agg(person.id) as ids
          from jsonb_to_recordset(${JSON.stringify(pairs)}::jsonb) as t (ord int, key text)
          left join people person on person.application_id = ${applicationId} and person.number_index = t.key
         group by t.ord)
      select them.ord,
        exists (select from masking_blocks b
                 where b.person_id = any (me.ids) and b.direction in ('from', 'both')
                   and (b.expires_at is null or b.expires_at > ${this.#now()})
                   and (b.counterpart_id is null or b.counterpart_id = any (them.ids)))
        or exists (select from masking_blocks b
                    where b.person_id = any (them.ids) and b.direction in ('to', 'both')
                      and (b.expires_at is null or b.expires_at > ${this.#now()})
                      and (b.counterpart_id is null or b.counterpart_id = any (me.ids))) as blocked,
        (select count(*)::int from masking_calls c
          where c.caller = any (me.ids) and c.callee = any (them.ids) and c.started_at >= ${new Date(since)}) as attempts
        from callers me, callees them
       order by them.ord`.execute(this.#db);
    return rows.map(({ blocked, attempts }) => ({ blocked, attempts }));
  }

  async token(applicationId: string, number: PhoneNumber, make: boolean): Promise<string | undefined> {
    const known = await tokenOf(this.#db, this.#vault, applicationId, number);
    if (known !== undefined || !make) return known;
    const tools = { vault: this.#vault, random: this.#random };
    const [made] = await findOrMakePeople(this.#db, tools, applicationId, [number], this.#now());
    return made?.token;
  }

  async numberOf(applicationId: string, token: string): Promise<PhoneNumber | undefined> {
    const row = await this.#db
      .selectFrom('people')
      .select('number_sealed')
      .where('id', '=', token.replaceAll('\0', ''))
      .where('application_id', '=', applicationId)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#vault.openNumber(row.number_sealed, PERSON_PLACE);
  }

  async policy(applicationId: string): Promise<RoutingPolicy> {
    const known = this.#policies.get(applicationId);
    const now = this.#clock.monotonic();
    if (known !== undefined && now - known.readAt < POLICY_MS) return known.policy;
    const row = await this.#db
      .selectFrom('masking_policies')
      .select('policy')
      .where('application_id', '=', applicationId)
      .executeTakeFirst();
    // What came with a later version has its default.
    const policy = { ...DEFAULT_POLICY, ...row?.policy };
    this.#policies.set(applicationId, { policy, readAt: now });
    return policy;
  }

  async setPolicy(applicationId: string, policy: RoutingPolicy): Promise<void> {
    const document = { policy: JSON.stringify(policy) };
    await this.#db
      .insertInto('masking_policies')
      .values({ application_id: applicationId, ...document })
      .onConflict((conflict) => conflict.column('application_id').doUpdateSet(document))
      .execute();
    this.#policies.delete(applicationId);
  }

  #indexes(number: PhoneNumber): RawBuilder<unknown> {
    return sql.join(this.#vault.indexesOf(number));
  }

  #numberId(applicationId: string, number: PhoneNumber): RawBuilder<unknown> {
    return sql`select id from numbers where kind = 'service' and application_id = ${applicationId}
                  and number_index in (${this.#indexes(number)})`;
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }

  #live(): RawBuilder<boolean> {
    return sql<boolean>`s.status = 'open' and s.expires_at > ${this.#now()}`;
  }
}

const PARTIES = sql`
        join masking_parties p on p.session_id = s.id
        left join people person on person.id = p.person_id`;

function columns(caller: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
        s.id, s.external_id, s.mode, s.rules, s.metadata_sealed, s.calls, s.created_at, s.expires_at, s.last_call_at,
        p.id as party_id, p.position, p.person_id, p.number_id, p.role, p.label, p.announcement, p.extension,
        person.number_sealed, (select held.number_sealed from numbers held where held.id = p.number_id) as held_sealed,
        coalesce(person.number_index in (${caller}), false) as is_caller`;
}
