/**
 * Real mail server for tests and benchmarks: Debian's Dovecot with IMAP, IMAPS and LMTP on loopback ports, in a
 * folder of its own. Nothing of jest: benchmarks run without it.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/db/postgres-server.js';
import { serverUser } from '../../src/db/server-user.js';

/** Every user has this one; users need not be made. */
export const MAIL_PASSWORD = 'rahasia-uji';

/** Debian installs it where only root looks. */
export const DOVECOT = existsSync('/usr/sbin/dovecot') ? '/usr/sbin/dovecot' : 'dovecot';

export interface DeliveredMail {
  readonly raw: Buffer | string;
  /** INTERNALDATE. Default: now. */
  readonly arrived?: Date;
}

export interface TestDovecot {
  pid(): number;
  readonly imapPort: number;
  /** Certificate for `localhost`, made by its own CA. */
  readonly imapsPort: number;
  readonly lmtpPort: number;
  /** PEM of the certificate. */
  readonly ca: string;
  /** `imap://user:password@127.0.0.1:port`; `port` of a proxy in between. */
  url(user: string, port?: number): string;
  /** Puts mails into a folder at once, by the thousand, without a protocol; UIDs in the order given. */
  deliver(user: string, mails: readonly DeliveredMail[], folder?: string): void;
  createFolder(user: string, folder: string): void;
  /** How many mails a folder has. */
  count(user: string, folder?: string): number;
  /** Flags of each mail, as doveadm tells them. */
  flags(user: string, folder?: string): string[];
  /** The server forgets its UIDs and numbers the folder anew under another UIDVALIDITY. */
  renumber(user: string, folder?: string): void;
  expunge(user: string, uid: number, folder?: string): void;
  /** Breaks the sessions of a user off, as an administrator does. */
  kick(user: string): void;
  /** Sessions that are logged in. */
  sessions(user: string): number;
  /** Last lines of its log, for a test that fails. */
  log(): string;
  /** Ends it; folder and ports stay, for `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

export function hasDovecot(): boolean {
  return spawnSync(DOVECOT, ['--version'], { stdio: 'ignore' }).error === undefined;
}

export interface DovecotOptions {
  /** Empty, and any user can pass through it. */
  readonly folder: string;
  /** Called with the process and a part of its command line, each time that it was started. */
  readonly started?: (pid: number, mark: string) => void;
}

