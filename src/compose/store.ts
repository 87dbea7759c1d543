/** The database of this installation: the one named by DATABASE_URL, or the embedded one of the data folder. */
import type { Env } from '../../config/env.js';
import { UserError } from '../core/errors.js';
import { openDatabase, type Database } from '../db/database.js';
import { openEmbedded } from '../db/embedded.js';

export interface Store {
  readonly database: Database;
  /** For those who connect by themselves (the queue). Holds the password. */
  readonly url: string;
  readonly embedded: boolean;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly env: Env;
  readonly purpose: 'gateway' | 'cli';
  readonly onIdleError?: (error: Error) => void;
}

/** Throws UserError with the remedy where it cannot be reached. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { env, purpose } = options;
  const embedded =
    env.databaseUrl === undefined ? await openEmbedded({ dataDir: env.dataDir, purpose }) : undefined;
  const url = env.databaseUrl ?? embedded?.url ?? '';
  const database = openDatabase({
    url,
    ...(options.onIdleError === undefined ? {} : { onIdleError: options.onIdleError }),
  });
  try {
    await database.pool.query('SELECT 1');
  } catch (error) {
    await database.close();
    await embedded?.stop();
    throw unreachable(error);
  }
  return {
    database,
    url,
    embedded: embedded !== undefined,
    async close() {
      await database.close();
      await embedded?.stop();
    },
  };
}

function unreachable(cause: unknown): UserError {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new UserError('database_unreachable', `The database does not answer${code}.`, {
    remedy:
      'Check DATABASE_URL and that the server accepts connections, or leave it unset for the embedded one.',
    cause,
  });
}
