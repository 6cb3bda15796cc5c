import { join, resolve } from 'node:path';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { systemClock } from '../kernel/clock.ts';
import { createLogger } from '../kernel/logger.ts';
import { systemRandom } from '../kernel/random.ts';
import { declaredDirectory } from '../node/declared-directory.ts';
import { openStorage, type Storage } from '../storage/storage.ts';
import { exampleFolder } from './example.ts';

/** Options that say where a node keeps its things. */
export interface StoredAt {
  readonly settings?: string | undefined;
  readonly example?: string | undefined;
  readonly data?: string | undefined;
  readonly application?: string | undefined;
}

export interface Stored {
  readonly storage: Storage;
  readonly settings: Settings;
  /** The data folder, absolute. */
  readonly data: string;
}

/**
 * The storage that `serve` with the same options would open, with the applications that its settings declare.
 *
 * @param inUse what to do instead while a node has the embedded database open; `url` is that node's.
 */
export async function openStored(values: StoredAt, inUse: (url: string) => string): Promise<Stored> {
  const file = values.settings ?? join(exampleFolder(values.example ?? 'taxi'), 'maskline.yaml');
  const { settings, folder } = loadSettings(file, process.env);
  const databaseUrl = process.env.DATABASE_URL ?? settings.databaseUrl;
  const data = resolve(values.data ?? settings.data);
  let storage: Storage;
  try {
    storage = await openStorage({
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
      dataFolder: data,
      clock: systemClock,
      random: systemRandom,
      log: createLogger('error'),
    });
  } catch (error) {
    const url = settings.http.publicUrl ?? `http://${settings.http.host}:${settings.http.port}`;
    throw explainInUse(error, inUse(url));
  }
  try {
    const { application } = values;
    const known = storage.admin
      .applications()
      .some(({ id, name }) => name === application || id === application);
    // Something may be done for an application before the first start; that start would declare the same.
    if (application !== undefined && !known) {
      await storage.importDirectory(await declaredDirectory(settings, folder));
    }
    return { storage, settings, data };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** The embedded database belongs to one process; while a node runs, it is the node that does things. */
function explainInUse(error: unknown, hint: string): unknown {
  if ((error as { code?: unknown } | undefined)?.code !== 'storage/folder-in-use') return error;
  return Object.assign(new Error('The database is in use.', { cause: error }), {
    code: 'storage/folder-in-use',
    hint,
  });
}
