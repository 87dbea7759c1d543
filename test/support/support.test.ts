import { afterAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createTestDatabase, startOwnPostgres } from './postgres.js';
import { describeWithRedis, startRedis } from './redis.js';

describe('test databases', () => {
  test('are migrated, apart from each other, and quick to make', async () => {
    const first = await createTestDatabase();
    const began = performance.now();
    const second = await createTestDatabase();
    const took = performance.now() - began;
    await first.database.pool.query(`INSERT INTO opd (id, name, short_name) VALUES ('a', 'A', 'A')`);
    expect((await second.database.pool.query('SELECT * FROM opd')).rowCount).toBe(0);
    expect(took).toBeLessThan(2_000);
    await first.drop();
    await second.drop();
    await expect(second.database.pool.query('SELECT 1')).rejects.toThrow();
  });

  test('an empty one has no tables', async () => {
    const empty = await createTestDatabase({ migrated: false });
    await expect(empty.database.pool.query('SELECT * FROM opd')).rejects.toThrow('does not exist');
    await empty.drop();
  });
});

test('an own server survives kill -9 with what was committed, on its port', async () => {
  const own = await startOwnPostgres({ fsync: true });
  const { openDatabase } = await import('../../src/db/database.js');
  const database = openDatabase({ url: own.url, onIdleError: () => undefined });
  await database.pool.query(`INSERT INTO opd (id, name, short_name) VALUES ('a', 'A', 'A')`);
  await own.kill9();
  await expect(database.pool.query('SELECT 1')).rejects.toThrow();
  await own.start();
  expect((await database.pool.query('SELECT * FROM opd')).rowCount).toBe(1);
  await own.stop();
  expect(own.pid()).toBeUndefined();
  await own.start();
  expect((await database.pool.query('SELECT * FROM opd')).rowCount).toBe(1);
  await database.close();
  await own.remove();
});

describeWithRedis('test Redis', () => {
  const started: (() => Promise<void>)[] = [];
  afterAll(() => Promise.all(started.map((remove) => remove())));

  test('answers, dies, comes back', async () => {
    const redis = await startRedis();
    started.push(redis.remove);
    const client = new Redis(redis.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    expect(await client.set('a', '1')).toBe('OK');
    await redis.kill9();
    await redis.restart();
    expect(await client.ping()).toBe('PONG');
    redis.sigstop();
    redis.sigcont();
    client.disconnect();
  });
});
