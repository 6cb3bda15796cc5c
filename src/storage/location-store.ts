import type { Kysely } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Binding, LocationStore } from '../sip/user-agent/types.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const CONTACT = 'registrations.contact';

/** Registered contacts. A Contact URI may hold a number as its user part, so it is sealed. */
export class SqlLocationStore implements LocationStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #clock: Clock;

  constructor(db: Kysely<Schema>, vault: Vault, clock: Clock) {
    this.#db = db;
    this.#vault = vault;
    this.#clock = clock;
  }

  /** Bindings that have not expired, best `q` first. */
  async list(userId: string): Promise<readonly Binding[]> {
    const rows = await this.#db
      .selectFrom('registrations')
      .selectAll()
      .where('user_id', '=', userId)
      .where('expires_at', '>', new Date(this.#clock.now()))
      .orderBy('q', 'desc')
      .orderBy('expires_at', 'desc')
      .execute();
    return rows.map((row) => ({
      userId: row.user_id,
      contact: this.#vault.open(row.contact_sealed, CONTACT),
      source: { transport: row.transport, host: row.host, port: row.port },
      callId: row.call_id,
      cseq: row.cseq,
      expiresAt: row.expires_at.getTime(),
      q: row.q,
    }));
  }

  /** Also forgets what of this user has expired. */
  async put(binding: Binding): Promise<void> {
    const changing = {
      contact_sealed: this.#vault.seal(binding.contact, CONTACT),
      transport: binding.source.transport,
      host: binding.source.host,
      port: binding.source.port,
      call_id: binding.callId,
      cseq: binding.cseq,
      expires_at: new Date(binding.expiresAt),
      q: binding.q,
    };
    const key = { user_id: binding.userId, contact_index: this.#vault.index(binding.contact) };
    // While keys of the vault are being changed, the same contact may stand under another index.
    const older = this.#vault.indexesOfText(binding.contact).filter((index) => index !== key.contact_index);
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .deleteFrom('registrations')
        .where('user_id', '=', binding.userId)
        .where('expires_at', '<=', new Date(this.#clock.now()))
        .execute();
      if (older.length > 0)
        await trx
          .deleteFrom('registrations')
          .where('user_id', '=', binding.userId)
          .where('contact_index', 'in', older)
          .execute();
      await trx
        .insertInto('registrations')
        .values({ ...key, ...changing })
        .onConflict((conflict) => conflict.columns(['user_id', 'contact_index']).doUpdateSet(changing))
        .execute();
    });
  }

  async remove(userId: string, contact?: string): Promise<void> {
    let query = this.#db.deleteFrom('registrations').where('user_id', '=', userId);
    if (contact !== undefined) {
      query = query.where('contact_index', 'in', this.#vault.indexesOfText(contact));
    }
    await query.execute();
  }
}
