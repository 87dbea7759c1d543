/** One row that PostgreSQL refuses must not fail its neighbours: the batch is halved until the row is alone. */
import type { Logger } from '../core/channel.js';
import type { DatabaseLine } from './database-line.js';
import type { Entry, HeldRow } from './entry.js';
import { poisonRow, strippedRow } from './held-row.js';
import { countHeld, type IntakeMetrics } from './intake-metrics.js';
import { isDataError, sqlState } from './store-unavailable.js';

/** Told of each row that was isolated and put into quarantine instead, with the SQLSTATE. */
export type OnPoison = (row: HeldRow) => void;

/**
 * Stores the entries; what is refused for its data goes to quarantine as `poison`, everything else is stored.
 * Resolves with the ids of fresh events. Throws where the database is away, or refuses even the quarantine row.
 */
export async function storeIsolating(
  line: Pick<DatabaseLine, 'store'>,
  entries: readonly Entry[],
  onPoison: OnPoison,
): Promise<string[]> {
  try {
    return await line.store(entries);
  } catch (error) {
    if (!isDataError(error)) throw error;
    const [first, second] = halve(entries);
    if (first !== undefined && second !== undefined) {
      const ids = await storeIsolating(line, first, onPoison);
      return [...ids, ...(await storeIsolating(line, second, onPoison))];
    }
    await holdRefused(line, entries, `refused_by_database: ${sqlState(error)}`, onPoison);
    return [];
  }
}

/** Two smaller batches, or nothing where only one row is left. */
function halve(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const [only] = entries;
  if (only === undefined) return [];
  if (entries.length > 1) return split(entries);
  const { envelope, events, held, bytes } = only;
  if (held.length > 0 && events.length + (envelope === null ? 0 : 1) > 0) {
    return [[{ envelope, events, held: [], bytes }], [{ envelope: null, events: [], held, bytes }]];
  }
  if (events.length > 1) return split(events).map((half) => [{ envelope, events: half, held, bytes }]);
  if (held.length > 1) return split(held).map((half) => [{ envelope, events, held: half, bytes }]);
  return [];
}

function split<T>(items: readonly T[]): [readonly T[], readonly T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

async function holdRefused(
  line: Pick<DatabaseLine, 'store'>,
  [entry]: readonly Entry[],
  reason: string,
  onPoison: OnPoison,
): Promise<void> {
  if (entry === undefined) return;
  const row = entry.held[0] ?? (entry.envelope === null ? undefined : poisonRow(entry.envelope, reason));
  if (row === undefined) return;
  try {
    await line.store([heldOnly(row)]);
  } catch (error) {
    if (!isDataError(error)) throw error;
    await line.store([heldOnly(strippedRow(row, reason))]);
  }
  onPoison(row);
}

/** An entry that is nothing but a held row. */
export function heldOnly(row: HeldRow): Entry {
  return { envelope: null, events: [], held: [row], bytes: 512 + row.size };
}

/** Counts and tells of a row that was isolated. */
export function reportPoison(metrics: IntakeMetrics, logger: Logger, row: HeldRow): void {
  countHeld(metrics, [row]);
  logger.error(
    { channel: row.channelId, reason: row.reason },
    'A message was refused by the database and put into quarantine',
  );
}
