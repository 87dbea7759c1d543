/** The database and the broker of a benchmark: real servers, as durable as in operation, in folders that go away. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase, type Database } from '../src/db/database.js';
import { openEmbedded } from '../src/db/embedded.js';
import { migrate } from '../src/db/migrate.js';
import { binariesFor } from '../src/db/postgres-binaries.js';
import { freePort } from '../src/db/postgres-server.js';
import { serverUser } from '../src/db/server-user.js';
import { familySeconds, parentOf } from './processor-time.js';

export interface BenchDatabase {
  readonly url: string;
  readonly database: Database;
  /** Rows of a count. */
  count(sql: string): Promise<number>;
  /** Seconds of processor time of the whole server so far. */
  cpuSeconds(): number;
  /** Empties what a run has filled, and lets the disk come to rest. */
  wipe(): Promise<void>;
  /** Empties BullMQ's queues where they lie on this server. */
  forgetJobs(): Promise<void>;
  close(): Promise<void>;
}

/** Tabea's embedded PostgreSQL with its own settings: fsync, full_page_writes and synchronous_commit are on. */
export async function startDatabase(): Promise<BenchDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'tabea-bench-'));
  const embedded = await openEmbedded({ dataDir: folder, purpose: 'gateway' });
  const database = openDatabase({ url: embedded.url, max: 4 });
  await migrate(database);
  const server = await serverPid(database);
  return {
    url: embedded.url,
    database,
    count: async (sql) => {
      const { rows } = await database.pool.query<{ n: number }>(`SELECT count(*)::int AS n ${sql}`);
      return rows[0]?.n ?? -1;
    },
    cpuSeconds: () => familySeconds(server),
    wipe: async () => {
      await database.pool.query(
        'TRUNCATE envelope, inbox, message, outbox, note, case_link, contact, reporter, cases, case_event, delivery_report CASCADE',
      );
      await database.pool.query('CHECKPOINT');
    },
    forgetJobs: async () => {
      await database.pool.query('TRUNCATE bullmq.job, bullmq.event CASCADE');
    },
    close: async () => {
      await database.close();
      await embedded.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function serverPid(database: Database): Promise<number> {
  // Of all backends the server itself is the parent.
  const { rows } = await database.pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return parentOf(rows[0]?.pid ?? 0);
}

/** Of the embedded server, e.g. `18.1`. */
export async function postgresVersion(): Promise<string> {
  const said = execFileSync(join(await binariesFor(serverUser()), 'postgres'), ['--version'], {
    encoding: 'utf8',
  });
  return /\d+\.\d+/.exec(said)?.[0] ?? 'unknown';
}

export interface BenchRedis {
  readonly url: string;
  stop(): Promise<void>;
}

export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Every command is on the disk before it is answered (`appendfsync always`). */
export async function startRedis(): Promise<BenchRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'tabea-bench-redis-'));
  const port = await freePort();
  const child = spawn(
    'redis-server',
    `--port ${port} --bind 127.0.0.1 --dir ${folder} --appendonly yes --appendfsync always --maxmemory-policy noeviction`
      .split(' ')
      .concat('--save', ''),
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  for (const until = Date.now() + 10_000; !(await answers(port)); await sleep(20)) {
    if (Date.now() > until) throw new Error('redis-server did not answer within 10 s');
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
