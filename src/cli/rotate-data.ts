/** `maskline keys rotate-data`: changes the key under which numbers and secrets are sealed, step by step. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DataKeyStatus, DataKeys } from '../storage/data-keys.ts';
import { openStored, type StoredAt } from './open-stored.ts';

/** Nodes look at their key file every five seconds; one that was killed counts as alive for a minute. */
const PATIENCE_MS = 70_000;
const LOOK_MS = 1_000;

const IN_USE = (): string =>
  [
    'A node runs on this data folder, and its embedded database belongs to it alone. Stop the node, run this, and start it again:',
    'calls wait for some seconds. With PostgreSQL nodes go on running meanwhile.',
  ].join('\n');

/** Resolves with the exit status: 0 when the change is complete, 1 when there is something to be done first. */
export async function rotateData(
  values: StoredAt & { readonly check?: boolean | undefined },
): Promise<number> {
  const { storage } = await openStored(values, IN_USE);
  try {
    const { dataKeys } = storage;
    if (values.check === true) return printStatus(await dataKeys.status());
    return await rotate(dataKeys);
  } finally {
    await storage.close();
  }
}

async function rotate(dataKeys: DataKeys): Promise<number> {
  const status = await dataKeys.status();
  const newest = status.keys.at(-1) ?? status.current;
  const isDone = newest === status.current && Object.keys(status.stale).length === 0;
  if (isDone && status.retired.length > 0) {
    console.log(`The change to the key ${status.current} is complete.`);
    return printRetired(status.retired);
  }
  const isOneKey = status.keys.length === 1;
  const next = newest === status.current && isOneKey ? await addKey(dataKeys) : newest;
  if (next === undefined) return 1;
  if (next !== status.current && !(await switchTo(dataKeys, next))) return 1;
  console.log('Rows are sealed anew:');
  const { rows, stuck } = await dataKeys.resealAll(progress());
  console.log(`  ${rows} rows are under the key ${next}.`);
  if (stuck > 0) {
    console.error(
      `${stuck} rows cannot be: another row has the same number. \`--check\` names their tables.`,
    );
    return 1;
  }
  return printRetired(await dataKeys.finish('cli'));
}

/** The id of the new key; undefined: somebody has to add it by hand. */
async function addKey(dataKeys: DataKeys): Promise<string | undefined> {
  const { id, line, path } = await dataKeys.add();
  if (path !== undefined) {
    console.log(`The key ${id} was added to ${path}. Make a copy of that file now.`);
    return id;
  }
  console.error(
    'The keys are in MASKLINE_KEY. Add this to it on every node, after a comma, and restart them:\n',
  );
  console.error(`  ${line}\n`);
  console.error('Then run this again. Until then nothing is sealed with it, and it is kept nowhere else.');
  return undefined;
}

async function switchTo(dataKeys: DataKeys, id: string): Promise<boolean> {
  const without = await until(() => dataKeys.without(id));
  if (without.length > 0) {
    console.error(`These processes do not know the key ${id} yet:\n`);
    for (const instance of without) console.error(`  ${instance}`);
    console.error(
      '\nCopy the key file to their machines (they look at it every few seconds), or add the key to their',
    );
    console.error('MASKLINE_KEY and restart them. Then run this again; it goes on here.');
    return false;
  }
  await dataKeys.activate(id);
  console.log(`From now on the key ${id} seals.`);
  const behind = await until(() => dataKeys.behind(id));
  if (behind.length === 0) return true;
  console.error(
    `These processes still seal with an older key: ${behind.join(', ')}. Run this again in a minute.`,
  );
  return false;
}

/** Asks until nobody is left, for a while. */
async function until(left: () => Promise<readonly string[]>): Promise<readonly string[]> {
  let instances = await left();
  for (let waited = 0; instances.length > 0 && waited < PATIENCE_MS; waited += LOOK_MS) {
    await pause(LOOK_MS);
    instances = await left();
  }
  return instances;
}

/** A line when a table begins, and for every ten thousand rows of it. */
function progress(): (table: string, rows: number) => void {
  let last = '';
  let told = 0;
  return (table, rows) => {
    if (table === last && rows - told < 10_000) return;
    last = table;
    told = rows;
    console.log(`  ${table}: ${rows}`);
  };
}

function printRetired(ids: readonly string[]): number {
  if (ids.length === 0) console.log('No other key is there.');
  else {
    const which = ids.length === 1 ? `The key ${ids[0]} is` : `The keys ${ids.join(', ')} are`;
    console.log(
      `${which} not needed by any row any more. Take their lines out of the key file or MASKLINE_KEY of every node.`,
    );
    console.log('Keep them with backups that were made before now: those still need them.');
  }
  return 0;
}

function printStatus({ current, keys, retired, stale, holders }: DataKeyStatus): number {
  console.log(`Key that seals: ${current}. In the key file: ${keys.join(', ')}.`);
  for (const { instance, keys: known, current: its } of holders)
    console.log(`  ${instance} knows ${known.join(', ')} and seals with ${its}`);
  const tables = Object.entries(stale);
  for (const [table, rows] of tables) console.log(`  ${table}: ${rows} rows under an older key`);
  if (tables.length === 0) console.log('All rows are under it.');
  if (retired.length > 0) return printRetired(retired);
  return tables.length === 0 && keys.at(-1) === current ? 0 : 1;
}
