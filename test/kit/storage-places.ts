import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/kernel/random.ts';
import { putDatabase } from './migrated-database.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/** Where a storage is opened: a fresh place each time. */
export interface StoragePlace {
  readonly dataFolder: string;
  readonly databaseUrl?: string;
}

/** Hands out fresh places of one kind, and removes them all at the end. */
export interface StoragePlaces {
  /** Ready for a storage to be opened. */
  fresh(): Promise<StoragePlace>;
  /** Without any table. */
  bare(): Promise<StoragePlace>;
  close(): Promise<void>;
}

/** Embedded databases. */
export function embeddedPlaces(): StoragePlaces {
  const root = mkdtempSync(join(tmpdir(), 'maskline-storage-'));
  const folder = (): string => join(root, systemRandom.token(6));
  return {
    fresh: async () => {
      const dataFolder = folder();
      await putDatabase(dataFolder);
      return { dataFolder };
    },
    bare: async () => ({ dataFolder: folder() }),
    close: async () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Databases of a PostgreSQL server that is started for them. */
export function serverPlaces(): StoragePlaces {
  const root = mkdtempSync(join(tmpdir(), 'maskline-storage-'));
  let server: PostgresServer | undefined;
  const fresh = async (): Promise<StoragePlace> => {
    server ??= await startPostgres();
    return { dataFolder: join(root, systemRandom.token(6)), databaseUrl: await server.createDatabase() };
  };
  return {
    fresh,
    bare: fresh,
    close: async () => {
      await server?.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
