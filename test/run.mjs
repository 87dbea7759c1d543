/**
 * `npm test`: installs what is missing, runs every test, and ends its standard output with the line
 * `N passed, N failed, N skipped`. Arguments go to jest: `npm test -- test/db`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from '../src/bootstrap/install.mjs';
import { installServers } from './support/install-servers.mjs';

/** Servers and browsers that suites need, with Debian's packages. */
const NEEDED = [
  { program: 'redis-server', packages: ['redis-server'] },
  { program: 'chromium', packages: ['chromium'] },
  { program: 'dovecot', packages: ['dovecot-imapd', 'dovecot-lmtpd'] },
  { program: 'clamd', packages: ['clamav-daemon'] },
  { program: 'smtpd', packages: ['opensmtpd'] },
];

// Debian puts servers where an ordinary user's PATH does not lead.
process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isCI = process.env.CI === 'true';

async function main(args) {
  try {
    await ensureInstalled(root);
  } catch (error) {
    console.error(`${error.message}\n  ${error.remedy ?? ''}`);
    return report({ passed: 0, failed: 1, skipped: 0 });
  }
  const missing = await installMissing();
  for (const { program } of missing) {
    console.error(
      `\n*** ${isCI ? 'FAILED' : 'SKIPPED'}: every suite that needs ${program}: not installed ***\n`,
    );
  }
  const counts = await runJest(args);
  report({ ...counts, failed: counts.failed + (isCI ? missing.length : 0) });
}

/** Debian's packages, where this is root on a Debian. Returns what is missing afterwards. */
async function installMissing() {
  const missing = NEEDED.filter(({ program }) => !isThere(program));
  if (missing.length === 0 || process.getuid?.() !== 0 || !isThere('apt-get')) return missing;
  console.error(`Installing ${missing.flatMap((one) => one.packages).join(', ')} for the tests …`);
  await installServers(
    missing.map((one) => one.packages),
    root,
  );
  return missing.filter(({ program }) => !isThere(program));
}

/** Servers lie where the PATH of an ordinary user does not lead. */
function isThere(program) {
  return [program, `/usr/sbin/${program}`].some(
    (path) => spawnSync(path, ['--version'], { stdio: 'ignore' }).error === undefined,
  );
}

async function runJest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'tabea-jest-'));
  const results = join(folder, 'results.json');
  try {
    const code = await jest([...args, '--json', `--outputFile=${results}`]);
    if (!existsSync(results)) return { passed: 0, failed: 1, skipped: 0 };
    return countsOf(JSON.parse(readFileSync(results, 'utf8')), code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function jest(args) {
  // The threads that sources start are outside of jest: they need the loader to run TypeScript.
  const loader = new URL('./support/typescript.mjs', import.meta.url).href;
  const options = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning --import ${loader}`;
  const child = spawn(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: options.trim() },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

/** A suite that could not run at all is one failure, and so is a run without a single test. */
function countsOf(results, code) {
  const passed = results.numPassedTests;
  const skipped = results.numPendingTests + results.numTodoTests;
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const nothingRan = passed + failed === 0;
  return { passed, skipped, failed: failed === 0 && (nothingRan || code !== 0) ? 1 : failed };
}

function report({ passed, failed, skipped }) {
  process.exitCode = failed > 0 ? 1 : 0;
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
}

await main(process.argv.slice(2));
