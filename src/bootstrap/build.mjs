/** The build in dist/, where a source is newer, older, added or gone since it was made. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exclusively, Trouble } from './exclusively.mjs';
import { run } from './run.mjs';

/** As tsconfig.build.json includes them. */
const SOURCES = ['src', 'adapters', 'workers', 'config', 'bench'];
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

export async function ensureBuilt(root) {
  if (isBuilt(root)) return;
  await exclusively(root, async () => {
    const fingerprint = fingerprintOf(root);
    if (isBuilt(root, fingerprint)) return;
    console.error('Building …');
    const fresh = join(root, 'dist.new');
    rmSync(fresh, { recursive: true, force: true });
    const compiler = join(root, 'node_modules', 'typescript-native', 'bin', 'tsc');
    const code = await run(
      process.execPath,
      [compiler, '-p', 'tsconfig.build.json', '--outDir', 'dist.new'],
      root,
    );
    if (code !== 0) {
      rmSync(fresh, { recursive: true, force: true });
      throw new Trouble(
        `The build failed (tsc ended with ${code}; see above).`,
        'Undo local changes to the sources (`git status`), or correct what is named above.',
      );
    }
    writeFileSync(join(fresh, '.sources'), fingerprint);
    // The old build stays whole until the new one is.
    const old = join(root, 'dist.old');
    rmSync(old, { recursive: true, force: true });
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(fresh, join(root, 'dist'));
    rmSync(old, { recursive: true, force: true });
  });
}

function isBuilt(root, fingerprint = fingerprintOf(root)) {
  const stamp = join(root, 'dist', '.sources');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint;
}

/** Names, sizes and times: reading the files themselves would take longer than the start may. */
function fingerprintOf(root) {
  const hash = createHash('sha256');
  const files = SOURCES.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => join(folder, name)),
  );
  for (const file of [...files, ...SETTINGS].toSorted((a, b) => (a < b ? -1 : 1))) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
