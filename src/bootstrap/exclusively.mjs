import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A cause and a remedy, each in one line, for the person who started it. */
export class Trouble extends Error {
  constructor(message, remedy, exitCode = 1) {
    super(message);
    this.name = 'Trouble';
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** Two starts at once must not install or build into each other's files: the second waits, then looks again. */
export async function exclusively(root, work) {
  const lock = join(root, '.bootstrap.lock');
  const own = `${lock}.${process.pid}`;
  try {
    writeFileSync(own, String(process.pid));
  } catch (cause) {
    throw new Trouble(
      `The folder ${root} cannot be written (${cause.code}).`,
      'Give it to the user that runs Tabea, and start again.',
    );
  }
  try {
    while (!take(own, lock)) {
      removeIfStale(lock, own);
      await sleep(100);
    }
    const release = () => rmSync(lock, { force: true });
    process.once('exit', release);
    try {
      return await work();
    } finally {
      release();
      process.off('exit', release);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** A hard link appears whole, with the process id in it, or not at all. */
function take(own, lock) {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function removeIfStale(lock, own) {
  if (holderLives(lock)) return;
  const taken = `${own}.stale`;
  try {
    renameSync(lock, taken);
  } catch {
    return;
  }
  // Between the look and the rename somebody may have cleared the old one and taken his own: give it back.
  if (holderLives(taken)) renameSync(taken, lock);
  else rmSync(taken, { force: true });
}

function holderLives(file) {
  let pid;
  try {
    pid = Number(readFileSync(file, 'utf8'));
  } catch {
    return true;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
