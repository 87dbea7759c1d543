import type { Database } from './database.js';

/** One office of the city, as the configuration has it. */
export interface OpdEntry {
  readonly id: string;
  readonly name: string;
  readonly shortName: string;
}

/**
 * Makes the table agree with the configuration. What is missing there becomes inactive and stays: cases
 * refer to it.
 */
export async function syncOpds(database: Database, opds: readonly OpdEntry[]): Promise<void> {
  const column = (pick: (entry: OpdEntry) => string) => opds.map((entry) => pick(entry));
  const ids = column((entry) => entry.id);
  await database.transaction(async (client) => {
    // Two gateways that start at once write the same rows in the same order.
    await client.query(
      `INSERT INTO opd AS o (id, name, short_name)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS given (id, name, short_name) ORDER BY 1
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, short_name = excluded.short_name, active = true
       WHERE (o.name, o.short_name, o.active) IS DISTINCT FROM (excluded.name, excluded.short_name, true)`,
      [ids, column((entry) => entry.name), column((entry) => entry.shortName)],
    );
    await client.query('UPDATE opd SET active = false WHERE active AND id <> ALL ($1::text[])', [ids]);
  });
}
