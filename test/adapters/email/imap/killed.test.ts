/** The whole way from a mailbox into the store: real Dovecot, PostgreSQL, parser and poller, which is killed with -9. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { describeWithDovecot, startDovecot } from '../../../support/dovecot.js';
import { createTestDatabase } from '../../../support/postgres.js';
import { startTypeScript, type TestProcess } from '../../../support/process.js';
import { newFolder } from '../../../support/run-folder.js';
import { mails } from './helpers.js';

const MAILS = 3_000;

describeWithDovecot('a poller that is killed again and again', () => {
  test('each mail is in the store exactly once, also after the mailbox was numbered anew', async () => {
    const [dovecot, db] = await Promise.all([startDovecot(), createTestDatabase()]);
    const folder = newFolder('poller');
    const { pool } = db.database;
    const count = async (sql: string) => {
      const { rows } = await pool.query<{ n: number }>(`SELECT count(*)::int AS n ${sql}`);
      return rows[0]?.n ?? -1;
    };
    const start = () =>
      startTypeScript(new URL('./poller-process.ts', import.meta.url), [
        db.url,
        folder,
        dovecot.url('aduan'),
      ]);
    const until = async (poller: TestProcess, rows: number) => {
      for (const end = Date.now() + 40_000; (await count('FROM inbox')) < rows; await sleep(20)) {
        if (Date.now() > end) throw new Error(`${await count('FROM inbox')} of ${rows}: ${poller.errors()}`);
      }
    };
    dovecot.deliver('aduan', mails(1, MAILS));
    try {
      for (let part = 1; part <= 4; part += 1) {
        const poller = start();
        await until(poller, Math.floor((MAILS * part) / 5));
        poller.child.kill('SIGKILL');
        await poller.ended;
      }
      dovecot.renumber('aduan');
      dovecot.deliver('aduan', mails(MAILS + 1, 1));
      const poller = start();
      await until(poller, MAILS + 1);
      const done = `FROM cursor WHERE (value->>'lastUid')::int = ${MAILS + 1} AND value->'scan' IS NULL`;
      for (const end = Date.now() + 40_000; (await count(done)) < 1; await sleep(20)) {
        if (Date.now() > end) throw new Error('the mailbox was not gone through');
      }
      poller.child.kill('SIGKILL');
      await poller.ended;
      expect(await count('FROM inbox')).toBe(MAILS + 1);
      expect(await count('FROM inbox i JOIN envelope e ON e.id = i.envelope_id')).toBe(MAILS + 1);
      expect(await count('FROM quarantine')).toBe(0);
    } finally {
      await dovecot.remove();
      await db.drop();
    }
  }, 120_000);
});
