import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { openEmbedded, runningGateway, type EmbeddedDatabase } from '../../src/db/embedded.js';
import { isAlive } from '../../src/db/process-alive.js';
import { startTypeScript, type TestProcess } from '../support/process.js';
import { newFolder, registerServer, runFolder } from '../support/run-folder.js';

const PROCESS = new URL('./embedded-process.ts', import.meta.url);

interface Said {
  readonly url: string;
  readonly adopted: boolean;
  readonly pid: number;
  readonly code?: string;
  readonly message?: string;
  readonly remedy?: string;
}

const opened: EmbeddedDatabase[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
});

async function open(dataDir: string, purpose: 'gateway' | 'cli' = 'gateway') {
  const embedded = await openEmbedded({ dataDir, purpose });
  opened.push(embedded);
  registerServer(serverPid(dataDir), 'postgres');
  return embedded;
}

async function start(dataDir: string, purpose: 'gateway' | 'cli' = 'gateway', detached = false) {
  const gateway = startTypeScript(PROCESS, [dataDir, purpose], { detached });
  const said = await hear(gateway);
  if (said.code === undefined) registerServer(serverPid(dataDir), 'postgres');
  return { gateway, said };
}

async function hear(gateway: TestProcess): Promise<Said> {
  return JSON.parse(await gateway.line());
}

function runFile(dataDir: string): { port: number; password: string; home?: string; gateway?: number } {
  return JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8'));
}

function clusterOf(dataDir: string): string {
  return join(runFile(dataDir).home ?? join(dataDir, 'postgres'), 'cluster');
}

