import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabaseLine } from '../../src/intake/database-line.js';
import { eventually } from './gateway.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

const INSERT = `INSERT INTO lease (name, holder, epoch, expires_at) VALUES ('x', 'h', 1, now())`;

let store: TestDatabase;

beforeEach(async () => {
  store = await createTestDatabase({ max: 2 });
});

afterEach(() => store.drop());

async function rows(): Promise<number> {
  return (await store.database.pool.query('SELECT FROM lease')).rowCount ?? -1;
}

async function running(): Promise<number> {
  const { rows: found } = await store.database.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity
     WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`,
  );
  return found[0]?.n ?? -1;
}

test('a transaction that pauses is ended by the server, so that a stopped process keeps no lock', async () => {
  const line = createDatabaseLine({ pool: store.database.pool, limitMs: 20_000 });
  const paused = line.transaction(async (client) => {
    await client.query(INSERT);
    await sleep(4_000);
  });
  await expect(paused).rejects.toThrow();
  expect(await rows()).toBe(0);
  await line.transaction((client) => client.query(INSERT));
  expect(await rows()).toBe(1);
  line.close();
});

test('a transaction that takes too long is cut off and leaves nothing', async () => {
  const line = createDatabaseLine({ pool: store.database.pool, limitMs: 500 });
  const slow = line.transaction(async (client) => {
    await client.query(INSERT);
    await client.query('SELECT pg_sleep(60)');
  });
  await expect(slow).rejects.toThrow();
  // Nor does the server go on with it, and hold its locks.
  await eventually(async () => (await running()) === 0, 5_000);
  expect(await rows()).toBe(0);
  line.close();
});

test('a connection that many lines use one after the other is not heavier for it', async () => {
  for (let round = 0; round < 12; round += 1) {
    const line = createDatabaseLine({ pool: store.database.pool, limitMs: 5_000 });
    await line.probe();
    line.close();
  }
  const client = await store.database.pool.connect();
  expect(client.listenerCount('error')).toBeLessThan(3);
  client.release();
});
