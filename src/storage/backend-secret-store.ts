import { type Kysely, sql } from 'kysely';
import { newSecret } from '../events/ports.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { BackendSecretStore } from '../masking/ports.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const PLACE = 'backend_secrets.secrets';
/** So long the one before signs, too, after it was replaced. */
const OVERLAP_MS = 86_400_000;
/** A node signs by what it has read so shortly ago, milliseconds: both secrets are good meanwhile. */
const MEMORY_MS = 10_000;

/** One secret for each application, made when it is first needed; sealed. */
export class SqlBackendSecretStore implements BackendSecretStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #memory = new Map<string, { readonly secrets: readonly string[]; readonly readAt: number }>();

  constructor(
    db: Kysely<Schema>,
    tools: { readonly vault: Vault; readonly clock: Clock; readonly random: Random },
  ) {
    this.#db = db;
    this.#vault = tools.vault;
    this.#clock = tools.clock;
    this.#random = tools.random;
  }

  async current(applicationId: string): Promise<readonly string[]> {
    const known = this.#memory.get(applicationId);
    if (known !== undefined && this.#clock.monotonic() - known.readAt < MEMORY_MS) return known.secrets;
    const secrets = (await this.#read(applicationId)) ?? (await this.#make(applicationId));
    this.#memory.set(applicationId, { secrets, readAt: this.#clock.monotonic() });
    return secrets;
  }

  async rotate(applicationId: string): Promise<string> {
    await this.current(applicationId);
    const secret = newSecret(this.#random);
    await this.#db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ secrets_sealed: string }>`
        select secrets_sealed from backend_secrets where application_id = ${applicationId} for update`.execute(
        trx,
      );
      const [before] = this.#open(rows[0]?.secrets_sealed);
      await trx
        .updateTable('backend_secrets')
        .set({
          secrets_sealed: this.#seal(before === undefined ? [secret] : [secret, before]),
          rotated_at: new Date(this.#clock.now()),
        })
        .where('application_id', '=', applicationId)
        .execute();
    });
    this.#memory.delete(applicationId);
    return secret;
  }

  async #read(applicationId: string): Promise<readonly string[] | undefined> {
    const row = await this.#db
      .selectFrom('backend_secrets')
      .select(['secrets_sealed', 'rotated_at'])
      .where('application_id', '=', applicationId)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const secrets = this.#open(row.secrets_sealed);
    const isOver = this.#clock.now() - (row.rotated_at?.getTime() ?? 0) >= OVERLAP_MS;
    return isOver ? secrets.slice(0, 1) : secrets;
  }

  async #make(applicationId: string): Promise<readonly string[]> {
    await this.#db
      .insertInto('backend_secrets')
      .values({
        application_id: applicationId,
        secrets_sealed: this.#seal([newSecret(this.#random)]),
        rotated_at: null,
      })
      // Another node was faster: its secret counts.
      .onConflict((conflict) => conflict.column('application_id').doNothing())
      .execute();
    return (await this.#read(applicationId)) ?? [];
  }

  #seal(secrets: readonly string[]): string {
    return this.#vault.seal(JSON.stringify(secrets), PLACE);
  }

  #open(sealed: string | undefined): readonly string[] {
    return sealed === undefined ? [] : (JSON.parse(this.#vault.open(sealed, PLACE)) as string[]);
  }
}
