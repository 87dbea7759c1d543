/** The job that fetches attachments from where their providers keep them. */
import { fetchAttachments, type MediaServices } from '../src/cases/fetch-attachments.js';
import type { QueueSystem, RunningWorker } from '../src/queue/queue-system.js';

/** Each holds two files in memory at most; a job whose provider is slow leaves the other free. */
const JOBS_AT_ONCE = 2;

/** When to try again stands in the rows, and the sweep keeps to it; a job fails only with the store. */
export function startMediaWorker(
  queue: Pick<QueueSystem, 'startWorker'>,
  services: MediaServices,
  concurrency = JOBS_AT_ONCE,
): RunningWorker {
  return queue.startWorker('media', ({ ids }, signal) => fetchAttachments(services, ids, signal), {
    concurrency,
  });
}
