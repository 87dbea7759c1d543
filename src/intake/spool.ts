/** Where messages wait while the database is away: one flushed file a batch, drained in the order of their names. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/channel.js';
import { makeFolder, syncFolder, TEMPORARY_PREFIX, writeDurably } from './durable-file.js';
import type { Entry } from './entry.js';
import { encodeSpoolFile } from './spool-file.js';
import { StoreUnavailable } from './store-unavailable.js';

export interface SpoolOptions {
  /** Private to the gateway; may be shared by its processes on one host. */
  readonly folder: string;
  readonly clock: Clock;
  /** Bytes that must remain free on the disk. Default 64 MB. */
  readonly minFreeBytes?: number;
}

export interface Spool {
  /** Makes the folders and clears what a crash left half written (and so was never acknowledged). */
  open(): Promise<void>;
  /** Resolves when the batch is durable. Throws StoreUnavailable where the disk is full or fails. */
  write(entries: readonly Entry[]): Promise<void>;
  /** Names, oldest first. */
  list(): Promise<string[]>;
  /** The file's bytes; undefined where another drainer has taken it. */
  load(name: string): Promise<Buffer | undefined>;
  remove(name: string): Promise<void>;
  /** Moves a file that cannot be drained to `torn/`, for a person. */
  setAside(name: string): Promise<void>;
}

const DEFAULT_MIN_FREE_BYTES = 64 * 1024 * 1024;
const SUFFIX = '.spool';
const ABANDONED_AFTER_MS = 60_000;

export function createSpool(options: SpoolOptions): Spool {
  const { folder, clock } = options;
  const minFree = options.minFreeBytes ?? DEFAULT_MIN_FREE_BYTES;
  const torn = join(folder, 'torn');
  return {
    async open() {
      await makeFolder(folder);
      await makeFolder(torn);
      await clearAbandoned(folder);
    },
    async write(entries) {
      const bytes = encodeSpoolFile(entries);
      try {
        await demandSpace(folder, minFree + bytes.length);
        const time = String(clock.now().getTime()).padStart(14, '0');
        await writeDurably(join(folder, `${time}-${randomUUID()}${SUFFIX}`), bytes);
      } catch (error) {
        if (error instanceof StoreUnavailable) throw error;
        throw new StoreUnavailable('The spool cannot be written', { cause: error });
      }
    },
    async list() {
      const names = await readdir(folder);
      return names.filter((name) => name.endsWith(SUFFIX)).sort();
    },
    load: (name) => readFile(join(folder, name)).catch(ignoreMissing),
    remove: (name) => unlink(join(folder, name)).catch(ignoreMissing),
    async setAside(name) {
      await rename(join(folder, name), join(torn, name)).catch(ignoreMissing);
      await syncFolder(torn);
    },
  };
}

async function demandSpace(folder: string, bytes: number): Promise<void> {
  const disk = await statfs(folder);
  if (disk.bavail * disk.bsize < bytes) throw new StoreUnavailable('The disk of the spool is full');
}

/** Only old ones: another process of this host may be writing. */
async function clearAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await unlink(path).catch(ignoreMissing);
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
