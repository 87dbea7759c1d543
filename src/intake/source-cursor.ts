/** Where a pull source stands: any JSON of its adapter, written only in the order of the leases. */
import type { Pool } from 'pg';
import type { Queryable } from '../db/database.js';
import { LeaseLost, type SourceId } from './source-lease.js';
import { storableJson } from './storable.js';

/** To be read after the lease was taken: then no earlier holder can write any more. Undefined at the very first. */
export async function readCursor(pool: Pool, { channelId, source }: SourceId): Promise<unknown> {
  const { rows } = await pool.query<{ value: unknown }>(
    'SELECT value FROM cursor WHERE channel_id = $1 AND name = $2',
    [channelId, source],
  );
  return rows[0]?.value;
}

/** Throws LeaseLost where a later holder has written. */
export async function saveCursor(
  client: Queryable,
  { channelId, source }: SourceId,
  value: unknown,
  epoch: number,
): Promise<void> {
  const { rowCount } = await client.query(
    `INSERT INTO cursor (channel_id, name, value, epoch, updated_at) VALUES ($1, $2, $3, $4, clock_timestamp())
     ON CONFLICT (channel_id, name) DO UPDATE
       SET value = excluded.value, epoch = excluded.epoch, updated_at = excluded.updated_at
       WHERE cursor.epoch <= excluded.epoch`,
    [channelId, source, storableJson(value), epoch],
  );
  if (rowCount !== 1) throw new LeaseLost('A later holder of the lease has moved the cursor');
}
