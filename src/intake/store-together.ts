/**
 * Entries and something of the caller's in one transaction: what a poller fetched and where it stands then.
 * There is no spool here: whoever fetches can fetch again.
 */
import type { Pool } from 'pg';
import type { Queryable } from '../db/database.js';
import { createDatabaseLine, type DatabaseLine } from './database-line.js';
import type { Entry, HeldRow } from './entry.js';
import { storeIsolating } from './isolate.js';
import { storeEntries } from './store-entries.js';
import { isDataError } from './store-unavailable.js';

/** Runs in the transaction after the rows are written; where it throws, nothing of it all is there. */
export type Also = (client: Queryable) => Promise<void>;

export interface StoredTogether {
  /** Ids of fresh inbox rows. */
  readonly ids: readonly string[];
  /** What PostgreSQL refused for its data and what lies in quarantine instead. */
  readonly poison: readonly HeldRow[];
}

export interface StoreTogetherOptions {
  readonly pool: Pool;
  /** Milliseconds for all of it; after that the connection is cut, and with it the transaction. */
  readonly limitMs: number;
}

/** Throws what PostgreSQL says, that it says nothing, or what `also` throws. */
export async function storeTogether(
  options: StoreTogetherOptions,
  entries: readonly Entry[],
  also: Also,
): Promise<StoredTogether> {
  const line = createDatabaseLine(options);
  try {
    return await line.transaction(async (client) => {
      const poison: HeldRow[] = [];
      const ids = await storeIsolating(withSavepoints(client), entries, (row) => poison.push(row));
      await also(client);
      return { ids, poison };
    });
  } finally {
    line.close();
  }
}

/** A refused row must not end the transaction of its neighbours. */
function withSavepoints(client: Queryable): Pick<DatabaseLine, 'store'> {
  return {
    store: async (entries) => {
      await client.query('SAVEPOINT entries');
      try {
        const ids = await storeEntries(client, entries);
        await client.query('RELEASE SAVEPOINT entries');
        return ids;
      } catch (error) {
        if (isDataError(error)) await client.query('ROLLBACK TO SAVEPOINT entries');
        throw error;
      }
    },
  };
}
