/** Brings the embedded server up, whatever state the last run left it in. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { errorCode } from './process-alive.js';
import {
  freePort,
  PostgresCommandError,
  resetPassword,
  serverPid,
  serverUrl,
  startServer,
  stopServer,
  type PostgresServer,
  type ServerSettings,
} from './postgres-server.js';

/** fsync, full_page_writes and synchronous_commit stay as PostgreSQL has them: on. */
const SETTINGS: ServerSettings = {
  shared_buffers: '128MB',
  max_connections: 100,
  // Bursts are written in groups; rare checkpoints and small records keep the disk free for them.
  wal_compression: 'on',
  wal_buffers: '16MB',
  min_wal_size: '128MB',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // Short statements only: compiling them costs more than it saves.
  jit: 'off',
  random_page_cost: '1.1',
  // Citizens' words stand in statements and in the details of errors; the log gets neither.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_parameter_max_length_on_error: 0,
  log_checkpoints: 'off',
  log_autovacuum_min_duration: -1,
  // An orphan's clients are gone; their transactions must not hold locks for hours.
  tcp_keepalives_idle: 30,
  client_connection_check_interval: '10s',
};

export interface Access {
  readonly password: string;
  /** Where it listened last, if it ever ran. */
  readonly port: number | undefined;
}

export function isCluster(server: PostgresServer): boolean {
  return existsSync(join(server.cluster, 'PG_VERSION'));
}

/** Adopts the server that runs, or starts it; makes the database where it is missing. */
export async function bringUp(server: PostgresServer, access: Access, database: string, patienceMs: number) {
  const adopted = await adopt(server, access, patienceMs);
  const port = adopted ? (access.port ?? 0) : await startFresh(server, access, patienceMs);
  await ensureDatabase(serverUrl(port, access.password), database);
  return { port, adopted };
}

/** Left behind by a gateway that was killed, or run by another process of ours: ours if it knows our password. */
async function adopt(server: PostgresServer, access: Access, patienceMs: number): Promise<boolean> {
  const since = Date.now();
  while (serverPid(server) !== undefined) {
    const answer =
      access.port === undefined ? 'stranger' : await ask(serverUrl(access.port, access.password));
    if (answer === 'welcome') return true;
    const patience = answer === 'busy' ? patienceMs : answer === 'silent' ? 10_000 : 0;
    // It runs on this cluster, but neither port nor password are ours: `run.json` was lost or replaced.
    if (Date.now() - since > patience) await stopServer(server);
    else await sleep(100);
  }
  return false;
}

async function startFresh(server: PostgresServer, access: Access, patienceMs: number): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const kept = attempt === 1 && access.port !== undefined && (await isFree(access.port));
    const port = kept && access.port !== undefined ? access.port : await freePort();
    try {
      await startServer(server, port, SETTINGS, patienceMs / 1000);
    } catch (error) {
      const taken = error instanceof PostgresCommandError && !(await isFree(port));
      if (taken && attempt < 5) continue;
      throw error;
    }
    const answer = await ask(serverUrl(port, access.password));
    if (answer !== 'stranger' || attempt > 1) return port;
    // The cluster is there and its password is not: `run.json` was lost. Whoever owns the files may set it anew.
    await stopServer(server);
    await resetPassword(server, access.password);
  }
}

/** `busy`: starting, recovering or stopping. `silent`: nobody listens. `stranger`: our password is refused. */
async function ask(url: string): Promise<'welcome' | 'busy' | 'silent' | 'stranger'> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return 'welcome';
  } catch (error) {
    const code = errorCode(error);
    if (code === '28P01') return 'stranger';
    return code === '57P03' || code === '53300' ? 'busy' : 'silent';
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
}

/** In order if it can within seconds; otherwise as a crash, which the next start recovers from. */
export async function stopWithin(server: PostgresServer): Promise<void> {
  try {
    await stopServer(server, 'fast', 6);
  } catch {
    await stopServer(server, 'immediate', 4);
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
