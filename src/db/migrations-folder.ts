/** The migrations that this version of Tabea carries, and what the schema looks like after each. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface Migration {
  readonly name: string;
  /** What drizzle keeps in its journal table to recognise it: milliseconds. */
  readonly when: number;
  /** Tables of the schema after it, each with its columns. */
  tables(): ReadonlyMap<string, readonly string[]>;
}

const journal = z.object({
  entries: z.array(z.object({ idx: z.number(), when: z.number(), tag: z.string() })),
});
const snapshot = z.object({
  tables: z.record(
    z.string(),
    z.object({ name: z.string(), columns: z.record(z.string(), z.object({ name: z.string() })) }),
  ),
});

/** `src/db/migrations` of the project, also from the build in `dist/`, where tsc copies no SQL. */
export function migrationsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'src', 'db', 'migrations');
    if (existsSync(join(candidate, 'meta', '_journal.json'))) return candidate;
    if (folder === dirname(folder)) throw new Error('src/db/migrations is missing');
  }
}

/** In the order in which they apply. */
export function readMigrations(folder = migrationsFolder()): readonly Migration[] {
  const meta = (name: string): unknown => JSON.parse(readFileSync(join(folder, 'meta', name), 'utf8'));
  return journal.parse(meta('_journal.json')).entries.map(({ idx, when, tag }) => ({
    name: tag,
    when,
    tables: () => {
      const { tables } = snapshot.parse(meta(`${String(idx).padStart(4, '0')}_snapshot.json`));
      return new Map(
        Object.values(tables).map(({ name, columns }) => [
          name,
          Object.values(columns).map((column) => column.name),
        ]),
      );
    },
  }));
}
