import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import { inspectSchema, migrate, prepareSchema } from '../../src/db/migrate.js';
import { migrationsFolder, readMigrations } from '../../src/db/migrations-folder.js';
import { syncOpds } from '../../src/db/opds.js';
import { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from '../support/postgres.js';
import { newFolder } from '../support/run-folder.js';

const made: TestDatabase[] = [];

async function database(options: TestDatabaseOptions = {}) {
  const fresh = await createTestDatabase(options);
  made.push(fresh);
  return fresh.database;
}

afterEach(async () => {
  for (const one of made.splice(0)) await one.drop();
});

/** A database as the version of Tabea before the last migration made it. */
async function olderDatabase() {
  const folder = newFolder('migrations');
  cpSync(migrationsFolder(), folder, { recursive: true });
  const path = join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, -1) }));
  const db = await database({ migrated: false });
  await runMigrations(drizzle(db.pool), { migrationsFolder: folder });
  return db;
}

/** Everything that a refusal could have changed: tables with columns, and the journal. */
async function fingerprint(db: TestDatabase['database']): Promise<string> {
  const tables = await db.pool.query(
    `SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3`,
  );
  const there = await db.pool.query(`SELECT to_regclass('drizzle.__drizzle_migrations') AS journal`);
  const journal = there.rows[0].journal
    ? (await db.pool.query('SELECT * FROM drizzle.__drizzle_migrations ORDER BY id')).rows
    : [];
  return JSON.stringify([tables.rows, journal]);
}

describe('at start', () => {
  test('an empty database gets the whole schema', async () => {
    const db = await database({ migrated: false });
    expect((await inspectSchema(db)).state).toBe('empty');
    await prepareSchema(db);
    expect(await inspectSchema(db)).toEqual({ state: 'current', pending: [], missing: [] });
  });

  test('tables of others, such as the queue, do not make it less empty', async () => {
    const db = await database({ migrated: false });
    await db.pool.query('CREATE TABLE somebody_elses (id int)');
    await prepareSchema(db);
    expect((await inspectSchema(db)).state).toBe('current');
  });

  test('a current one is left alone', async () => {
    const db = await database();
    const before = await fingerprint(db);
    await prepareSchema(db);
    expect(await fingerprint(db)).toBe(before);
  });

  test('two gateways that start at once on an empty database make one schema', async () => {
    const db = await database({ migrated: false });
    await Promise.all([prepareSchema(db), prepareSchema(db), prepareSchema(db)]);
    const journal = await db.pool.query('SELECT count(*)::int AS n FROM drizzle.__drizzle_migrations');
    expect(journal.rows[0].n).toBe(readMigrations().length);
  });
});

describe('refused, with nothing changed (fault 32)', () => {
  const damages: readonly [string, string, string, RegExp][] = [
    [
      'a newer schema',
      `INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('x', 9999999999999);`,
      'schema_newer',
      /Install that version/,
    ],
    ['a table is missing', 'DROP TABLE note', 'schema_half', /backup/],
    ['a column is missing', 'ALTER TABLE cases DROP COLUMN version', 'schema_half', /backup/],
    ['the journal is missing', 'DROP TABLE drizzle.__drizzle_migrations', 'schema_half', /backup/],
    [
      'the journal knows a step that this Tabea never had',
      `UPDATE drizzle.__drizzle_migrations SET created_at = 5 WHERE id = 1`,
      'schema_half',
      /backup/,
    ],
  ];

  test.each(damages)('%s', async (_name, damage, code, remedy) => {
    const db = await database();
    await db.pool.query(damage);
    const before = await fingerprint(db);
    await expect(prepareSchema(db)).rejects.toMatchObject({ code, remedy: expect.stringMatching(remedy) });
    expect(await fingerprint(db)).toBe(before);
  });

  test('an older schema', async () => {
    const db = await olderDatabase();
    const before = await fingerprint(db);
    await expect(prepareSchema(db)).rejects.toMatchObject({
      code: 'schema_older',
      remedy: expect.stringMatching(/npx tabea migrate/),
    });
    expect(await fingerprint(db)).toBe(before);
  });

  test('the word names what is missing', async () => {
    const db = await database();
    await db.pool.query('DROP TABLE note; ALTER TABLE cases DROP COLUMN version');
    await expect(prepareSchema(db)).rejects.toThrow(/cases\.version.*note|note.*cases\.version/);
    await expect(migrate(db)).rejects.toThrow(/note/);
  });

  test("another program's table of our name", async () => {
    const db = await database({ migrated: false });
    await db.pool.query('CREATE TABLE session (id int)');
    const before = await fingerprint(db);
    await expect(prepareSchema(db)).rejects.toMatchObject({ code: 'schema_half' });
    await expect(migrate(db)).rejects.toMatchObject({ code: 'schema_half' });
    expect(await fingerprint(db)).toBe(before);
  });
});

describe('tabea migrate', () => {
  test('brings an older schema up and says what it did', async () => {
    const db = await olderDatabase();
    const last = readMigrations().at(-1);
    expect(await migrate(db)).toEqual([last?.name]);
    expect((await inspectSchema(db)).state).toBe('current');
    expect(await migrate(db)).toEqual([]);
  });
});

test('offices follow the configuration; those that it no longer has stay, inactive', async () => {
  const db = await database();
  const rows = async () => (await db.pool.query('SELECT id, name, active FROM opd ORDER BY id')).rows;
  const a = { id: 'a', name: 'Dinas A', shortName: 'A' };
  const b = { id: 'b', name: 'Dinas B', shortName: 'B' };
  await Promise.all([syncOpds(db, [a, b]), syncOpds(db, [b, a])]);
  await syncOpds(db, [{ ...b, name: 'Dinas B baru' }]);
  expect(await rows()).toEqual([
    { id: 'a', name: 'Dinas A', active: false },
    { id: 'b', name: 'Dinas B baru', active: true },
  ]);
  await syncOpds(db, [a, b]);
  expect(await rows()).toEqual([
    { id: 'a', name: 'Dinas A', active: true },
    { id: 'b', name: 'Dinas B', active: true },
  ]);
});
