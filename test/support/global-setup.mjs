/** Before a jest run: one folder for everything that the run's tests start. Servers start when a test first asks. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeRun } from './global-teardown.mjs';

const PREFIX = 'tabea-test-';

export default function setup() {
  removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  // PostgreSQL runs as another user where this is root; it must be able to pass through.
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, 'servers'));
  process.env.TABEA_TEST_RUN = folder;
}

/** Of runs that were killed before their teardown. */
function removeLeftovers() {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(/^tabea-test-(\d+)-/.exec(name)?.[1]);
    if (!pid || isAlive(pid)) continue;
    removeRun(join(tmpdir(), name));
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