/** 0 where none runs. */
function serverPid(dataDir: string): number {
  const file = join(clusterOf(dataDir), 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
}

/** pg_ctl returns when the server has let go of its files; the process itself ends a moment later. */
async function gone(pid: number): Promise<void> {
  for (const end = Date.now() + 3_000; isAlive(pid) && Date.now() < end;) await sleep(20);
  expect(isAlive(pid)).toBe(false);
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

test('is made on first use, keeps what is written, and is stopped with its gateway', async () => {
  const dataDir = join(newFolder('data'), 'not yet there');
  const first = await openEmbedded({ dataDir, purpose: 'gateway' });
  await query(first.url, 'CREATE TABLE kept (a int)');
  const pid = serverPid(dataDir);
  expect(await runningGateway(dataDir)).toBe(process.pid);
  expect(runFile(dataDir).gateway).toBe(process.pid);
  await first.stop();
  await gone(pid);
  expect(await runningGateway(dataDir)).toBeUndefined();
  expect(runFile(dataDir).gateway).toBeUndefined();

  const second = await open(dataDir);
  expect(second.adopted).toBe(false);
  expect(second.url).toBe(first.url);
  expect(await query(second.url, 'SELECT * FROM kept')).toEqual([]);
});

test('is durable, listens on the loopback only, asks for a password, and knows every letter', async () => {
  const dataDir = newFolder('data');
  const { url } = await open(dataDir);
  const [row] = await query(
    url,
    `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
            current_setting('synchronous_commit') AS commit, current_setting('data_checksums') AS checksums,
            current_setting('listen_addresses') AS listens, current_setting('unix_socket_directories') AS sockets,
            current_setting('server_encoding') AS encoding, upper('ambé') AS letters`,
  );
  expect(row).toEqual({
    fsync: 'on',
    pages: 'on',
    commit: 'on',
    checksums: 'on',
    listens: '127.0.0.1',
    sockets: '',
    encoding: 'UTF8',
    letters: 'AMBÉ',
  });
  const { password } = runFile(dataDir);
  await expect(query(url.replace(password, 'x'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  expect(statSync(join(dataDir, 'run.json')).mode & 0o777).toBe(0o600);
  expect(password.length).toBeGreaterThan(20);
});

test('its log has neither statements nor values', async () => {
  const dataDir = newFolder('data');
  const { url } = await open(dataDir);
  await query(url, 'CREATE TABLE t (a text PRIMARY KEY)');
  await expect(query(url, `INSERT INTO t VALUES ('citizen-1'), ('citizen-1')`)).rejects.toMatchObject({
    code: '23505',
  });
  await expect(query(url, `SELECT 'citizen-2'::int`)).rejects.toThrow();
  const log = readFileSync(join(dirname(clusterOf(dataDir)), 'postgres.log'), 'utf8');
  expect(log).toContain('unique constraint');
  expect(log).not.toContain('citizen-1');
  expect(log).not.toContain('INSERT INTO');
});

describe('one gateway a data folder (fault 33)', () => {
  test('the second is refused with the process id, and the first goes on', async () => {
    const dataDir = newFolder('data');
    const { gateway, said } = await start(dataDir);
    const second = await start(dataDir);
    expect(second.said.code).toBe('data_folder_in_use');
    expect(second.said.message).toContain(String(gateway.pid));
    expect(second.said.remedy).toContain('TABEA_DATA_DIR');
    expect(await second.gateway.ended).toBe(1);
    expect(await query(said.url, 'SELECT 1 AS a')).toEqual([{ a: 1 }]);
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  });

  test('of several that start at the same moment exactly one runs', async () => {
    const dataDir = newFolder('data');
    const all = [1, 2, 3, 4].map(() => startTypeScript(PROCESS, [dataDir, 'gateway']));
    const said = await Promise.all(all.map(hear));
    registerServer(serverPid(dataDir), 'postgres');
    expect(said.filter((one) => one.code === undefined)).toHaveLength(1);
    expect(said.filter((one) => one.code === 'data_folder_in_use')).toHaveLength(3);
    for (const one of all) one.child.kill('SIGTERM');
    await Promise.all(all.map((one) => one.ended));
    expect(serverPid(dataDir)).toBe(0);
  });
});

describe('after kill -9 of the gateway', () => {
  test('the next one adopts the server that was left behind', async () => {
    const dataDir = newFolder('data');
    const { gateway, said } = await start(dataDir);
    await query(said.url, 'CREATE TABLE kept (a int)');
    const server = serverPid(dataDir);
    gateway.child.kill('SIGKILL');
    expect(await gateway.ended).toBe('SIGKILL');
    expect(isAlive(server)).toBe(true);

    const next = await open(dataDir);
    expect(next.adopted).toBe(true);
    expect(serverPid(dataDir)).toBe(server);
    expect(await query(next.url, 'SELECT * FROM kept')).toEqual([]);
    await next.stop();
    await gone(server);
  });

  test('and of the server: what was committed is there', async () => {
    const dataDir = newFolder('data');
    const { gateway, said } = await start(dataDir);
    await query(said.url, 'CREATE TABLE kept (a int)');
    process.kill(serverPid(dataDir), 'SIGKILL');
    gateway.child.kill('SIGKILL');
    await gateway.ended;
    const next = await open(dataDir);
    expect(next.adopted).toBe(false);
    expect(await query(next.url, 'SELECT * FROM kept')).toEqual([]);
  });

  test("a postmaster.pid with a stranger's process id does not keep it from starting", async () => {
    const dataDir = newFolder('data');
    const first = await openEmbedded({ dataDir, purpose: 'gateway' });
    await first.stop();
    const owner = statSync(clusterOf(dataDir));
    const file = join(clusterOf(dataDir), 'postmaster.pid');
    writeFileSync(file, `${process.pid}\n${clusterOf(dataDir)}\n1\n1\n\n127.0.0.1\n1 1\nready\n`);
    chownSync(file, owner.uid, owner.gid);
    const second = await open(dataDir);
    expect(await query(second.url, 'SELECT 1 AS a')).toEqual([{ a: 1 }]);
  });
});

test('Ctrl-C at the terminal reaches the gateway and not the database', async () => {
  const dataDir = newFolder('data');
  const { gateway } = await start(dataDir, 'gateway', true);
  const server = serverPid(dataDir);
  // The whole group, as a terminal does. Had the server been in it, it would have stopped before its gateway.
  process.kill(-gateway.pid, 'SIGINT');
  expect(JSON.parse(await gateway.line())).toEqual({ stopped: true });
  expect(await gateway.ended).toBe(0);
  const log = readFileSync(join(dirname(clusterOf(dataDir)), 'postgres.log'), 'utf8');
  expect(log.match(/received fast shutdown request/g)).toHaveLength(1);
  await gone(server);
});

describe('the command line', () => {
  test("uses a running gateway's server and leaves it running", async () => {
    const dataDir = newFolder('data');
    const { gateway, said } = await start(dataDir);
    const cli = await openEmbedded({ dataDir, purpose: 'cli' });
    expect(cli.adopted).toBe(true);
    expect(cli.url).toBe(said.url);
    await cli.stop();
    expect(await query(said.url, 'SELECT 1 AS a')).toEqual([{ a: 1 }]);
    gateway.child.kill('SIGTERM');
    await gateway.ended;
  });

  test('starts it where it is stopped, and stops it afterwards', async () => {
    const dataDir = newFolder('data');
    const cli = await openEmbedded({ dataDir, purpose: 'cli' });
    const server = serverPid(dataDir);
    expect(await query(cli.url, 'SELECT 1 AS a')).toEqual([{ a: 1 }]);
    await cli.stop();
    await gone(server);
  });

  test('does not stop it under a gateway that came in the meantime', async () => {
    const dataDir = newFolder('data');
    const cli = await openEmbedded({ dataDir, purpose: 'cli' });
    const { gateway, said } = await start(dataDir);
    expect(said.adopted).toBe(true);
    await cli.stop();
    expect(await query(said.url, 'SELECT 1 AS a')).toEqual([{ a: 1 }]);
    const server = serverPid(dataDir);
    gateway.child.kill('SIGTERM');
    await gateway.ended;
    await gone(server);
  });
});

describe('what goes wrong is said in one line, with a remedy', () => {
  test('a lost run.json costs the password, not the data', async () => {
    const dataDir = newFolder('data');
    const first = await openEmbedded({ dataDir, purpose: 'gateway' });
    await query(first.url, 'CREATE TABLE kept (a int)');
    await first.stop();
    rmSync(join(dataDir, 'run.json'));
    const second = await open(dataDir);
    expect(second.url).not.toBe(first.url);
    expect(await query(second.url, 'SELECT * FROM kept')).toEqual([]);
  });

  test('a database that is gone is never replaced by an empty one', async () => {
    const dataDir = newFolder('data');
    const first = await openEmbedded({ dataDir, purpose: 'gateway' });
    await first.stop();
    rmSync(clusterOf(dataDir), { recursive: true });
    await expect(openEmbedded({ dataDir, purpose: 'gateway' })).rejects.toMatchObject({
      code: 'database_missing',
    });
    expect(existsSync(clusterOf(dataDir))).toBe(false);
    expect(readdirSync(join(dataDir, 'claims'))).toEqual([]);
  });

  test('a file in the place of the data folder', async () => {
    const path = join(newFolder('data'), 'file');
    writeFileSync(path, '');
    await expect(openEmbedded({ dataDir: path, purpose: 'gateway' })).rejects.toMatchObject({
      code: 'data_folder_not_writable',
    });
  });

  test('a cluster of another PostgreSQL', async () => {
    const dataDir = newFolder('data');
    await (await openEmbedded({ dataDir, purpose: 'gateway' })).stop();
    writeFileSync(join(clusterOf(dataDir), 'PG_VERSION'), '15\n');
    await expect(openEmbedded({ dataDir, purpose: 'gateway' })).rejects.toMatchObject({
      code: 'postgres_version',
    });
  });
});

describe('where the process is root', () => {
  const asRoot = process.getuid?.() === 0;
  // On a machine where the tests are not root there is no other user to become; the rest covers it there.
  const whereRoot = asRoot ? test : test.skip;

  whereRoot('the server is somebody else, and the data folder is closed to others', async () => {
    const dataDir = newFolder('data');
    await open(dataDir);
    expect(statSync(`/proc/${serverPid(dataDir)}`).uid).not.toBe(0);
    expect(statSync(clusterOf(dataDir)).mode & 0o077).toBe(0);
  });

  whereRoot('a data folder below one that only root may enter', async () => {
    const closed = join(runFolder(), `closed-${process.pid}`);
    mkdirSync(closed);
    chmodSync(closed, 0o700);
    const dataDir = join(closed, 'data');
    const embedded = await open(dataDir);
    const home = runFile(dataDir).home ?? '';
    try {
      expect(home).toMatch(/^\/var\/lib\//);
      await query(embedded.url, 'CREATE TABLE kept (a int)');
      await embedded.stop();
      const again = await open(dataDir);
      expect(await query(again.url, 'SELECT * FROM kept')).toEqual([]);
      await again.stop();
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
