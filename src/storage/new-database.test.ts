import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, describe, expect, it } from 'vitest';
import { makeDatabase } from './new-database.ts';

const root = mkdtempSync(join(tmpdir(), 'maskline-new-database-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function tablesOf(folder: string, sql: string): Promise<unknown[]> {
  const database = await PGlite.create({ dataDir: folder });
  await database.exec(sql);
  const { rows } = await database.query("select tablename from pg_tables where schemaname = 'public'");
  await database.close();
  return rows;
}

describe('a new embedded database', () => {
  it('is a copy of an empty one that is made once; what is written to one is in no other', async () => {
    const cache = join(root, 'cache');
    const [first, second] = [join(root, 'first'), join(root, 'second')];
    await makeDatabase(first, cache);
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^pglite-\d/)]);
    expect(await tablesOf(first, 'create table orders (id int)')).toEqual([{ tablename: 'orders' }]);

    await makeDatabase(second, cache);
    expect(await tablesOf(second, 'select 1')).toEqual([]);
    for (const folder of [first, second]) {
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(existsSync(`${folder}.new`)).toBe(false);
    }
  });

  it('is made where no copy can be kept, too', async () => {
    const notAFolder = join(root, 'file');
    writeFileSync(notAFolder, '');
    const folder = join(root, 'third');
    await makeDatabase(folder, join(notAFolder, 'cache'));
    expect(await tablesOf(folder, 'select 1')).toEqual([]);
  });
});
