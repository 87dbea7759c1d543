/**
 * Claims of living processes on a folder: files that name their process. A claim ends with its process,
 * also after kill -9; a process id that was given to somebody else since does not keep it alive.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isAlive } from './process-alive.js';

export interface Claim {
  release(): Promise<void>;
}

/** Somebody else holds it. */
export class AlreadyClaimedError extends Error {
  readonly pid: number;
  constructor(name: string, pid: number) {
    super(`${name} is claimed by process ${pid}`);
    this.name = 'AlreadyClaimedError';
    this.pid = pid;
  }
}

const claimFile = z.object({
  pid: z.number(),
  /** When the process began, in whatever form the system tells it; '' where it does not. */
  birth: z.string(),
  /** Which processes can see each other: boot and process namespace. Containers that share a folder differ. */
  scope: z.string(),
});

/** Of a process that cannot be seen from here, life is known by its claim's changing time. */
const HEARTBEAT_MS = 2_000;
const SILENCE_MS = 6_000;
/** So long the first of two that begin at the same moment waits for the other to give way. */
const GIVE_WAY_MS = 1_000;

/** One more claim of this name; any number may stand side by side. */
export async function claim(folder: string, name: string): Promise<Claim> {
  return await write(folder, fileName(name));
}

/**
 * The only claim of this name. Waits up to `waitMs` for another's to end, then throws AlreadyClaimedError.
 *
 * Each contender first writes its file and then looks for others, so two can never miss each other; of two
 * that see each other the one whose file sorts later gives way.
 */
export async function claimAlone(folder: string, name: string, waitMs = 0): Promise<Claim> {
  const file = fileName(name);
  const deadline = Date.now() + Math.max(waitMs, GIVE_WAY_MS);
  for (;;) {
    const own = await write(folder, file);
    let rivals = await others(folder, name, file);
    // Whoever sorts first stays and waits: for rivals to give way, or for a holder to end.
    while (rivals.length > 0 && rivals.every((rival) => rival.file > file) && Date.now() < deadline) {
      await sleep(20);
      rivals = await others(folder, name, file);
    }
    const [rival] = rivals;
    if (!rival) return own;
    await own.release();
    if (waitMs === 0 || Date.now() > deadline) throw new AlreadyClaimedError(name, rival.pid);
    await sleep(20 + Math.random() * 60);
  }
}

/** Process ids of the living claims of this name, other than this one's. Removes those of the dead. */
export async function claimants(folder: string, name: string, except?: Claim): Promise<number[]> {
  const own = except && ownFiles.get(except);
  return (await others(folder, name, own ?? '')).map((other) => other.pid);
}

const ownFiles = new WeakMap<Claim, string>();

function fileName(name: string): string {
  return `${name}.${process.pid}.${randomBytes(4).toString('hex')}.claim`;
}

async function write(folder: string, file: string): Promise<Claim> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, file);
  const content = { pid: process.pid, birth: birthOf(process.pid), scope: ownScope() };
  await writeFile(`${path}.new`, JSON.stringify(content), { mode: 0o600 });
  await rename(`${path}.new`, path);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  const atExit = () => rmSync(path, { force: true });
  process.once('exit', atExit);
  const own: Claim = {
    release: async () => {
      clearInterval(heartbeat);
      process.off('exit', atExit);
      await rm(path, { force: true });
    },
  };
  ownFiles.set(own, file);
  return own;
}

async function others(folder: string, name: string, own: string) {
  const files = (await readdir(folder)).filter(
    (file) => file.startsWith(`${name}.`) && file.endsWith('.claim') && file !== own,
  );
  const found: { file: string; pid: number }[] = [];
  for (const file of files) {
    const pid = await living(join(folder, file));
    if (pid === undefined) await rm(join(folder, file), { force: true });
    else found.push({ file, pid });
  }
  return found;
}

async function living(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const parsed = claimFile.safeParse(text === '' ? undefined : safeJson(text));
  if (!parsed.success) return undefined;
  const { pid, birth, scope } = parsed.data;
  if (scope !== ownScope()) return (await changes(path)) ? pid : undefined;
  return isAlive(pid) && birthOf(pid) === birth ? pid : undefined;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Compares the file with itself, so that no two clocks have to agree. */
async function changes(path: string): Promise<boolean> {
  const changed = () =>
    stat(path).then(
      (status) => status.mtimeMs,
      () => undefined,
    );
  const before = await changed();
  for (const end = Date.now() + SILENCE_MS; Date.now() < end; await sleep(250)) {
    const now = await changed();
    if (now === undefined) return false;
    if (now !== before) return true;
  }
  return false;
}

/** Linux tells when a process began; elsewhere only the process id identifies it. '' for one that ended. */
function birthOf(pid: number): string {
  try {
    // Field 22, see proc(5); the second field may hold spaces, what follows its parenthesis does not.
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    // A zombie is dead; only its parent has not taken note.
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

function ownScope(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}
