import { expect, test } from '@jest/globals';
import { countOrphans } from '../../src/db/orphans.js';
import { createTestDatabase } from '../support/postgres.js';

const NONE = { contact: 0, cases: 0, message: 0, outbox: 0, case_event: 0 };

test('rows that name a case or reporter that is not there are counted, table by table', async () => {
  const db = await createTestDatabase();
  try {
    const { pool } = db.database;
    expect(await countOrphans(db.database)).toEqual(NONE);
    await pool.query(`INSERT INTO contact (key, reporter_id, scheme, address, created_at)
      VALUES ('\\x01', gen_random_uuid(), 'tel', '\\x00', now())`);
    await pool.query(`INSERT INTO case_event (case_id, seq, kind, actor, at, data, hash)
      VALUES (gen_random_uuid(), 1, 'received', 'reporter', now(), '{}', '\\x00')`);
    await pool.query(`INSERT INTO message (id, case_id, channel_id, external_id, text, received_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'sms-1708', 'SM1', '', now()),
        (gen_random_uuid(), NULL, 'sms-1708', 'SM2', 'STOP', now())`);
    expect(await countOrphans(db.database)).toEqual({ ...NONE, contact: 1, case_event: 1, message: 1 });
  } finally {
    await db.drop();
  }
});
