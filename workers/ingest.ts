/** The job that takes messages out of the inbox. */
import { ingestBatch, ROWS_PER_TRANSACTION } from '../src/cases/ingest.js';
import type { CaseServices } from '../src/cases/services.js';
import type { QueueSystem, RunningWorker } from '../src/queue/queue-system.js';
import { shareBatches } from './share-batches.js';

/** While one batch waits for PostgreSQL, the next is decided on. */
const BATCHES_AT_ONCE = 3;
/** What waits meanwhile shares the next batches: many jobs, one transaction. */
const JOBS_AT_ONCE = 16;

/** A job that fails is tried again by the queue; what the queue gives up, the sweeper finds. */
export function startIngestWorker(
  queue: QueueSystem,
  services: CaseServices,
  batchesAtOnce = BATCHES_AT_ONCE,
): RunningWorker {
  const take = shareBatches(
    async (ids) => {
      await ingestBatch(services, ids);
    },
    { atOnce: batchesAtOnce, most: ROWS_PER_TRANSACTION },
  );
  return queue.startWorker('ingest', ({ ids }) => take(ids), { concurrency: JOBS_AT_ONCE });
}
