/**
 * A connection that the intake keeps for itself, so that it never waits behind workers for one of the pool,
 * with a time limit on our side of the wire: a server that hangs is told from one that works by the clock only.
 */
import type { Pool, PoolClient } from 'pg';
import type { Entry } from './entry.js';
import type { Queryable } from '../db/database.js';
import { storeEntries } from './store-entries.js';
import { isDataError, isWorthRepeating } from './store-unavailable.js';

/** One call at a time; whoever wants more at once takes more lines. */
export interface DatabaseLine {
  /** See `storeEntries`. A deadlock is tried again. Throws what PostgreSQL says, or that it says nothing. */
  store(entries: readonly Entry[]): Promise<string[]>;
  /** Several statements, all of them or none; may run `work` again after a deadlock. Throws what it throws. */
  transaction<T>(work: (client: Queryable) => Promise<T>): Promise<T>;
  /** Throws where the database does not answer or only reads. */
  probe(): Promise<void>;
  /** Gives the connection back. */
  close(): void;
}

export interface DatabaseLineOptions {
  readonly pool: Pool;
  /** Milliseconds for connecting and the statement together. */
  readonly limitMs: number;
}

const TRIES_ON_DEADLOCK = 3;
/** Milliseconds between two statements of a transaction. */
const LONGEST_PAUSE_MS = 3_000;

export function createDatabaseLine({ pool, limitMs }: DatabaseLineOptions): DatabaseLine {
  let held: PoolClient | undefined;

  // The pool listens for errors of idle connections only; unheard, one of ours would end the process.
  function onError(this: PoolClient): void {
    drop(this);
  }

  function drop(client: PoolClient): void {
    if (held !== client) return;
    held = undefined;
    client.release(true);
  }

  async function connect(): Promise<PoolClient> {
    const client = await pool.connect();
    client.on('error', onError);
    return client;
  }

  async function run<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    let expired = false;
    const attempt = async () => {
      const client = held ?? (await connect());
      if (expired) {
        client.release(true);
        throw new Error('The database answered too late');
      }
      held = client;
      return work(client);
    };
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        expired = true;
        reject(new Error('The database does not answer'));
      }, limitMs);
    });
    try {
      return await Promise.race([attempt(), limit]);
    } catch (error) {
      // After anything but a refused row the connection is in doubt; a statement under way dies with it or is harmless.
      if (held !== undefined && !isDataError(error) && !isWorthRepeating(error)) drop(held);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function repeat<T>(work: (client: PoolClient) => Promise<T>, tries = TRIES_ON_DEADLOCK): Promise<T> {
    try {
      return await run(work);
    } catch (error) {
      if (tries > 1 && isWorthRepeating(error)) return repeat(work, tries - 1);
      throw error;
    }
  }

  return {
    store: (entries) => repeat((client) => storeEntries(client, entries)),
    transaction: (work) => repeat((client) => inTransaction(client, limitMs, work)),
    probe: () => run(probe),
    close() {
      const client = held;
      held = undefined;
      // It is the pool's again, and may come to a line once more.
      client?.off('error', onError);
      client?.release();
    },
  };
}

/** The server ends it by itself where we stop in the middle of it: its locks must not outlive a paused or dead process. */
async function inTransaction<T>(
  client: PoolClient,
  limitMs: number,
  work: (client: Queryable) => Promise<T>,
): Promise<T> {
  await client.query(
    `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${LONGEST_PAUSE_MS}; SET LOCAL statement_timeout = ${limitMs}`,
  );
  try {
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function probe(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  if (rows[0]?.standby !== false) throw new Error('The database is a standby and only reads');
}
