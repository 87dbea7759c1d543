/** What `/readyz` says: each dependency and channel, and whether messages can be stored. */
import { statfs } from 'node:fs/promises';
import type { Database } from '../db/database.js';
import type { ComponentState, Readiness } from '../http/deps.js';
import type { Intake } from '../intake/accept.js';
import type { QueueSystem } from '../queue/queue-system.js';

export interface ReadinessSources {
  readonly database: Database;
  readonly queue: QueueSystem;
  readonly intake: Pick<Intake, 'state'>;
  readonly dataDir: string;
  /** By channel id. */
  readonly channels: () => Promise<Readonly<Record<string, Component>>>;
}

export interface Component {
  readonly state: ComponentState;
  readonly detail: string;
}

/** The spool keeps this much of the disk free. */
const SPOOL_NEEDS_BYTES = 64 * 1024 * 1024;
const DATABASE_PATIENCE_MS = 1_500;

export async function readReadiness(sources: ReadinessSources): Promise<Readiness> {
  const [database, queue, spool, channels] = await Promise.all([
    askDatabase(sources.database),
    sources.queue.health(),
    lookAtSpool(sources),
    sources.channels(),
  ]);
  const canStore = database.state === 'ok' || spool.state !== 'down';
  const all = [database, queue, spool, ...Object.values(channels)];
  const status = !canStore ? 'down' : all.every((one) => one.state === 'ok') ? 'ok' : 'degraded';
  return { status, database, queue, spool, channels };
}

async function askDatabase(database: Database): Promise<Component> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), DATABASE_PATIENCE_MS);
  });
  try {
    await Promise.race([database.pool.query('SELECT 1'), late]);
    return { state: 'ok', detail: '' };
  } catch {
    return { state: 'down', detail: 'The database does not answer; messages go to the spool' };
  } finally {
    clearTimeout(timer);
  }
}

async function lookAtSpool({ intake, dataDir }: ReadinessSources): Promise<Component> {
  const { storing, spoolFiles } = intake.state();
  try {
    const disk = await statfs(dataDir);
    if (disk.bavail * disk.bsize < SPOOL_NEEDS_BYTES) {
      return { state: 'down', detail: 'The disk of the data folder is full: make room' };
    }
  } catch {
    return { state: 'down', detail: 'The data folder cannot be read' };
  }
  if (storing === 'spool' || spoolFiles > 0) {
    return { state: 'degraded', detail: `${spoolFiles} files wait for the database` };
  }
  return { state: 'ok', detail: '' };
}
