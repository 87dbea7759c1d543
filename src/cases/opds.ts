/** The departments, from the configuration into the store, so that cases can refer to them. */
import type { Queryable } from '../db/database.js';

export interface OpdEntry {
  readonly id: string;
  readonly name: string;
  readonly shortName: string;
}

/** At start: takes over names, adds new ones, switches off what the configuration has no more (old cases keep them). */
export async function syncOpds(client: Queryable, opds: readonly OpdEntry[]): Promise<void> {
  await client.query(
    `WITH given AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS t(id, name, short_name)),
       gone AS (UPDATE opd SET active = FALSE WHERE active AND id NOT IN (SELECT id FROM given))
     INSERT INTO opd (id, name, short_name) SELECT * FROM given
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, short_name = excluded.short_name, active = TRUE`,
    [opds.map((one) => one.id), opds.map((one) => one.name), opds.map((one) => one.shortName)],
  );
}
