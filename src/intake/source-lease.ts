/**
 * Who runs a pull source: one process at a time, over any number of them. Time is the database's clock alone;
 * ours only measures how long ago we were told that the lease is ours, so that we stop before another begins.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Pool, QueryResult } from 'pg';
import type { Queryable } from '../db/database.js';

export interface SourceId {
  readonly channelId: string;
  /** `PullSource.name`. */
  readonly source: string;
}

/** Another process runs the source, or may run it by now. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

export interface Lease {
  /** Grows with each taking: orders the holders of a source for ever. */
  readonly epoch: number;
  /** Aborts with LeaseLost. */
  readonly signal: AbortSignal;
  /**
   * To be called last in a transaction: throws LeaseLost unless the lease is ours, and keeps others from taking it
   * until the transaction ends.
   */
  demand(client: Queryable): Promise<void>;
  /** Gives it back at once, so that nobody waits for it to expire. Never throws. */
  release(): Promise<void>;
}

export interface LeaseTiming {
  /** Milliseconds for which a lease holds when nobody renews it. */
  readonly ttlMs: number;
  readonly renewMs: number;
  /** After a renewal that got no answer. */
  readonly retryMs: number;
}

/** A dead holder's source is taken over within `ttlMs` and the pause between two attempts to take it. */
const TIMING: LeaseTiming = { ttlMs: 6_000, renewMs: 2_000, retryMs: 500 };
/** We stop this part of the time to live before it ends on the database's clock. */
const MARGIN = 0.1;
/** Milliseconds that the database has for an answer. */
const PATIENCE_MS = 1_500;

/**
 * Waits for nobody: a row that is locked is taken at the next attempt. The epoch goes on from that of the cursor, so
 * that a row of `lease` that somebody deleted fences nobody out for good.
 */
const TAKE = `
WITH expired AS (
  UPDATE lease SET holder = $2, epoch = lease.epoch + 1, expires_at = clock_timestamp() + $5 * interval '1 millisecond'
  WHERE name = (SELECT name FROM lease WHERE name = $1 AND expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED)
  RETURNING epoch
), first AS (
  INSERT INTO lease (name, holder, epoch, expires_at)
  SELECT $1, $2, 1 + coalesce((SELECT epoch FROM cursor WHERE channel_id = $3 AND name = $4), 0),
         clock_timestamp() + $5 * interval '1 millisecond'
  WHERE NOT EXISTS (SELECT FROM lease WHERE name = $1)
  ON CONFLICT (name) DO NOTHING
  RETURNING epoch
)
SELECT epoch FROM expired UNION ALL SELECT epoch FROM first`;

const OURS = 'name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp()';
const RENEW = `UPDATE lease SET expires_at = clock_timestamp() + $4 * interval '1 millisecond' WHERE ${OURS}`;
const RELEASE = `UPDATE lease SET expires_at = clock_timestamp() WHERE ${OURS}`;
/** Against the exclusive lock of whoever takes it: he waits for our commit, or we find that he has it. */
const DEMAND = `SELECT FROM lease WHERE ${OURS} FOR SHARE`;

/** Resolves with undefined where another holds it. Throws where the database does not answer. */
export async function takeLease(
  pool: Pool,
  id: SourceId,
  timing: LeaseTiming = TIMING,
): Promise<Lease | undefined> {
  // The random part tells two takings of one process apart; the rest is for people who look at the table.
  const holder = `${hostname()}:${process.pid}:${randomUUID()}`;
  const askedAt = performance.now();
  const values = [leaseName(id), holder, id.channelId, id.source, timing.ttlMs];
  const { rows } = await ask<{ epoch: string }>(pool, TAKE, values);
  const [row] = rows;
  return row && hold(pool, leaseName(id), holder, Number(row.epoch), askedAt, timing);
}

function hold(
  pool: Pool,
  name: string,
  holder: string,
  epoch: number,
  takenAt: number,
  timing: LeaseTiming,
): Lease {
  const { ttlMs, renewMs, retryMs } = timing;
  const ours = [name, holder, epoch];
  const lost = new AbortController();
  let over = false;
  let renewal: NodeJS.Timeout | undefined;
  let deadline: NodeJS.Timeout | undefined;

  function end(): void {
    over = true;
    clearTimeout(renewal);
    clearTimeout(deadline);
  }

  function lose(): LeaseLost {
    const error = new LeaseLost(`The lease of epoch ${epoch} is lost`);
    end();
    lost.abort(error);
    return error;
  }

  /** `askedAt`: when we asked for what we were granted; the database began to count later than that. */
  function granted(askedAt: number): void {
    clearTimeout(deadline);
    deadline = setTimeout(lose, askedAt + ttlMs * (1 - MARGIN) - performance.now());
    renewal = setTimeout(() => void renew(), askedAt + renewMs - performance.now());
  }

  async function renew(): Promise<void> {
    const askedAt = performance.now();
    try {
      const { rowCount } = await ask(pool, RENEW, [...ours, ttlMs]);
      if (over) return;
      if (rowCount === 1) granted(askedAt);
      else lose();
    } catch {
      // No answer is not a no: the deadline decides how long we may go on asking.
      if (!over) renewal = setTimeout(() => void renew(), retryMs);
    }
  }

  granted(takenAt);
  return {
    epoch,
    signal: lost.signal,
    async demand(client) {
      lost.signal.throwIfAborted();
      const { rowCount } = await client.query(DEMAND, ours);
      if (rowCount !== 1) throw lose();
    },
    async release() {
      end();
      try {
        await ask(pool, RELEASE, ours);
      } catch {
        // It expires by itself.
      }
    },
  };
}

/** Those of the sources that some process runs now. Throws where the database does not answer. */
export async function heldSources(pool: Pool, ids: readonly SourceId[]): Promise<ReadonlySet<SourceId>> {
  const { rows } = await ask<{ name: string }>(
    pool,
    'SELECT name FROM lease WHERE name = ANY ($1::text[]) AND expires_at > clock_timestamp()',
    [ids.map(leaseName)],
  );
  const held = new Set(rows.map((row) => row.name));
  return new Set(ids.filter((id) => held.has(leaseName(id))));
}

async function ask<Row extends object>(
  pool: Pool,
  text: string,
  values: unknown[],
): Promise<QueryResult<Row>> {
  // pg knows the option of a single query, its types do not.
  const query = { text, values, query_timeout: PATIENCE_MS };
  return await pool.query<Row>(query);
}

/** A channel's id has no slash, so that no two sources share a name. */
function leaseName({ channelId, source }: SourceId): string {
  return `${channelId}/${source}`;
}
