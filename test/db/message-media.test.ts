import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import { migrate } from '../../src/db/migrate.js';
import { migrationsFolder } from '../../src/db/migrations-folder.js';
import { createTestDatabase } from '../support/postgres.js';
import { newFolder } from '../support/run-folder.js';

test('pictures that already waited when the due time came into being are due; nothing else is', async () => {
  const folder = newFolder('migrations');
  cpSync(migrationsFolder(), folder, { recursive: true });
  const path = join(folder, 'meta', '_journal.json');
  const journal: { entries: { tag: string }[] } = JSON.parse(readFileSync(path, 'utf8'));
  const before = journal.entries.filter(({ tag }) => tag < '0003');
  writeFileSync(path, JSON.stringify({ ...journal, entries: before }));
  const db = await createTestDatabase({ migrated: false });
  try {
    const { pool } = db.database;
    await runMigrations(drizzle(pool), { migrationsFolder: folder });
    const rows: [string, string | null][] = [
      ['wanted', '[{"state": "stored"}, {"state": "wanted", "url": "https://media.example/a"}]'],
      ['stored', '[{"state": "stored"}]'],
      ['plain', null],
    ];
    for (const [id, attachments] of rows) {
      await pool.query(
        `INSERT INTO message (id, channel_id, external_id, text, attachments, received_at)
         VALUES (gen_random_uuid(), 'sms-1708', $1, '', $2, '2026-11-23T01:00:00Z')`,
        [id, attachments],
      );
    }
    await migrate(db.database);
    const { rows: due } = await pool.query(
      'SELECT external_id, media_due FROM message WHERE media_due IS NOT NULL',
    );
    expect(due).toEqual([{ external_id: 'wanted', media_due: new Date('2026-11-23T01:00:00Z') }]);
  } finally {
    await db.drop();
  }
});
