/** A real ClamAV daemon for tests, with one signature made by hand: signatures cannot be downloaded here. */
import { createHash } from 'node:crypto';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/db/postgres-server.js';
import { createClamd } from '../../src/ops/clamav.js';
import { newFolder, registerServer } from './run-folder.js';

/** Known to the daemon by its hash, and harmless. */
export const VIRUS = Buffer.from('Tabea-test-file: known to the scanner of the tests as a virus.\n');
export const SIGNATURE = 'Tabea.Test.File';

export interface TestClamd {
  /** As in the configuration. */
  readonly address: string;
  readonly socket: string;
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  remove(): Promise<void>;
}

/** Debian puts it where the PATH of an ordinary user does not lead. */
export const CLAMD = existsSync('/usr/sbin/clamd') ? '/usr/sbin/clamd' : 'clamd';

export async function startClamd(settings: readonly string[] = []): Promise<TestClamd> {
  const folder = newFolder('clamd');
  const port = await freePort();
  const socket = join(folder, 's');
  const md5 = createHash('md5').update(VIRUS).digest('hex');
  writeFileSync(join(folder, 'tabea.hdb'), `${md5}:${VIRUS.length}:${SIGNATURE}\n`);
  const user = spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim();
  const lines = [
    `DatabaseDirectory ${folder}`,
    `LocalSocket ${socket}`,
    `TCPSocket ${port}`,
    'TCPAddr 127.0.0.1',
    'Foreground yes',
    `User ${user}`,
    'MaxThreads 4',
    `TemporaryDirectory ${folder}`,
    ...settings,
  ];
  writeFileSync(join(folder, 'clamd.conf'), `${lines.join('\n')}\n`);
  const address = `tcp://127.0.0.1:${port}`;
  let child = await launch(folder, address);
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  return {
    address,
    socket: `unix:${socket}`,
    stop: end,
    restart: async () => {
      await end();
      child = await launch(folder, address);
    },
    remove: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(folder: string, address: string): Promise<ChildProcess> {
  const child = spawn(CLAMD, ['-c', join(folder, 'clamd.conf')], { stdio: 'ignore' });
  registerServer(child.pid ?? 0, 'clamd');
  const scanner = createClamd(address);
  for (const until = Date.now() + 20_000; Date.now() < until; await sleep(50)) {
    if (child.exitCode !== null) throw new Error(`clamd ended with ${child.exitCode}`);
    if (await scanner.version().catch(() => undefined)) return child;
  }
  throw new Error('clamd did not answer within 20 s');
}
