/** Large originals, by content: a folder today, a bucket behind the same four verbs. */
import { createHash } from 'node:crypto';
import { access, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeDurably } from './durable-file.js';

/** Names are SHA-256 in lower-case hex. */
export interface BlobStore {
  /** Stores the bytes and resolves with their hash when they are durable. The same bytes twice are one blob. */
  put(bytes: Buffer): Promise<string>;
  /** The bytes, or undefined where there is no such blob. */
  get(hash: string): Promise<Buffer | undefined>;
  has(hash: string): Promise<boolean>;
  /** No error where there is none. */
  delete(hash: string): Promise<void>;
}

/** Blobs as files `ab/cd/<hash>` in `folder`, readable only for the gateway's own user. */
export function createFolderBlobs(folder: string): BlobStore {
  const folderOf = (hash: string) => join(folder, hash.slice(0, 2), hash.slice(2, 4));
  const pathOf = (hash: string) => {
    // The hash comes from rows; a name that is no hash must never become a path.
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new TypeError('Not a blob hash');
    return join(folderOf(hash), hash);
  };
  const has = (hash: string) => accessible(pathOf(hash));
  return {
    has,
    async put(bytes) {
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (await has(hash)) return hash;
      await makeFolder(folderOf(hash));
      await writeDurably(pathOf(hash), bytes);
      return hash;
    },
    async get(hash) {
      const path = pathOf(hash);
      return readFile(path).catch(ignoreMissing);
    },
    async delete(hash) {
      const path = pathOf(hash);
      await unlink(path).catch(ignoreMissing);
    },
  };
}

function accessible(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
