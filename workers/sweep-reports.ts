/** Finds delivery reports that their replies do not know of. */
import { notifyChanges } from '../src/cases/coordination.js';
import type { CaseServices } from '../src/cases/services.js';
import { applyMissedReports } from '../src/replies/delivery.js';

/** One round; safe in any number of processes. @returns how many cases changed. */
export async function sweepReports({
  database,
  clock,
}: Pick<CaseServices, 'database' | 'clock'>): Promise<number> {
  return await database.transaction(async (client) => {
    const changed = await applyMissedReports(client, clock.now());
    await notifyChanges(client, changed);
    return changed.length;
  });
}
