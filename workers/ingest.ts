/** The job that takes messages out of the inbox. */
import { ingestBatch } from '../src/cases/ingest.js';
import type { CaseServices } from '../src/cases/services.js';
import type { QueueSystem, RunningWorker } from '../src/queue/queue-system.js';

/** While one batch waits for PostgreSQL, the next is decided on. */
const BATCHES_AT_ONCE = 4;

/** A job that fails is tried again by the queue; what the queue gives up, the sweeper finds. */
export function startIngestWorker(
  queue: QueueSystem,
  services: CaseServices,
  concurrency = BATCHES_AT_ONCE,
): RunningWorker {
  return queue.startWorker(
    'ingest',
    async ({ ids }) => {
      await ingestBatch(services, ids);
    },
    { concurrency },
  );
}
