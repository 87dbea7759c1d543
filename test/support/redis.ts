/** Real Redis for tests: Debian's redis-server on a random port with a folder of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { rmSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '@jest/globals';
import { freePort } from '../../src/db/postgres-server.js';
import { newFolder, registerServer } from './run-folder.js';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  pid(): number;
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Starts it again on the same port and folder, after `stop` or `kill9`. */
  restart(): Promise<void>;
  /** It stays connected and answers nothing. */
  sigstop(): void;
  sigcont(): void;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

/** Append-only with `everysec`, as in production; `args` go after, e.g. `['--maxmemory', '5mb']`. */
export async function startRedis(args: readonly string[] = []): Promise<TestRedis> {
  const folder = newFolder('redis');
  const port = await freePort();
  let child = await launch(folder, port, args);
  const end = async (name: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill(name);
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: () => child.pid ?? 0,
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      child = await launch(folder, port, args);
    },
    sigstop: () => void child.kill('SIGSTOP'),
    sigcont: () => void child.kill('SIGCONT'),
    remove: async () => {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(folder: string, port: number, args: readonly string[]): Promise<ChildProcess> {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const durable = ['--appendonly', 'yes', '--maxmemory-policy', 'noeviction'];
  const child = spawn('redis-server', [...settings, ...durable, ...args], { stdio: 'ignore' });
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  for (const until = Date.now() + 10_000; Date.now() < until; await sleep(20)) {
    if (failure) throw failure;
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    if (await answersPing(port)) {
      registerServer(child.pid ?? 0, `redis-server`);
      return child;
    }
  }
  throw new Error('redis-server did not answer within 10 s');
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('data', (data) => {
      resolve(data.toString('latin1').startsWith('+PONG'));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** `describe` where redis-server is installed; elsewhere skipped by name, loudly, and a failure with CI=true. */
export function describeWithRedis(name: string, suite: () => void): void {
  describeWith('redis-server', ['--version'], name, suite);
}

/** The same for any other server program that a suite needs. */
export function describeWith(
  program: string,
  probe: readonly string[],
  name: string,
  suite: () => void,
): void {
  if (spawnSync(program, probe, { stdio: 'ignore' }).error === undefined) {
    describe(name, suite);
    return;
  }
  if (process.env['CI'] === 'true') throw new Error(`${program} is not installed; needed for: ${name}`);
  // Straight to the terminal: jest would hide it behind the suite's own output.
  writeSync(2, `\n*** SKIPPED: ${name}: ${program} is not installed ***\n\n`);
  describe.skip(`${name} (${program} is not installed)`, suite);
}
