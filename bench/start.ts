/** `npm start` with everything installed and built → first 200 of /readyz: on a new data folder, and on one that is there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../config/root.js';
import { freePort } from '../src/db/postgres-server.js';
import type { BenchContext, BoundRow } from './row.js';

const PATIENCE_MS = 60_000;

export async function benchStart(context: BenchContext): Promise<BoundRow[]> {
  const fresh: number[] = [];
  const again: number[] = [];
  for (let run = 1; run <= context.runs; run += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'tabea-bench-start-'));
    fresh.push(await startOnce(folder));
    again.push(await startOnce(folder));
    await rm(folder, { recursive: true, force: true });
    context.tell(`run ${run}: new folder ${fresh.at(-1)?.toFixed(2)} s, again ${again.at(-1)?.toFixed(2)} s`);
  }
  const row = { unit: 's', counts: 'median', most: 6, aim: 3 } as const;
  return [
    {
      ...row,
      name: 'start-new',
      what: 'npm start → first 200 of /readyz, on an empty data folder (database made, migrated)',
      values: fresh,
      notes: ['the demo with every channel, in one process; dependencies installed and built'],
    },
    {
      ...row,
      name: 'start-again',
      what: 'the same on the data folder that it left',
      values: again,
      notes: ['after an orderly stop'],
    },
  ];
}

/** Seconds from the process to the first 200; it is stopped in order afterwards. */
async function startOnce(dataDir: string): Promise<number> {
  const port = await freePort();
  const { PATH, HOME } = process.env;
  const start = performance.now();
  const child = spawn(process.execPath, ['src/bootstrap.mjs', 'start'], {
    cwd: projectRoot(),
    // None of the environment's: what is configured on this machine would make another start.
    env: { PATH, HOME, PORT: String(port), TABEA_DATA_DIR: dataDir, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await untilReady(child, port);
    return (performance.now() - start) / 1_000;
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`Tabea ended with ${child.exitCode} instead of starting`);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
  }
  throw new Error(`Tabea was not ready within ${PATIENCE_MS / 1_000} s`);
}
