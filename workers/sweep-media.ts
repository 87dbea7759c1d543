/** Finds attachments that are due again, or whose job the queue has lost or never got. */
import type { MediaServices } from '../src/cases/fetch-attachments.js';
import { dueMedia } from '../src/cases/waiting-media.js';
import type { IdsJob, QueueSystem } from '../src/queue/queue-system.js';

/** So long a job has to arrive by itself. */
const PATIENCE_MS = 2_000;
const MESSAGES_A_ROUND = 200;
const IDS_PER_JOB = 20;

/** With so many jobs waiting, an attachment that is due most likely waits in one of them. */
const BUSY_JOBS = 10;

/**
 * One round: enqueues messages of which an attachment is due. One that is enqueued twice is fetched once.
 * @returns how many were enqueued.
 */
export async function sweepMedia(
  services: Pick<MediaServices, 'database' | 'clock'>,
  queue: Pick<QueueSystem, 'enqueue' | 'depth'>,
): Promise<number> {
  if ((await queue.depth('media')) >= BUSY_JOBS) return 0;
  const before = new Date(services.clock.now().getTime() - PATIENCE_MS);
  const ids = await dueMedia(services.database, before, MESSAGES_A_ROUND);
  const jobs: IdsJob[] = [];
  for (let i = 0; i < ids.length; i += IDS_PER_JOB) jobs.push({ ids: ids.slice(i, i + IDS_PER_JOB) });
  return jobs.length > 0 && (await queue.enqueue('media', jobs)) ? ids.length : 0;
}
