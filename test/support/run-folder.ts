import { mkdtempSync, chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of this jest run; removed at its end. */
export function runFolder(): string {
  const folder = process.env['TABEA_TEST_RUN'];
  if (folder === undefined) throw new Error('TABEA_TEST_RUN is not set: run tests through jest.config.mjs');
  return folder;
}

/** A new folder within the run's that any user can pass through. */
export function newFolder(name: string): string {
  const folder = mkdtempSync(join(runFolder(), `${name}-`));
  chmodSync(folder, 0o711);
  return folder;
}

/** So that the run's teardown ends the server, whatever becomes of the test. `mark`: part of its command line. */
export function registerServer(pid: number, mark: string): void {
  writeFileSync(join(runFolder(), 'servers', String(pid)), mark);
}
