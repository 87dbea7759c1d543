/** Real PostgreSQL for tests: one throwaway server a jest run, one database a test. */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { z } from 'zod';
import { openDatabase, type Database } from '../../src/db/database.js';
import { migrate } from '../../src/db/migrate.js';
import { binariesFor } from '../../src/db/postgres-binaries.js';
import {
  createCluster,
  freePort,
  serverPid,
  serverUrl,
  startServer,
  stopServer,
  type PostgresServer,
  type ServerSettings,
} from '../../src/db/postgres-server.js';
import { serverUser } from '../../src/db/server-user.js';
import { newFolder, registerServer, runFolder } from './run-folder.js';

const TEMPLATE = 'tabea_template';
/** Quick instead of durable: what a throwaway server may be. */
const QUICK: ServerSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_connections: 300,
};

export interface TestDatabase {
  readonly url: string;
  readonly database: Database;
  /** Closes `database` and drops it, whoever is still connected. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** False: an empty database, without Tabea's schema. */
  readonly migrated?: boolean;
  /** Connections at most of `database`. */
  readonly max?: number;
}

/** A fresh database with the newest schema on the run's shared server (fsync is off there). About 50 ms. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await sharedServer();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const template = options.migrated === false ? 'template0' : TEMPLATE;
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = serverUrl(server.port, server.password, name);
  const database = openDatabase({
    url,
    // A machine that is busy with other suites is no fault of the one that waits.
    connectTimeoutMs: 15_000,
    ...(options.max === undefined ? {} : { max: options.max }),
  });
  return {
    url,
    database,
    drop: async () => {
      await database.close().catch(() => undefined);
      await administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

export interface OwnPostgres {
  /** A database with the newest schema (or none, as asked). */
  readonly url: string;
  readonly port: number;
  /** PGDATA. */
  readonly dataDir: string;
  pid(): number | undefined;
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  /** kill -9 of the server and each of its processes, as when the machine loses it. */
  kill9(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

export interface OwnPostgresOptions {
  /** True: as durable as in production. Default false. */
  readonly fsync?: boolean;
  readonly migrated?: boolean;
  readonly settings?: ServerSettings;
}

/** A server that a fault test may stop, kill and start again. It keeps its port. */
export async function startOwnPostgres(options: OwnPostgresOptions = {}): Promise<OwnPostgres> {
  const folder = newFolder('pg');
  const server = await describeServer(folder);
  const settings = { ...(options.fsync === true ? { max_connections: 300 } : QUICK), ...options.settings };
  const password = randomBytes(12).toString('hex');
  await createCluster(server, password, ['--no-sync']);
  const port = await freePort();
  const start = async () => {
    await startServer(server, port, settings);
    registerServer(serverPid(server) ?? 0, server.cluster);
  };
  await start();
  await administer({ port, password }, 'CREATE DATABASE tabea');
  const url = serverUrl(port, password, 'tabea');
  if (options.migrated !== false) await migrateAt(url);
  return {
    url,
    port,
    dataDir: server.cluster,
    pid: () => serverPid(server),
    stop: (mode = 'fast') => stopServer(server, mode),
    start,
    kill9: () => killTree(server),
    remove: async () => {
      await stopServer(server, 'immediate');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function describeServer(folder: string): Promise<PostgresServer> {
  const user = serverUser();
  return { binDir: await binariesFor(user), cluster: join(folder, 'home', 'cluster'), user };
}

interface Shared {
  readonly port: number;
  readonly password: string;
}

const readyFile = z.union([
  z.object({ port: z.number(), password: z.string() }),
  z.object({ failure: z.string() }),
]);

/** Started by the first test that asks; the others, in whichever of jest's processes, wait for it. */
async function sharedServer(): Promise<Shared> {
  const ready = join(runFolder(), 'postgres.json');
  if (!existsSync(ready)) {
    try {
      mkdirSync(join(runFolder(), 'shared-postgres'), { mode: 0o711 });
    } catch {
      return await othersServer(ready);
    }
    try {
      publish(ready, await startShared(join(runFolder(), 'shared-postgres')));
    } catch (error) {
      publish(ready, { failure: String(error) });
    }
  }
  return await othersServer(ready);
}

/** Whole or not at all: the other processes read it while it is written. */
function publish(path: string, content: z.infer<typeof readyFile>): void {
  writeFileSync(`${path}.new`, JSON.stringify(content));
  renameSync(`${path}.new`, path);
}

async function othersServer(ready: string): Promise<Shared> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(20)) {
    if (!existsSync(ready)) continue;
    const shared = readyFile.parse(JSON.parse(readFileSync(ready, 'utf8')));
    if ('failure' in shared) throw new Error(`The tests' PostgreSQL did not start: ${shared.failure}`);
    return shared;
  }
  throw new Error("The tests' PostgreSQL did not start within 60 s");
}

async function startShared(folder: string): Promise<Shared> {
  const server = await describeServer(folder);
  const shared = { port: await freePort(), password: randomBytes(12).toString('hex') };
  await createCluster(server, shared.password, ['--no-sync']);
  await startServer(server, shared.port, QUICK);
  registerServer(serverPid(server) ?? 0, server.cluster);
  await administer(shared, `CREATE DATABASE ${TEMPLATE}`);
  await migrateAt(serverUrl(shared.port, shared.password, TEMPLATE));
  return shared;
}

async function migrateAt(url: string): Promise<void> {
  const database = openDatabase({ url, max: 2 });
  try {
    await migrate(database);
  } finally {
    await database.close();
  }
}

async function administer(server: Shared, statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl(server.port, server.password) });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function killTree(server: PostgresServer): Promise<void> {
  const postmaster = serverPid(server);
  if (postmaster === undefined) return;
  const tree = [postmaster, ...childrenOf(postmaster)];
  for (const pid of tree) signal(pid, 'SIGKILL');
  while (tree.some((pid) => signal(pid, 0))) await sleep(10);
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    // The second field may hold spaces; what follows its closing parenthesis does not.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
