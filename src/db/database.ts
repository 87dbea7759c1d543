/** The one way to PostgreSQL: a pool, a transaction, and Drizzle over both. */
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { Pool, type ClientBase, type PoolClient } from 'pg';
import * as schema from './schema.js';

/** What runs a statement: the pool, or one connection inside a transaction. */
export type Queryable = Pick<ClientBase, 'query'>;

export interface Database {
  readonly pool: Pool;
  readonly orm: NodePgDatabase<typeof schema>;
  /** Runs `work` in one transaction; rolls back and throws on where it throws. */
  transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connections at most. */
  readonly max?: number;
  /** Milliseconds to wait for a connection before giving up; short, so that the spool takes over quickly. */
  readonly connectTimeoutMs?: number;
  /** Told when an idle connection breaks; the pool replaces it by itself. */
  readonly onIdleError?: (error: Error) => void;
}

/** Opens no connection yet. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
    connectionString: options.url,
    max: options.max ?? 16,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 2_000,
    application_name: 'tabea',
    keepAlive: true,
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  return {
    pool,
    orm: drizzle(pool, { schema }),
    transaction: (work) => inTransaction(pool, work),
    close: () => pool.end(),
  };
}

async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    // A connection that could not roll back is thrown away instead of being handed to the next caller.
    client.release(broken);
  }
}

/** PostgreSQL's LISTEN/NOTIFY channel on which committed changes of cases are told. Payload: case ids, comma-joined, or `*`. */
export const CHANGES_CHANNEL = 'tabea_changes';
