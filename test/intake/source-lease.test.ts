import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { readCursor, saveCursor } from '../../src/intake/source-cursor.js';
import { heldSources, LeaseLost, takeLease, type Lease } from '../../src/intake/source-lease.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { eventually } from './gateway.js';

const ID = { channelId: 'mail-1', source: 'INBOX' };
const QUICK = { ttlMs: 1_500, renewMs: 150, retryMs: 50 };
const NEVER_RENEWED = { ttlMs: 1_500, renewMs: 60_000, retryMs: 50 };

let store: TestDatabase;
let pool: Pool;
const taken: Lease[] = [];

beforeEach(async () => {
  store = await createTestDatabase();
  pool = store.database.pool;
});

afterEach(async () => {
  for (const lease of taken.splice(0)) await lease.release();
  await store.drop();
});

async function take(id = ID, timing = QUICK): Promise<Lease | undefined> {
  const lease = await takeLease(pool, id, timing);
  if (lease !== undefined) taken.push(lease);
  return lease;
}

async function mustTake(id = ID, timing = QUICK): Promise<Lease> {
  const lease = await take(id, timing);
  if (lease === undefined) throw new Error('not to be had');
  return lease;
}

const expire = () => pool.query(`UPDATE lease SET expires_at = clock_timestamp() - interval '1 second'`);
const demand = (lease: Lease) => store.database.transaction((client) => lease.demand(client));
const save = (lease: Lease, value: unknown) =>
  store.database.transaction(async (client) => {
    await saveCursor(client, ID, value, lease.epoch);
    await lease.demand(client);
  });

describe('a lease', () => {
  test('many ask for it at once, one gets it; another source is another lease', async () => {
    const asked = await Promise.all(Array.from({ length: 12 }, () => take()));
    expect(asked.filter((lease) => lease !== undefined)).toHaveLength(1);
    await mustTake({ ...ID, source: 'Spam' });
    expect(await heldSources(pool, [ID])).toEqual(new Set([ID]));
  });

  test('is renewed beyond its time, and given back at once', async () => {
    const first = await mustTake();
    await new Promise((resolve) => setTimeout(resolve, QUICK.ttlMs * 1.5));
    expect(await take()).toBeUndefined();
    expect(first.signal.aborted).toBe(false);
    await first.release();
    expect(await heldSources(pool, [ID])).toEqual(new Set());
    const second = await mustTake();
    expect(second.epoch).toBe(first.epoch + 1);
    expect(first.signal.aborted).toBe(false);
  });

  test('that another has taken is lost: told at the next renewal, refused in a transaction', async () => {
    const first = await mustTake();
    const slow = await mustTake({ ...ID, source: 'slow' }, { ttlMs: 60_000, renewMs: 30_000, retryMs: 50 });
    await expire();
    const second = await mustTake();
    expect(second.epoch).toBe(first.epoch + 1);
    await eventually(() => first.signal.aborted);
    expect(first.signal.reason).toBeInstanceOf(LeaseLost);
    await expect(demand(slow)).rejects.toBeInstanceOf(LeaseLost);
    expect(slow.signal.aborted).toBe(true);
    await demand(second);
  });

  test('is lost by our own clock where the database does not answer', async () => {
    const lease = await mustTake();
    const lock = await pool.connect();
    try {
      // A renewal waits for this lock, as it would for a server that hangs.
      await lock.query('BEGIN; LOCK TABLE lease IN ACCESS EXCLUSIVE MODE');
      await eventually(() => lease.signal.aborted);
    } finally {
      await lock.query('ROLLBACK');
      lock.release();
    }
  });

  test('whoever takes it comes after a holder who is about to commit, and does not wait for him', async () => {
    const first = await mustTake(ID, NEVER_RENEWED);
    await store.database.transaction(async (client) => {
      await saveCursor(client, ID, { next: 1 }, first.epoch);
      await first.demand(client);
      // It runs out between this and the commit.
      await eventually(async () => (await heldSources(pool, [ID])).size === 0);
      expect(await take()).toBeUndefined();
    });
    const second = await mustTake();
    expect(second.epoch).toBe(first.epoch + 1);
    expect(await readCursor(pool, ID)).toEqual({ next: 1 });
  });
});

describe('a cursor', () => {
  test('is undefined at first, and any JSON after that', async () => {
    const lease = await mustTake();
    expect(await readCursor(pool, ID)).toBeUndefined();
    await save(lease, { uidValidity: '7', next: [1, null, 'x'] });
    await save(lease, 'plain');
    expect(await readCursor(pool, ID)).toBe('plain');
  });

  test('is not moved by an earlier holder', async () => {
    const first = await mustTake();
    await save(first, 1);
    await expire();
    const second = await mustTake();
    await expect(save(first, 2)).rejects.toBeInstanceOf(LeaseLost);
    expect(await readCursor(pool, ID)).toBe(1);
    await save(second, 3);
    await expect(save(first, 4)).rejects.toBeInstanceOf(LeaseLost);
    expect(await readCursor(pool, ID)).toBe(3);
  });

  test('goes on although somebody deleted the row of the lease', async () => {
    const first = await mustTake();
    await expire();
    const second = await mustTake();
    await save(second, 1);
    await pool.query('DELETE FROM lease');
    const third = await mustTake();
    expect(third.epoch).toBeGreaterThan(second.epoch);
    expect(third.epoch).toBeGreaterThan(first.epoch);
    await save(third, 2);
    expect(await readCursor(pool, ID)).toBe(2);
  });
});
