/** Finds messages that the queue has lost or never got: PostgreSQL is the truth, the queue may be wiped. */
import type { CaseServices } from '../src/cases/services.js';
import type { IdsJob, QueueSystem } from '../src/queue/queue-system.js';

/** Older than this, a message should long be done. */
const PATIENCE_MS = 2_000;
const ROWS_A_ROUND = 5_000;
const IDS_PER_JOB = 250;

/** With so many jobs waiting, a message that is still new most likely waits in one of them. */
const BUSY_JOBS = 20;

/**
 * One round: enqueues messages that are still new. Ones that wait their turn in the queue may be enqueued
 * again; taking a message in twice does nothing the second time.
 * @returns how many were enqueued.
 */
export async function sweepInbox(
  services: Pick<CaseServices, 'database' | 'clock'>,
  queue: Pick<QueueSystem, 'enqueue' | 'depth'>,
): Promise<number> {
  if ((await queue.depth('ingest')) >= BUSY_JOBS) return 0;
  const { rows } = await services.database.pool.query<{ id: string }>({
    name: 'inbox-sweep',
    text: `SELECT id FROM inbox WHERE state = 'new' AND received_at < $1 ORDER BY id LIMIT $2`,
    values: [new Date(services.clock.now().getTime() - PATIENCE_MS).toISOString(), ROWS_A_ROUND],
  });
  const jobs: IdsJob[] = [];
  for (let i = 0; i < rows.length; i += IDS_PER_JOB) {
    jobs.push({ ids: rows.slice(i, i + IDS_PER_JOB).map((row) => row.id) });
  }
  return jobs.length > 0 && (await queue.enqueue('ingest', jobs)) ? rows.length : 0;
}
