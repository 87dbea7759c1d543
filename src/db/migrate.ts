/** The schema: what state it is in, and how it comes to the newest. Nothing is changed that is not understood. */
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import { UserError } from '../core/errors.js';
import type { Database, Queryable } from './database.js';
import { migrationsFolder, readMigrations, type Migration } from './migrations-folder.js';
import { errorCode } from './process-alive.js';

export interface SchemaState {
  /**
   * `empty`: nothing of ours. `current`, `older`: whole. `newer`: made by a newer Tabea. `half`: neither
   * empty nor whole, or tables of our names that another program made.
   */
  readonly state: 'empty' | 'current' | 'older' | 'newer' | 'half';
  /** Names of the migrations that are not applied yet. */
  readonly pending: readonly string[];
  /** What makes it `half`: tables (`message`), columns (`cases.version`), or `journal`. */
  readonly missing: readonly string[];
}

/** Any number; the same in every process that migrates. */
const MIGRATION_LOCK = 7_462_170_801;
const OLDEST_POSTGRES = 14;

/** At start: an empty database gets the schema, a current one is left alone, any other is refused. Throws UserError. */
export async function prepareSchema(database: Database): Promise<void> {
  await underLock(database, async (client) => {
    await refuseOldServer(client);
    const schema = await inspect(client, readMigrations());
    if (schema.state === 'older') throw outdated(schema);
    await apply(database, schema);
  });
}

/** `tabea migrate`: applies what is missing and returns the names. Throws UserError where it may not. */
export async function migrate(database: Database): Promise<readonly string[]> {
  return await underLock(database, async (client) => {
    await refuseOldServer(client);
    const schema = await inspect(client, readMigrations());
    await apply(database, schema);
    return schema.pending;
  });
}

/** Changes nothing. */
export async function inspectSchema(database: Database): Promise<SchemaState> {
  return await inspect(database.pool, readMigrations());
}

/**
 * Two processes at once take turns. The lock belongs to a transaction, because behind a PgBouncer a
 * session's lock may be taken on one connection and given back on another; it needs a second connection.
 */
async function underLock<T>(database: Database, work: (client: Queryable) => Promise<T>): Promise<T> {
  return await database.transaction(async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    return await work(client);
  });
}

async function apply(database: Database, schema: SchemaState): Promise<void> {
  if (schema.state === 'newer') throw newer();
  if (schema.state === 'half') throw half(schema);
  if (schema.pending.length === 0) return;
  try {
    // One transaction over all of them.
    await runMigrations(drizzle(database.pool), { migrationsFolder: migrationsFolder() });
  } catch (error) {
    throw notPermitted(error) ?? error;
  }
}

async function refuseOldServer(client: Queryable): Promise<void> {
  const answer = await client.query<{ number: string }>(
    `SELECT current_setting('server_version_num') AS number`,
  );
  const major = Math.floor(Number(answer.rows[0]?.number) / 10_000);
  if (major >= OLDEST_POSTGRES) return;
  throw new UserError('postgres_too_old', `The database server is PostgreSQL ${major}.`, {
    remedy: `Tabea needs PostgreSQL ${OLDEST_POSTGRES} or newer: upgrade it, or set DATABASE_URL to another.`,
  });
}

async function inspect(client: Queryable, migrations: readonly Migration[]): Promise<SchemaState> {
  const applied = await appliedMigrations(client);
  const columns = await presentColumns(client);
  const pending = migrations.slice(applied.length).map(({ name }) => name);
  const newest = migrations.at(-1);
  if (!newest) throw new Error('there are no migrations');
  if (applied.some((when) => when > newest.when)) return { state: 'newer', pending: [], missing: [] };
  if (applied.length === 0) {
    const ours = [...newest.tables().keys()].some((table) => columns.has(table));
    return ours ? { state: 'half', pending, missing: ['journal'] } : { state: 'empty', pending, missing: [] };
  }
  const reached = migrations[applied.length - 1];
  if (!reached || applied.some((when, index) => migrations[index]?.when !== when)) {
    return { state: 'half', pending: [], missing: ['journal'] };
  }
  const missing = absent(reached, columns);
  if (missing.length > 0) return { state: 'half', pending, missing };
  return { state: pending.length > 0 ? 'older' : 'current', pending, missing };
}

/** Times of the applied migrations in their order, from drizzle's journal. */
async function appliedMigrations(client: Queryable): Promise<number[]> {
  const there = await client.query<{ journal: string | null }>(
    `SELECT to_regclass('drizzle.__drizzle_migrations') AS journal`,
  );
  if (typeof there.rows[0]?.journal !== 'string') return [];
  const rows = await client.query<{ created_at: string }>(
    'SELECT created_at FROM drizzle.__drizzle_migrations ORDER BY created_at',
  );
  return rows.rows.map((row) => Number(row.created_at));
}

async function presentColumns(client: Queryable): Promise<Map<string, Set<string>>> {
  const rows = await client.query<{ table: string; columns: string[] }>(
    `SELECT c.relname AS table, array_agg(a.attname::text) AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1`,
  );
  return new Map(rows.rows.map((row) => [row.table, new Set(row.columns)]));
}

function absent(reached: Migration, present: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  return [...reached.tables()].flatMap(([table, columns]) => {
    const found = present.get(table);
    if (!found) return [table];
    return columns.filter((column) => !found.has(column)).map((column) => `${table}.${column}`);
  });
}

function outdated(schema: SchemaState): UserError {
  return new UserError(
    'schema_older',
    `The database is ${schema.pending.length} step(s) behind this Tabea.`,
    {
      remedy: 'Make a backup, then run `npx tabea migrate` and start again.',
    },
  );
}

function newer(): UserError {
  return new UserError('schema_newer', 'This database was made by a newer Tabea.', {
    remedy: 'Install that version; an older one would damage what it does not know.',
  });
}

function half(schema: SchemaState): UserError {
  const what = schema.missing.includes('journal')
    ? "its tables and Tabea's journal of migrations (drizzle.__drizzle_migrations) do not agree"
    : `missing: ${schema.missing.join(', ')}`;
  return new UserError('schema_half', `The database is neither empty nor complete: ${what}.`, {
    remedy: 'Restore it from a backup, or point DATABASE_URL (or TABEA_DATA_DIR) at an empty one.',
  });
}

function notPermitted(error: unknown): UserError | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (errorCode(cause) !== '42501') return undefined;
  return new UserError('database_permission', "The database's user may not create tables.", {
    remedy: 'As its owner: GRANT CREATE ON DATABASE … TO …; GRANT CREATE ON SCHEMA public TO …;',
    cause: error,
  });
}
