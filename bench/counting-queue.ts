/** Tells when so many rows have been worked on, without asking the database while it is being measured. */
import type { QueueSystem } from '../src/queue/queue-system.js';

/** The queue system, with the ids of its workers' jobs counted after their handler is through. */
export function countIds(
  queue: QueueSystem,
  wanted: number,
): { readonly counting: QueueSystem; readonly finished: Promise<void> } {
  let done = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const counting: QueueSystem = {
    ...queue,
    startWorker: (name, handler, options) =>
      queue.startWorker(
        name,
        async (job, signal) => {
          await handler(job, signal);
          done += job.ids.length;
          if (done >= wanted) finish();
        },
        options,
      ),
  };
  return { counting, finished };
}
