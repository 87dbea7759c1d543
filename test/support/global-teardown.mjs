/** After a jest run: ends every server that its tests started, and removes their folder. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export default function teardown() {
  removeRun(process.env.TABEA_TEST_RUN);
}

/** Each server that was started has a file `<pid>` in `servers` with what its command line must contain. */
export function removeRun(folder) {
  const servers = join(folder, 'servers');
  for (const pid of existsSync(servers) ? readdirSync(servers) : []) {
    const mark = readFileSync(join(servers, pid), 'utf8');
    if (commandLine(pid).includes(mark)) process.kill(Number(pid), 'SIGQUIT');
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Process ids are reused: only what still looks like ours is ended. */
function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
