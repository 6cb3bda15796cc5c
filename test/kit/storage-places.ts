import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '../../src/kernel/random.ts';
import { PgliteClient } from '../../src/storage/pglite-client.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/** Where a storage is opened: a fresh place each time. */
export interface StoragePlace {
  readonly dataFolder: string;
  readonly databaseUrl?: string;
}

/** Hands out fresh places of one kind, and removes them all at the end. */
export interface StoragePlaces {
  fresh(): Promise<StoragePlace>;
  close(): Promise<void>;
}

/** Embedded databases. The empty database is made once and copied: making one takes seconds. */
export function embeddedPlaces(): StoragePlaces {
  const root = mkdtempSync(join(tmpdir(), 'maskline-storage-'));
  const template = join(root, 'template');
  return {
    fresh: async () => {
      if (!existsSync(template)) {
        const client = new PgliteClient(template);
        await client.open();
        await client.close();
      }
      const dataFolder = join(root, systemRandom.token(6));
      cpSync(template, join(dataFolder, 'database'), { recursive: true });
      return { dataFolder };
    },
    close: async () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Databases of a PostgreSQL server that is started for them. */
export function serverPlaces(): StoragePlaces {
  const root = mkdtempSync(join(tmpdir(), 'maskline-storage-'));
  let server: PostgresServer | undefined;
  return {
    fresh: async () => {
      server ??= await startPostgres();
      return { dataFolder: join(root, systemRandom.token(6)), databaseUrl: await server.createDatabase() };
    },
    close: async () => {
      await server?.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
