import { sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import { ApiKeyStore } from './api-keys.ts';
import { SqlAppStorage } from './app-storage.ts';
import { SqlAuditLog } from './audit-log.ts';
import { SqlCallHistory } from './call-history.ts';
import { SqlCallListStore } from './call-list.ts';
import { DataKeys } from './data-keys.ts';
import { openDatabase } from './database.ts';
import { Directory } from './directory.ts';
import { DirectoryAdmin } from './directory-admin.ts';
import { EmbeddedUpkeep } from './embedded-upkeep.ts';
import { SqlErasureStore } from './erasure-store.ts';
import { EventBell } from './event-bell.ts';
import { SqlEventLogStore } from './event-log-store.ts';
import { SqlEventStore, settleRestored } from './event-store.ts';
import { SqlFenceStore } from './fence-store.ts';
import { SqlFileRemovals } from './file-removals.ts';
import { SqlIdempotencyStore } from './idempotency-store.ts';
import { type DirectoryChange, type DirectoryDeclaration, importDirectory } from './import-directory.ts';
import { KeyHolders } from './key-holders.ts';
import { SqlLocationStore } from './location-store.ts';
import { type MaskingStorage, openMaskingStorage } from './masking-storage.ts';
import { migrate } from './migrate.ts';
import { openVault } from './open-vault.ts';
import { SqlOutbox } from './outbox.ts';
import { SqlPlatformDirectory } from './platform-directory.ts';
import { SqlPlatformIds } from './platform-ids.ts';
import { SqlRecordStore } from './record-store.ts';
import { SqlRetentionStore } from './retention-store.ts';
import { directoryVersion, loadSnapshot } from './snapshot.ts';
import { SqlTraceStore } from './trace-store.ts';
import { SqlTranscriptStore } from './transcript-store.ts';
import { SqlWebhookStore } from './webhook-store.ts';

export interface StorageOptions {
  /** PostgreSQL server; absent or empty: the embedded database in `dataFolder`. */
  readonly databaseUrl?: string;
  /** Made with mode 0700 when it is not there. */
  readonly dataFolder: string;
  /** Default: MASKLINE_KEY_FILE, else `maskline.key` in the data folder. Made for a new database. */
  readonly keyFile?: string;
  /** The key ring itself, in the form of the file. Default: MASKLINE_KEY. */
  readonly key?: string;
  /** Name of this node, by which its calls are found again after it died. Default `node`. */
  readonly node?: string;
  /** Keys that one application may hold in its key-value storage. Default 100 000. */
  readonly maxStorageKeys?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where MASKLINE_KEY and MASKLINE_KEY_FILE are looked up; default: the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Everything that is stored. Closing it ends every query, timer and thread of it. */
export interface Storage {
  readonly records: SqlRecordStore;
  readonly locations: SqlLocationStore;
  readonly directory: Directory;
  readonly admin: DirectoryAdmin;
  readonly apiKeys: ApiKeyStore;
  readonly idempotency: SqlIdempotencyStore;
  readonly audit: SqlAuditLog;
  readonly erasures: SqlErasureStore;
  readonly retention: SqlRetentionStore;
  readonly fileRemovals: SqlFileRemovals;
  readonly fence: SqlFenceStore;
  readonly traces: SqlTraceStore;
  readonly eventLogs: SqlEventLogStore;
  readonly transcripts: SqlTranscriptStore;
  readonly appStorage: SqlAppStorage;
  readonly callLists: SqlCallListStore;
  readonly events: SqlEventStore;
  readonly webhooks: SqlWebhookStore;
  readonly outbox: SqlOutbox;
  /** Rung when this node has written events; whoever writes some in a transaction of its own may ring, too. */
  readonly bell: EventBell;
  readonly masking: MaskingStorage;
  /** For the platform API. */
  readonly platform: {
    readonly directory: SqlPlatformDirectory;
    readonly ids: SqlPlatformIds;
    readonly history: SqlCallHistory;
  };
  /** The keys under which numbers and secrets are sealed, and how they are changed. */
  readonly dataKeys: DataKeys;
  /** `embedded` or `server`, for people. */
  readonly kind: 'embedded' | 'server';
  /** Makes the directory what the settings file declares; see `import-directory.ts`. */
  importDirectory(declared: DirectoryDeclaration): Promise<readonly DirectoryChange[]>;
  /** Resolves when the database answers. For readiness. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Opens, migrates and unlocks the database. Rejects with a `StorageError` that says what to do. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { clock, random, log, dataFolder } = options;
  const environment = options.environment ?? process.env;
  const database = await openDatabase({ databaseUrl: options.databaseUrl, dataFolder, random, log });
  let holders: KeyHolders | undefined;
  const upkeep = database.shared ? undefined : new EmbeddedUpkeep(database.db, { clock, log });
  try {
    const { db } = database;
    const applied = await migrate(db);
    if (applied.length > 0) log.info({ migrations: applied }, 'the database was brought up to date');
    const source = {
      dataFolder,
      key: options.key ?? (options.keyFile === undefined ? environment.MASKLINE_KEY : undefined),
      keyFile: options.keyFile ?? environment.MASKLINE_KEY_FILE,
    };
    const settled = await settleRestored(db);
    if (settled > 0)
      log.warn(
        { events: settled },
        'the database was restored from another server; its events are kept in order',
      );
    const vault = await openVault({ ...source, db, random });
    const held = await KeyHolders.open({ db, vault, source, shared: database.shared, clock, random, log });
    holders = held;
    const directory = await Directory.open({
      load: () => loadSnapshot(db, vault, log),
      version: () => directoryVersion(db),
      clock,
      log,
      poll: database.shared,
    });
    const tools = { vault, random, clock };
    const bell = new EventBell();
    const records = new SqlRecordStore(db, vault, random, {
      shared: database.shared,
      onEvents: () => bell.ring(),
    });

    return {
      records,
      locations: new SqlLocationStore(db, vault, clock),
      directory,
      admin: new DirectoryAdmin(db, directory, tools),
      apiKeys: new ApiKeyStore(db, random, clock),
      idempotency: new SqlIdempotencyStore(db, vault, clock),
      audit: new SqlAuditLog(db),
      erasures: new SqlErasureStore(db, tools, () => bell.ring()),
      retention: new SqlRetentionStore(db),
      fileRemovals: new SqlFileRemovals(db, vault),
      fence: new SqlFenceStore(db),
      traces: new SqlTraceStore(db, vault),
      eventLogs: new SqlEventLogStore(db, vault),
      transcripts: new SqlTranscriptStore(db, clock, random, () => bell.ring()),
      appStorage: new SqlAppStorage(db, vault, clock, options.maxStorageKeys ?? 100_000),
      callLists: new SqlCallListStore(db, vault),
      events: new SqlEventStore(db, random),
      webhooks: new SqlWebhookStore(db, tools, () => bell.ring()),
      outbox: new SqlOutbox(db, vault, clock),
      bell,
      masking: openMaskingStorage(db, {
        ...tools,
        directory,
        node: options.node ?? 'node',
        ring: () => bell.ring(),
      }),
      platform: {
        directory: new SqlPlatformDirectory(db, tools, () => directory.refresh()),
        ids: new SqlPlatformIds(db),
        history: new SqlCallHistory(db, vault, records),
      },
      dataKeys: new DataKeys({ db, vault, holders: held, source, random, clock }),
      kind: database.shared ? 'server' : 'embedded',
      importDirectory: async (declared) => {
        const changes = await importDirectory(db, tools, declared);
        await directory.refresh();
        return changes;
      },
      ping: async () => {
        await sql`select 1`.execute(db);
      },
      close: async () => {
        directory.close();
        await held.close();
        await upkeep?.close();
        await database.close();
      },
    };
  } catch (error) {
    await holders?.close();
    await upkeep?.close();
    await database.close();
    throw error;
  }
}
