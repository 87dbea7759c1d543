/** Real mail server for tests: Debian's OpenSMTPD, which hands everything on by SMTP to where a test listens. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '@jest/globals';
import { freePort } from '../../src/db/postgres-server.js';
import { describeWith } from './redis.js';
import { newFolder, registerServer } from './run-folder.js';

export interface TestOpenSmtpd {
  readonly port: number;
  /** `smtp://127.0.0.1:port`. */
  readonly url: string;
  /** SIGTERM, and waits until it is gone. */
  stop(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
  /** What it wrote so far, for a test that fails. */
  log(): string;
}

/** Domain → port on this machine that gets its mail, by SMTP or LMTP; mail for other domains is refused. */
export type Routes = Readonly<Record<string, number | { readonly lmtp: number }>>;

/** Debian installs it where only root looks. */
const SMTPD = existsSync('/usr/sbin/smtpd') ? '/usr/sbin/smtpd' : 'smtpd';
const SPOOL = '/var/spool/smtpd';
export const MAX_MESSAGE_BYTES = 2 * 1024 * 1024;

export async function startOpenSmtpd(routes: Routes): Promise<TestOpenSmtpd> {
  const folder = newFolder('opensmtpd');
  const port = await freePort();
  const config = join(folder, 'smtpd.conf');
  writeFileSync(config, configOf(port, routes));
  const child = launch(folder, config);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  }
  registerServer(child.pid ?? 0, 'smtpd');
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  };
  for (const until = Date.now() + 10_000; !(await greets(port)); await sleep(30)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`OpenSMTPD does not answer: ${log}`);
  }
  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    stop,
    log: () => log,
    remove: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** https://man.openbsd.org/smtpd.conf */
function configOf(port: number, routes: Routes): string {
  const lines = [
    `smtp max-message-size ${MAX_MESSAGE_BYTES}`,
    `listen on 127.0.0.1 port ${port} hostname mx.city.example`,
    // Whoever may get mail by LMTP is known there; the system's users have none.
    'table everybody { "@" = nobody }',
  ];
  for (const [index, [domain, target]] of Object.entries(routes).entries()) {
    const way =
      typeof target === 'number'
        ? `relay host "smtp://127.0.0.1:${target}"`
        : `lmtp "127.0.0.1:${target.lmtp}" rcpt-to virtual <everybody>`;
    lines.push(`action "way${index}" ${way}`);
    lines.push(`match from any for domain "${domain}" action "way${index}"`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Queue and control socket have fixed places. A mount namespace gives each server its own; where none can be made,
 * there is one server a machine.
 */
function launch(folder: string, config: string): ChildProcess {
  const [queue, run] = [join(folder, 'queue'), join(folder, 'run')];
  for (const path of [queue, run, SPOOL]) mkdirSync(path, { recursive: true });
  chmodSync(queue, 0o711);
  const server = `exec "${SMTPD}" -d -f "${config}"`;
  const apart = `mount --bind "${queue}" ${SPOOL} && mount --bind "${run}" /var/run && ${server}`;
  const command = canGoApart() ? ['unshare', '-m', 'sh', '-c', apart] : ['sh', '-c', server];
  const [program = 'sh', ...args] = command;
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

function canGoApart(): boolean {
  const probe = spawnSync('unshare', ['-m', 'mount', '--bind', '/tmp', '/tmp'], { stdio: 'ignore' });
  return probe.status === 0;
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('data', (data) => {
      socket.end('QUIT\r\n');
      resolve(data.toString().startsWith('220'));
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** It changes users, so it runs under root only. */
export function describeWithOpenSmtpd(name: string, suite: () => void): void {
  if (process.getuid?.() === 0) describeWith(SMTPD, ['-h'], name, suite);
  else if (process.env['CI'] === 'true') throw new Error(`OpenSMTPD needs root; needed for: ${name}`);
  else describe.skip(`${name} (OpenSMTPD needs root)`, suite);
}
