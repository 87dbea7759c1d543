/** Jobs that wait at the same time are worked on together. */

export interface ShareOptions {
  /** Batches under way at once. */
  readonly atOnce: number;
  /** Ids in one batch, as far as whole jobs allow: a job with more is a batch of its own. */
  readonly most: number;
}

interface Waiting {
  readonly ids: readonly string[];
  readonly done: (outcome: Promise<void>) => void;
}

/**
 * A job alone begins at once; those that come while all places are taken share the next one, in their order.
 * The promise of each job is that of its batch: where a batch fails, every job of it is tried again.
 */
export function shareBatches(
  work: (ids: readonly string[]) => Promise<void>,
  { atOnce, most }: ShareOptions,
): (ids: readonly string[]) => Promise<void> {
  const waiting: Waiting[] = [];
  let underWay = 0;

  async function runPlace(): Promise<void> {
    underWay += 1;
    for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
      const outcome = work(batch.flatMap(({ ids }) => ids));
      for (const { done } of batch) done(outcome);
      await outcome.catch(() => undefined);
    }
    underWay -= 1;
  }

  function nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    let count = 0;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (count > 0 && count + next.ids.length > most) break;
      batch.push(next);
      count += next.ids.length;
      waiting.shift();
    }
    return batch;
  }

  return (ids) =>
    new Promise((resolve) => {
      waiting.push({ ids, done: resolve });
      if (underWay < atOnce) void runPlace();
    });
}
