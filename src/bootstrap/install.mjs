/** The locked dependencies, where they are missing or package-lock.json has changed since. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exclusively, Trouble } from './exclusively.mjs';
import { run } from './run.mjs';

export async function ensureInstalled(root) {
  if (isInstalled(root)) return;
  await exclusively(root, async () => {
    if (isInstalled(root)) return;
    if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new Trouble(
        'node_modules is a link, and what it points to does not fit package-lock.json.',
        'Run `npm ci --include=dev` where it points to, or remove the link, and start again.',
      );
    }
    console.error('Installing the dependencies (once; this takes a minute) …');
    // NODE_ENV=production would leave out what the checks and tests need.
    const code = await run(...npm(['ci', '--include=dev', '--no-audit', '--no-fund']), root);
    if (code !== 0) {
      throw new Trouble(
        `The dependencies could not be installed (npm ci ended with ${code}; see above).`,
        'Check the way to the npm registry with `npm ping` and the space on the disk, and start again.',
      );
    }
    remember(root);
  });
}

/** The npm that runs us, if one does: the one on the path may be of another Node.js. */
function npm(args) {
  const script = process.env.npm_execpath;
  return script?.endsWith('npm-cli.js') ? [process.execPath, [script, ...args]] : ['npm', args];
}

const stampOf = (root) => join(root, 'node_modules', '.tabea-installed');

function isInstalled(root) {
  const stamp = stampOf(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root)) return true;
  if (!agrees(root)) return false;
  remember(root);
  return true;
}

function remember(root) {
  try {
    writeFileSync(stampOf(root), fingerprint(root));
  } catch {
    // A folder that only others may write: the comparison is made again next time.
  }
}

/** Binaries are per platform: a folder that was copied from another system does not fit. */
function fingerprint(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform} ${process.arch}`;
}

/** After an `npm ci` by hand there is no stamp of ours; npm's own list of what it installed says it too. */
function agrees(root) {
  const list = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(list)) return false;
  const installed = JSON.parse(readFileSync(list, 'utf8')).packages;
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}
