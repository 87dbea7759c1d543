/**
 * BullMQ on PostgreSQL, for installations without Redis. Its tables live in a schema of their own; its
 * connections are its own too, because workers LISTEN, which a transaction pooler would break.
 */
import {
  createPostgresBackend,
  DEFAULT_SCHEMA,
  isPgPool,
  runMigrations,
  withBackend,
  type PgPool,
} from 'bullmq';
import { Pool, type PoolConfig } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../core/channel.js';
import { RECONNECT_LONGEST_MS, stopRenewing, type Broker, type BrokerTuning } from './broker.js';
import { createOutageLog } from './outage-log.js';
import type { IdsJob } from './queue-system.js';

export interface PostgresBrokerOptions extends BrokerTuning {
  readonly url: string;
  readonly logger: Logger;
  /** Connections at most, beside one for each worker. Default 12: more at once were slower. */
  readonly connections?: number;
}

const { Queue, Worker } = withBackend(createPostgresBackend);

export function createPostgresBroker(options: PostgresBrokerOptions): Broker {
  const log = createOutageLog(options.logger, { backend: 'postgres' });
  const onError = (error: unknown) =>
    log.failed(error, 'The queue on PostgreSQL is away: the sweeper takes over');
  const pool = new Pool({
    ...withSearchPath(options.url),
    max: options.connections ?? 12,
    connectionTimeoutMillis: 2_000,
    application_name: 'tabea-queue',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // Every queue and worker of BullMQ listens to it too: their number is known, and no leak.
  pool.setMaxListeners(0);
  pool.on('error', onError);

  let state: 'starting' | 'up' | 'down' = 'starting';
  const closed = new AbortController();
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => (settle = resolve));
  const migrated = untilMigrated();

  /** BullMQ remembers a failed first contact for ever; so it is not asked before the schema is there. */
  async function untilMigrated(): Promise<void> {
    for (let delay = 50; !closed.signal.aborted; delay = Math.min(delay * 2, RECONNECT_LONGEST_MS)) {
      try {
        const client = await pool.connect();
        try {
          await runMigrations(client);
        } finally {
          client.release();
        }
        state = 'up';
        log.recovered();
        settle();
        return;
      } catch (error) {
        state = 'down';
        onError(error);
        settle();
        await sleep(delay, undefined, { ref: false });
      }
    }
  }

  return {
    backend: 'postgres',
    state: () => state,
    settled: () => settled,
    reachable: () => migrated,
    openQueue: async (name) => {
      const queue = new Queue<IdsJob>(name, {
        connection: handedIn(pool),
        streams: { events: { maxLen: 100 } },
      });
      queue.on('error', onError);
      await queue.waitUntilReady();
      return queue;
    },
    openWorker: (name, processor, common, heard) => {
      // The worker keeps one connection to LISTEN on; the others would go short of it.
      pool.options.max += 1;
      const worker = new Worker<IdsJob, void>(name, processor, { ...common, connection: handedIn(pool) });
      worker.on('error', (error) => {
        onError(error);
        heard();
      });
      worker.on('closed', () => (pool.options.max -= 1));
      return { worker, sever: () => stopRenewing(worker) };
    },
    ping: async () => {
      await pool.query('select 1');
      log.recovered();
    },
    close: async () => {
      closed.abort();
      settle();
      await pool.end();
    },
  };
}

/** BullMQ names its tables without their schema. */
function withSearchPath(url: string): PoolConfig {
  const parsed = new URL(url);
  const given = parsed.searchParams.get('options');
  const options = `${given === null ? '' : `${given} `}-c search_path=${DEFAULT_SCHEMA}`;
  // What stands in the address would win over what stands beside it.
  parsed.searchParams.delete('options');
  return { connectionString: parsed.href, options };
}

/** The two libraries' types describe one pool in different words. */
function handedIn(pool: unknown): PgPool {
  if (!isPgPool(pool)) throw new TypeError('not a pool of pg');
  return pool;
}
