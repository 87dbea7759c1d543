import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createFolderBlobs } from '../../src/intake/blobs.js';

const folder = mkdtempSync(join(tmpdir(), 'tabea-blobs-'));
const blobs = createFolderBlobs(join(folder, 'blobs'));

afterAll(() => rmSync(folder, { recursive: true }));

test('the same bytes are one private file under their hash', async () => {
  const bytes = Buffer.from('a photo of a broken lamp');
  const hashes = await Promise.all([blobs.put(bytes), blobs.put(bytes), blobs.put(Buffer.from(bytes))]);
  const [hash] = hashes;
  expect(new Set(hashes).size).toBe(1);
  expect(hash).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(await blobs.get(hash)).toEqual(bytes);
  expect(await blobs.has(hash)).toBe(true);
  const path = join(folder, 'blobs', hash.slice(0, 2), hash.slice(2, 4), hash);
  expect(statSync(path).mode & 0o077).toBe(0);
});

test('what is deleted is gone; deleting again is no error', async () => {
  const hash = await blobs.put(Buffer.from('gone soon'));
  await blobs.delete(hash);
  await blobs.delete(hash);
  expect(await blobs.get(hash)).toBeUndefined();
  expect(await blobs.has(hash)).toBe(false);
});

test('a name that is no hash never becomes a path', async () => {
  await expect(blobs.get('../../../etc/passwd')).rejects.toThrow('Not a blob hash');
});
