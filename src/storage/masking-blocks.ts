import { type Kysely, type Selectable, sql } from 'kysely';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { BlockStore, Page } from '../masking/ports.ts';
import type { Block } from '../masking/types.ts';
import { InvalidCursor } from '../records/ports.ts';
import { appendEvents } from './append-events.ts';
import { invalid, refuseService } from './masking-checks.ts';
import { findOrMakePeople } from './masking-people.ts';
import { inTransaction } from './masking-retry.ts';
import { type MaskingTools, NEVER } from './masking-tools.ts';
import type { Schema } from './schema.ts';

/** Who shall not reach whom. */
export class SqlBlocks implements BlockStore {
  readonly #db: Kysely<Schema>;
  readonly #tools: MaskingTools;

  constructor(db: Kysely<Schema>, tools: MaskingTools) {
    this.#db = db;
    this.#tools = tools;
  }

  /** @throws MaskingError `masking/party-invalid` for what is no number, or the token of nobody. */
  async add(block: Parameters<BlockStore['add']>[0]): Promise<Block> {
    const now = new Date(this.#tools.clock.now());
    return await inTransaction(this.#db, this.#tools, async (trx) => {
      const { applicationId, person, counterpart, direction, by, reason, expiresAt } = block;
      const row = {
        id: `blk_${this.#tools.random.uuid()}`,
        application_id: applicationId,
        person_id: await this.#tokenOf(trx, applicationId, person, '/person', now),
        counterpart_id:
          counterpart === undefined
            ? null
            : await this.#tokenOf(trx, applicationId, counterpart, '/counterpart', now),
        direction,
        by_whom: by,
        reason,
        created_at: now,
        expires_at: expiresAt === undefined ? null : new Date(Math.min(expiresAt, NEVER.getTime())),
      };
      if (row.person_id === row.counterpart_id)
        throw invalid('Nobody can be kept from reaching themselves.', '/counterpart');
      await trx.insertInto('masking_blocks').values(row).execute();
      await this.#tell(trx, row, 'block.created', now);
      return readBlock(row);
    });
  }

  /** Those that are in force, the newest first. */
  async list(
    applicationId: string | undefined,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<Block>> {
    const now = new Date(this.#tools.clock.now());
    let query = this.#db
      .selectFrom('masking_blocks')
      .selectAll()
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    if (page.cursor !== undefined) {
      const { at, id } = readCursor(page.cursor);
      query = query.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id})`);
    }
    const rows = await query.execute();
    const last = rows.length > page.limit ? rows[page.limit - 1] : undefined;
    return {
      items: rows.slice(0, page.limit).map(readBlock),
      next: last && Buffer.from(`${last.created_at.getTime()} ${last.id}`).toString('base64url'),
    };
  }

  async remove(id: string, applicationId: string | undefined): Promise<boolean> {
    return await inTransaction(this.#db, this.#tools, async (trx) => {
      let query = trx.deleteFrom('masking_blocks').where('id', '=', id);
      if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
      const row = await query.returningAll().executeTakeFirst();
      if (row === undefined) return false;
      await this.#tell(trx, row, 'block.removed', new Date(this.#tools.clock.now()));
      return true;
    });
  }

  async #tokenOf(
    trx: Kysely<Schema>,
    applicationId: string,
    person: PhoneNumber | string,
    field: string,
    now: Date,
  ): Promise<string> {
    if (person instanceof PhoneNumber) {
      if (!person.isE164)
        throw invalid('This is no telephone number; begin with + and the country code.', field);
      const [found] = await findOrMakePeople(trx, this.#tools, applicationId, [person], now);
      refuseService(found?.isService === true, field);
      return found?.token ?? '';
    }
    const row = await trx
      .selectFrom('people')
      .select('id')
      .where('id', '=', person)
      .where('application_id', '=', applicationId)
      .executeTakeFirst();
    if (row === undefined) throw invalid('The application knows nobody by that token.', field);
    return row.id;
  }

  /** Without the reason: it is free text. */
  async #tell(
    trx: Kysely<Schema>,
    row: BlockRow,
    type: 'block.created' | 'block.removed',
    now: Date,
  ): Promise<void> {
    const { id, applicationId, person, counterpart, direction, by, expiresAt } = readBlock(row);
    const data = {
      ...{ person, counterpart, direction, by },
      expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
    };
    await appendEvents(trx, this.#tools.random, [
      { applicationId, subject: id, type, at: now.getTime(), data },
    ]);
  }
}

type BlockRow = Selectable<Schema['masking_blocks']>;

function readBlock(row: BlockRow): Block {
  return {
    id: row.id,
    applicationId: row.application_id,
    person: row.person_id,
    counterpart: row.counterpart_id ?? undefined,
    direction: row.direction,
    by: row.by_whom,
    reason: row.reason,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at?.getTime(),
  };
}

function readCursor(cursor: string): { readonly at: string; readonly id: string } {
  const match = /^(\d{1,13}) (blk_[\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match === null) throw new InvalidCursor();
  return { at: new Date(Number(match[1])).toISOString(), id: match[2] ?? '' };
}
