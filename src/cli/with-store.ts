/** What most commands need: settings, the database with a schema that fits, and its end, whatever happens. */
import { settle, type Settings } from '../compose/settings.js';
import { openStore, type Store } from '../compose/store.js';
import { prepareSchema } from '../db/migrate.js';

export interface Opened {
  readonly settings: Settings;
  readonly store: Store;
}

/** Shares a running gateway's embedded database, or starts it for the time of the command. */
export async function withStore<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
  const settings = await settle(process.env);
  const store = await openStore({ env: settings.env, purpose: 'cli' });
  try {
    await prepareSchema(store.database);
    return await work({ settings, store });
  } finally {
    await store.close();
  }
}
