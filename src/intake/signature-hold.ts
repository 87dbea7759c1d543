/**
 * Requests with a bad signature: kept for a super admin who finds that the secret was wrong, but only so far
 * that a flood of them costs neither disk nor the database's time. Best effort: what is over is counted and gone.
 */
import type { Pool } from 'pg';
import type { Logger, RawRequest } from '../core/channel.js';
import type { HeldRow } from './entry.js';
import { holdRequest } from './held-row.js';
import { heldOnly } from './isolate.js';
import { countHeld, type IntakeMetrics } from './intake-metrics.js';
import { storeEntries } from './store-entries.js';

export interface SignatureHoldOptions {
  readonly pool: Pool;
  readonly logger: Logger;
  readonly metrics: IntakeMetrics;
  /** Sum of the sizes of all rows, all processes. Default 256 MB. */
  readonly maxStoredBytes?: number;
  /** Sustained rates; a burst of ten seconds' worth is taken. Defaults 100 rows and 512 KB a second. */
  readonly rowsPerSecond?: number;
  readonly bytesPerSecond?: number;
  /** A larger body is not kept. Default 1 MB. */
  readonly maxBodyBytes?: number;
  /** Milliseconds between writes. Default 250. */
  readonly flushMs?: number;
}

export interface SignatureHold {
  /** Cheap: remembers or drops, and returns. */
  add(channelId: string, reason: string, request: RawRequest): void;
  /** Writes what is remembered and trims what is stored. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const MB = 1024 * 1024;
const BURST_SECONDS = 10;

export function createSignatureHold(options: SignatureHoldOptions): SignatureHold {
  const { pool, logger, metrics } = options;
  const maxStored = options.maxStoredBytes ?? 256 * MB;
  const maxBody = options.maxBodyBytes ?? MB;
  const rows = createAllowance(options.rowsPerSecond ?? 100);
  const bytes = createAllowance(options.bytesPerSecond ?? MB / 2);
  let waiting: HeldRow[] = [];
  let flushing = Promise.resolve();

  function add(channelId: string, reason: string, request: RawRequest): void {
    if (request.body.length > maxBody) return drop('too_large');
    // Both are looked at before either is charged.
    const size = request.body.length + 1024;
    if (!rows.has(1) || !bytes.has(size)) return drop('flood');
    rows.take(1);
    bytes.take(size);
    waiting.push(holdRequest(channelId, 'signature', reason, request, null));
  }

  function drop(reason: string, count = 1): void {
    metrics.heldDropped.inc({ reason }, count);
  }

  async function write(): Promise<void> {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      await storeEntries(pool, batch.map(heldOnly));
      countHeld(metrics, batch);
      const dropped = await trim(pool, maxStored);
      if (dropped > 0) drop('bound', dropped);
    } catch (error) {
      drop('database', batch.length);
      logger.warn({ err: error, requests: batch.length }, 'Requests with a bad signature could not be kept');
    }
  }

  function flush(): Promise<void> {
    flushing = flushing.then(write);
    return flushing;
  }

  let busy = false;
  const timer = setInterval(() => {
    if (busy || waiting.length === 0) return;
    busy = true;
    void flush().finally(() => {
      busy = false;
    });
  }, options.flushMs ?? 250);
  timer.unref();

  return {
    add,
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}

/** Deletes the oldest until the sum is within the bound; resolves with their number. */
async function trim(pool: Pool, maxBytes: number): Promise<number> {
  const result = await pool.query(
    `DELETE FROM quarantine WHERE id IN (
       SELECT id FROM (
         SELECT id, sum(size) OVER (ORDER BY id DESC) AS upto FROM quarantine WHERE kind = 'signature'
       ) AS newest WHERE upto > $1)`,
    [maxBytes],
  );
  return result.rowCount ?? 0;
}

interface Allowance {
  has(amount: number): boolean;
  take(amount: number): void;
}

/** A token bucket on the monotonic clock. */
function createAllowance(perSecond: number): Allowance {
  const most = perSecond * BURST_SECONDS;
  let left = most;
  let at = performance.now();
  return {
    has(amount) {
      const now = performance.now();
      left = Math.min(most, left + ((now - at) / 1000) * perSecond);
      at = now;
      return left >= amount;
    },
    take(amount) {
      left -= amount;
    },
  };
}
