/** Puts new cases into the full-text index while nothing more urgent is to be done. */
import { indexCases, searchFrontier } from '../src/cases/search-index.js';
import type { Database } from '../src/db/database.js';
import type { QueueSystem } from '../src/queue/queue-system.js';

/** With more jobs than this waiting, messages come first: a search finds what is not indexed by reading. */
const BUSY_JOBS = 20;
/** Under load that does not end the index must not fall behind for ever. */
const PATIENCE_ROUNDS = 60;
/** Short enough to stop in time. */
const STEPS_A_ROUND = 20;

export interface SearchSweep {
  /** One round; to be called every second, in any number of processes. */
  round(): Promise<void>;
}

export function createSearchSweep(
  database: Pick<Database, 'pool'>,
  queue: Pick<QueueSystem, 'depth'>,
): SearchSweep {
  // The newest cases are looked for every time; once, at a start, all are.
  let allLookedAt = false;
  let waited = 0;
  return {
    async round() {
      if (waited < PATIENCE_ROUNDS && (await queue.depth('ingest')) >= BUSY_JOBS) {
        waited += 1;
        return;
      }
      waited = 0;
      for (let step = 0; step < STEPS_A_ROUND; step += 1) {
        const frontier = allLookedAt ? await searchFrontier(database.pool) : undefined;
        if ((await indexCases(database.pool, frontier)) > 0) continue;
        allLookedAt = true;
        return;
      }
    },
  };
}