export async function startDovecotIn({ folder, started }: DovecotOptions): Promise<TestDovecot> {
  const ports = { imap: await freePort(), imaps: await freePort(), lmtp: await freePort() };
  const config = join(folder, 'dovecot.conf');
  const owner = mailOwner();
  makeCertificate(folder);
  mkdirSync(join(folder, 'mail'), { mode: 0o711 });
  if (owner) chownSync(join(folder, 'mail'), owner.uid, owner.gid);
  writeFileSync(config, configuration(folder, ports));
  const begin = async () => {
    const begun = await launch(config, ports.imap);
    started?.(begun.pid ?? 0, config);
    return begun;
  };
  let child = await begin();
  const doveadm = (...args: string[]) =>
    execFileSync('doveadm', ['-c', config, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const pathOf = (user: string, mailbox: string) =>
    mailbox === 'INBOX'
      ? join(folder, 'mail', user, 'Maildir')
      : join(folder, 'mail', user, 'Maildir', `.${mailbox.replaceAll('/', '.')}`);
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  };
  return {
    pid: () => child.pid ?? 0,
    imapPort: ports.imap,
    imapsPort: ports.imaps,
    lmtpPort: ports.lmtp,
    ca: readFileSync(join(folder, 'cert.pem'), 'utf8'),
    url: (user, port = ports.imap) => `imap://${encodeURIComponent(user)}:${MAIL_PASSWORD}@127.0.0.1:${port}`,
    deliver: (user, mails, mailbox = 'INBOX') => {
      makeMaildir(join(folder, 'mail', user), pathOf(user, mailbox), owner);
      deliverInto(pathOf(user, mailbox), mails, owner);
    },
    createFolder: (user, mailbox) => void doveadm('mailbox', 'create', '-u', user, mailbox),
    count: (user, mailbox = 'INBOX') =>
      Number(/messages=(\d+)/.exec(doveadm('mailbox', 'status', '-u', user, 'messages', mailbox))?.[1] ?? 0),
    flags: (user, mailbox = 'INBOX') =>
      doveadm('-f', 'tab', 'fetch', '-u', user, 'flags', 'mailbox', mailbox).trimEnd().split('\n').slice(1),
    renumber: (user, mailbox = 'INBOX') => {
      const path = pathOf(user, mailbox);
      for (const name of readdirSync(path)) {
        if (/^dovecot(-uidlist|\.index)/.test(name)) rmSync(join(path, name));
      }
    },
    expunge: (user, uid, mailbox = 'INBOX') =>
      void doveadm('expunge', '-u', user, 'mailbox', mailbox, 'uid', String(uid)),
    kick: (user) => void spawnSync('doveadm', ['-c', config, 'kick', user], { stdio: 'ignore' }),
    sessions: (user) =>
      doveadm('-f', 'tab', 'who', '-1', user)
        .split('\n')
        .filter((line) => line.startsWith(`${user}\t`)).length,
    log: () => readFileSync(join(folder, 'log'), 'utf8').split('\n').slice(-40).join('\n'),
    stop: end,
    start: async () => {
      await end();
      child = await begin();
    },
    remove: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Dovecot refuses to open mail as root. */
function mailOwner(): Owner | undefined {
  return serverUser();
}

function configuration(folder: string, ports: { imap: number; imaps: number; lmtp: number }): string {
  const me = userInfo();
  const { uid, gid } = mailOwner() ?? me;
  const listener = (name: string, port: number, more = '') =>
    `inet_listener ${name} {\n address = 127.0.0.1\n port = ${port}\n ${more}\n}`;
  // Without root there are no other users to be, and no chroot.
  const users = mailOwner()
    ? ''
    : `default_internal_user = ${me.username}\ndefault_internal_group = ${gid}\ndefault_login_user = ${me.username}\n`;
  return `
protocols = imap lmtp
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
${users}
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0 secs
auth_username_format = %Ln
passdb {
  driver = static
  args = password=${MAIL_PASSWORD}
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${folder}/mail/%u allow_all_users=yes
}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 200
mail_fsync = never
namespace inbox {
  inbox = yes
  separator = /
}
service imap-login {
  ${listener('imap', ports.imap)}
  ${listener('imaps', ports.imaps, 'ssl = yes')}
  ${mailOwner() ? '' : 'chroot = '}
}
service lmtp {
  ${listener('lmtp', ports.lmtp)}
}
# Wrong passwords on purpose must not slow the next login down.
service anvil {
  ${mailOwner() ? '' : 'chroot = '}
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
protocol imap {
  imap_idle_notify_interval = 10 mins
}
`;
}

/** For localhost; its own CA. */
function makeCertificate(folder: string): void {
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...files, ...names], { stdio: 'ignore' });
  chmodSync(join(folder, 'key.pem'), 0o600);
}

async function launch(config: string, port: number): Promise<ChildProcess> {
  const child = spawn(DOVECOT, ['-F', '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  for (const until = Date.now() + 10_000; Date.now() < until; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`dovecot ended with ${child.exitCode}: ${said}`);
    if (await greets(port)) return child;
  }
  child.kill('SIGKILL');
  throw new Error(`dovecot did not answer within 10 s: ${said}`);
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(2_000, () => socket.destroy());
    socket.once('data', (data) => {
      resolve(data.toString('latin1').startsWith('* OK'));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function makeMaildir(home: string, path: string, owner: Owner | undefined): void {
  if (existsSync(join(path, 'cur'))) return;
  const folders = [
    home,
    join(home, 'Maildir'),
    path,
    ...['cur', 'new', 'tmp'].map((name) => join(path, name)),
  ];
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (owner) chownSync(folder, owner.uid, owner.gid);
  }
}

let delivered = 0;

/** Dovecot numbers new files in the order of their names: https://cr.yp.to/proto/maildir.html */
function deliverInto(path: string, mails: readonly DeliveredMail[], owner: Owner | undefined): void {
  for (const { raw, arrived = new Date() } of mails) {
    delivered += 1;
    const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw;
    const unique = `1700000000.M${String(delivered).padStart(9, '0')}P${process.pid}.test`;
    // S and W are the sizes with LF and with CRLF: our mails have CRLF already.
    const name = `${unique},S=${bytes.length},W=${bytes.length}`;
    const file = join(path, 'tmp', name);
    writeFileSync(file, bytes, { mode: 0o600 });
    if (owner) chownSync(file, owner.uid, owner.gid);
    utimesSync(file, arrived, arrived);
    renameSync(file, join(path, 'new', name));
  }
}
