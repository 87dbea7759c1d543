/** One PostgreSQL server of our own: made by initdb, started and stopped by pg_ctl, in a session of its own. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { isAlive } from './process-alive.js';
import type { ServerUser } from './server-user.js';

export interface PostgresServer {
  /** Folder with `initdb`, `pg_ctl` and `postgres`. */
  readonly binDir: string;
  /** The cluster: PostgreSQL's PGDATA. Its parent holds the server's log. */
  readonly cluster: string;
  readonly user: ServerUser | undefined;
}

/** Name and value of PostgreSQL settings; values are quoted here. */
export type ServerSettings = Readonly<Record<string, string | number>>;

/** A program of PostgreSQL failed; `output` is what it said, for the log and for finding the cause. */
export class PostgresCommandError extends Error {
  readonly output: string;
  constructor(command: string, output: string) {
    super(`${command} failed: ${output.trim().split('\n').at(-1) ?? ''}`);
    this.name = 'PostgresCommandError';
    this.output = output;
  }
}

export const SUPERUSER = 'tabea';

export function logFile(server: PostgresServer): string {
  return join(dirname(server.cluster), 'postgres.log');
}

/**
 * Makes the cluster. It appears under its name only when it is complete, so that an initdb that was
 * killed leaves nothing that looks like a database.
 */
export async function createCluster(server: PostgresServer, password: string, flags: readonly string[] = []) {
  const parent = dirname(server.cluster);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  if (server.user) await chown(parent, server.user.uid, server.user.gid);
  const unfinished = `${server.cluster}.new`;
  const passwordFile = join(parent, 'password.new');
  await rm(unfinished, { recursive: true, force: true });
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (server.user) await chown(passwordFile, server.user.uid, server.user.gid);
    await run(server, 'initdb', [
      `--pgdata=${unfinished}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The built-in provider needs neither the host's locales nor its ICU, and sorts alike everywhere.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--data-checksums',
      ...flags,
    ]);
    await rename(unfinished, server.cluster);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Starts the server on a loopback port and waits until it answers. */
export async function startServer(
  server: PostgresServer,
  port: number,
  settings: ServerSettings = {},
  withinSeconds = 60,
): Promise<void> {
  const parent = dirname(server.cluster);
  const config = join(parent, 'postgres.conf');
  await writeFile(config, configText({ ...settings, port }), { mode: 0o600 });
  if (server.user) await chown(config, server.user.uid, server.user.gid);
  await chmod(server.cluster, 0o700);
  // PostgreSQL would take a stranger with the dead server's process id for that server, and not start.
  if (serverPid(server) === undefined) await rm(join(server.cluster, 'postmaster.pid'), { force: true });
  await run(server, 'pg_ctl', [
    'start',
    '--wait',
    `--timeout=${withinSeconds}`,
    `--pgdata=${server.cluster}`,
    `--log=${logFile(server)}`,
    // Relative to the working folder, so that no path has to survive pg_ctl's shell.
    '--options=-c config_file=postgres.conf',
  ]);
}

function configText(settings: ServerSettings): string {
  const all: ServerSettings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  };
  const lines = Object.entries(all).map(
    ([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`,
  );
  return `# Written at every start.\n${lines.join('\n')}\n`;
}

/** `fast` ends sessions and writes a checkpoint; `immediate` is a crash that the next start recovers from. */
export async function stopServer(
  server: PostgresServer,
  mode: 'fast' | 'immediate' = 'fast',
  withinSeconds = 20,
) {
  if (serverPid(server) === undefined) return;
  await run(server, 'pg_ctl', [
    'stop',
    '--wait',
    `--mode=${mode}`,
    `--timeout=${withinSeconds}`,
    `--pgdata=${server.cluster}`,
  ]);
}

/** Process id of the running server by its `postmaster.pid`; `undefined` where there is none or it is dead. */
export function serverPid(server: PostgresServer): number | undefined {
  const pid = Number(pidFileText(server)?.split('\n')[0]);
  return isAlive(pid) && isServer(pid, server) ? pid : undefined;
}

function pidFileText(server: PostgresServer): string | undefined {
  const file = join(server.cluster, 'postmaster.pid');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** After a crash the id may belong to anything by now. Where the system does not tell, it is believed. */
function isServer(pid: number, server: PostgresServer): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(server.cluster);
  } catch {
    return true;
  }
}

export function serverUrl(port: number, password: string, database = 'postgres'): string {
  return `postgresql://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** A loopback port that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Sets the superuser's password of a stopped cluster, in single-user mode, where nobody is asked for one. */
export async function resetPassword(server: PostgresServer, password: string): Promise<void> {
  if (!/^[\w-]+$/.test(password)) throw new Error('the password needs quoting');
  const statement = `ALTER USER ${SUPERUSER} PASSWORD '${password}'\n`;
  await run(server, 'postgres', ['--single', '-D', server.cluster, 'postgres'], statement);
}

/** Detached: a session of its own, so that Ctrl-C at the terminal reaches the gateway and not the database. */
function run(server: PostgresServer, program: string, args: readonly string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(server.binDir, program), args, {
      cwd: dirname(server.cluster),
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
      detached: true,
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...server.user,
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    let output = '';
    const note = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    child.once('error', (error) => reject(new PostgresCommandError(program, error.message)));
    // Not `close`: a server that inherited the pipes would keep them open for as long as it lives.
    child.once('exit', (code, signal) => {
      child.stdout.destroy();
      child.stderr.destroy();
      if (code === 0) resolve();
      else reject(new PostgresCommandError(program, output || `ended with ${code ?? signal}`));
    });
  });
}
