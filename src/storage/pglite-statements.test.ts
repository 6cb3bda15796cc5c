import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { embeddedPlaces } from '../../test/kit/storage-places.ts';
import { makeDatabase } from './new-database.ts';
import { Statements } from './pglite-statements.ts';

const places = embeddedPlaces();
let database: PGlite;
let now = 0;
let statements: Statements;

beforeAll(async () => {
  const { dataFolder } = await places.fresh();
  const folder = `${dataFolder}/own`;
  await makeDatabase(folder);
  database = await PGlite.create({ dataDir: folder });
});

afterAll(async () => {
  await database.close();
  places.close();
});

beforeEach(async () => {
  now = 0;
  await database.exec('deallocate all');
  statements = new Statements(database, () => now);
  await database.exec(
    'drop table if exists things; create table things (id int primary key, name text, at timestamptz, rest jsonb)',
  );
  await database.exec(
    `insert into things select i, 'thing ' || i, null, null from generate_series(1, 100) i`,
  );
});

/** Names of what the database has prepared. */
const preparedNames = async (): Promise<string[]> => {
  const { rows } = await database.query<{ name: string }>(
    'select name from pg_prepared_statements order by prepare_time',
  );
  return rows.map(({ name }) => name);
};

const FIND = 'select id, name from things where id = $1';

describe('statements of the embedded database', () => {
  it('are prepared when they come a second time, and answer the same', async () => {
    const answers = [];
    for (let count = 0; count < 8; count++) answers.push(await statements.run(FIND, [7]));
    expect(answers).toEqual(answers.map(() => ({ rows: [{ id: 7, name: 'thing 7' }], affected: 0 })));
    expect(statements.size).toBe(1);
    expect(await preparedNames()).toHaveLength(1);
  });

  it('read and write every type as before', async () => {
    const write = 'update things set name = $2, at = $3, rest = $4 where id = $1';
    const at = new Date('2026-01-02T03:04:05.678Z');
    for (const name of ['a', "o'b\u0001é😀", 'c']) {
      const { affected, rows } = await statements.run(write, [
        1,
        name,
        at,
        JSON.stringify({ list: [1, null, name] }),
      ]);
      expect({ affected, rows }).toEqual({ affected: 1, rows: [] });
      const read = `select *, id::int8 as big, array[name, 'x'] as names, id > 0 as yes, null as nothing from things where id = any ($1)`;
      for (let count = 0; count < 3; count++) {
        const { rows: found } = await statements.run(read, [[1, 900]]);
        expect(found).toEqual([
          {
            id: 1,
            name,
            at,
            rest: { list: [1, null, name] },
            big: 1,
            names: [name, 'x'],
            yes: true,
            nothing: null,
          },
        ]);
      }
    }
    for (let count = 0; count < 3; count++) {
      await statements.run(write, [1, null, undefined, null]);
      expect((await statements.run('select name, at, rest from things where id = 1', [])).rows).toEqual([
        { name: null, at: null, rest: null },
      ]);
    }
  });

  it('are prepared anew after a while, for tables that have grown', async () => {
    for (let count = 0; count < 3; count++) await statements.run(FIND, [1]);
    const before = await preparedNames();
    now += 59_999;
    await statements.run(FIND, [1]);
    expect(await preparedNames()).toEqual(before);
    now += 1;
    await statements.run(FIND, [1]);
    const after = await preparedNames();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
  });

  it('survive a change of the tables that they read', async () => {
    const all = 'select * from things where id = $1';
    for (let count = 0; count < 3; count++) await statements.run(all, [1]);
    await statements.run('alter table things add column colour text default $$red$$', []);
    expect(statements.size).toBe(0);
    expect(await preparedNames()).toEqual([]);
    for (let count = 0; count < 3; count++) {
      expect((await statements.run(all, [1])).rows).toEqual([
        { id: 1, name: 'thing 1', at: null, rest: null, colour: 'red' },
      ]);
    }
  });

  it('tell an error with its code and constraint, and go on afterwards', async () => {
    const insert = 'insert into things (id, name) values ($1, $2)';
    for (const id of [201, 202, 203]) await statements.run(insert, [id, 'new']);
    for (let count = 0; count < 3; count++) {
      await expect(statements.run(insert, [201, 'again'])).rejects.toMatchObject({
        code: '23505',
        constraint: 'things_pkey',
      });
      await expect(statements.run('select nothing from things', [])).rejects.toMatchObject({ code: '42703' });
      await expect(statements.run(FIND, ['no number'])).rejects.toMatchObject({ code: '22P02' });
      expect((await statements.run(FIND, [2])).rows).toHaveLength(1);
    }
  });

  it('end a transaction that failed, as statements that are not prepared do', async () => {
    const insert = 'insert into things (id) values ($1)';
    for (let count = 0; count < 4; count++) {
      await statements.run('begin', []);
      await statements.run(insert, [300]);
      await expect(statements.run(insert, [300])).rejects.toMatchObject({ code: '23505' });
      await expect(statements.run(FIND, [1])).rejects.toMatchObject({ code: '25P02' });
      await expect(statements.run('select 42 as fresh', [])).rejects.toMatchObject({ code: '25P02' });
      await statements.run(count % 2 === 0 ? 'rollback' : 'commit', []);
      expect((await statements.run(FIND, [300])).rows).toEqual([]);
      await statements.run('begin', []);
      await statements.run(insert, [301 + count]);
      await statements.run('commit', []);
      expect((await statements.run(FIND, [301 + count])).rows).toHaveLength(1);
    }
  });

  it('keep a bounded number prepared, those that were used last', async () => {
    const text = (index: number): string => `select ${index} as index`;
    for (let index = 0; index < 300; index++) {
      await statements.run(text(index), []);
      await statements.run(text(index), []);
      await statements.run(text(0), []);
    }
    expect(statements.size).toBe(256);
    expect(await preparedNames()).toHaveLength(256);
    const query = vi.spyOn(database, 'query');
    await statements.run(text(0), []);
    expect(query).not.toHaveBeenCalled();
    query.mockRestore();
  });

  it('with very many rows are not kept', async () => {
    const values = Array.from({ length: 2_000 }, (_, index) => `(${1_000 + index})`).join(', ');
    for (let count = 0; count < 3; count++) {
      const { affected } = await statements.run(
        `insert into things (id) values ${values} on conflict do nothing`,
        [],
      );
      expect(affected).toBe(count === 0 ? 2_000 : 0);
    }
    expect(statements.size).toBe(0);
  });
});
