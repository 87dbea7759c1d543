/** The connection breaks, processes end, mails are bad: no gap, no double, and the next one goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCuttingProxy } from '../../../support/cutting-proxy.js';
import { describeWithDovecot, startDovecot, type TestDovecot } from '../../../support/dovecot.js';
import {
  daysAgo,
  drained,
  expected,
  isoDay,
  mail,
  mails,
  numbered,
  recordingLogger,
  recordingSink,
  running,
  sourceFor,
} from './helpers.js';

const YESTERDAY = { since: isoDay(daysAgo(1)) };

describeWithDovecot('a mail folder under faults', () => {
  let dovecot: TestDovecot;
  let users = 0;
  const newUser = () => `warga${++users}`;

  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(async () => {
    await dovecot.remove();
  });

  test('cut off in the middle of a FETCH at any byte: no gap, no double', async () => {
    const user = newUser();
    const lot = [...mails(1, 60), { raw: mail(61, { size: 700_000 }) }, ...mails(62, 30)];
    dovecot.deliver(user, lot);
    const proxy = await startCuttingProxy(dovecot.imapPort);
    const sink = recordingSink();
    const source = sourceFor(dovecot.url(user, proxy.port), YESTERDAY);
    // Greeting, login, SELECT, in mails, between mails, in the big one; grows until all is through.
    let cuts = 0;
    for (let bytes = 30; sink.items.length < lot.length; bytes = Math.ceil(bytes * 1.37)) {
      proxy.cutAfter(bytes);
      const run = running(source, sink);
      const failure = await run.until(lot.length);
      if (failure === undefined) {
        await run.stop();
        break;
      }
      expect(failure).toMatchObject({ name: 'ChannelError', code: 'connection' });
      cuts += 1;
    }
    expect(cuts).toBeGreaterThan(20);
    expect(numbered(sink.ids())).toEqual(expected(1, 91));
    expect(sink.items[60]?.request.body.toString()).toBe(mail(61, { size: 700_000 }));
    await proxy.close();
  });

  test('10,000 mails, with the run ended or killed again and again', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 10_000));
    const proxy = await startCuttingProxy(dovecot.imapPort);
    const sink = recordingSink();
    const source = sourceFor(dovecot.url(user, proxy.port), YESTERDAY);
    let rounds = 0;
    while (sink.items.length < 10_000) {
      rounds += 1;
      const run = running(source, sink);
      const goal = Math.min(10_000, rounds * 1_250);
      await run.until(goal);
      if (rounds % 2 === 0) await run.stop();
      else {
        proxy.cutNow();
        await run.failure();
      }
    }
    expect(rounds).toBeGreaterThan(5);
    expect(numbered(sink.ids())).toEqual(expected(1, 10_000));
    await proxy.close();
  }, 90_000);

  test('portions fit into memory, and a big mail travels alone', async () => {
    const user = newUser();
    const big = (id: number) => ({ raw: mail(id, { size: 3_000_000 }) });
    dovecot.deliver(user, [...mails(1, 10), big(11), big(12), ...mails(13, 60), big(73)]);
    const sink = recordingSink();
    await drained(sourceFor(dovecot.url(user), YESTERDAY), sink, 73);
    expect(numbered(sink.ids())).toEqual(expected(1, 73));
    const alone = sink.batches.filter((bytes) => bytes > 1_000_000);
    expect(alone).toHaveLength(3);
    expect(Math.max(...alone)).toBeLessThan(3_100_000);
  });

  test('a mail above the limit keeps its head only; one that cannot be read goes to quarantine; others go on', async () => {
    const user = newUser();
    dovecot.deliver(user, [
      ...mails(1, 2),
      { raw: mail(3, { size: 300_000 }) },
      { raw: mail(4, { header: 'X-Poison: 1' }) },
      { raw: mail(5, { size: 30_000 }) },
    ]);
    const sink = recordingSink();
    await drained(sourceFor(dovecot.url(user), { ...YESTERDAY, maxMessageBytes: 200_000 }), sink, 5);
    expect(numbered(sink.ids())).toEqual(['m1', 'm2', 'm5']);
    expect(sink.reasons()).toEqual([expect.stringMatching(/^too_large: /), 'too_deep']);
    expect(sink.items[2]?.request.body.toString()).toBe(mail(3, { size: 300_000 }).split('\r\n\r\n')[0]);
    expect(sink.items[3]?.request.body.toString()).toBe(mail(4, { header: 'X-Poison: 1' }));
    expect(sink.items[3]?.parsed.rejected[0]?.part).toContain('Message-ID: <m4@warga.example>');
    expect(sink.cursor).toMatchObject({ lastUid: 5 });
  });

  test('a mail that is expunged meanwhile is passed over', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 120));
    const sink = recordingSink();
    sink.during = () => {
      sink.during = () => Promise.resolve();
      for (const uid of [100, 101, 120]) dovecot.expunge(user, uid);
      return Promise.resolve();
    };
    await drained(sourceFor(dovecot.url(user), YESTERDAY), sink, 117);
    expect(numbered(sink.ids())).toEqual([...expected(1, 99), ...expected(102, 18)]);
  });

  test('by default nothing is marked, moved or deleted', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 5));
    const sink = recordingSink();
    await drained(sourceFor(dovecot.url(user), YESTERDAY), sink, 5);
    expect(dovecot.flags(user).filter((flags) => flags.includes('\\Seen'))).toEqual([]);
    expect(dovecot.count(user)).toBe(5);
  });

  test('afterwards: marked and moved, but only what is stored', async () => {
    const user = newUser();
    dovecot.deliver(user, [...mails(1, 60), { raw: mail(61, { size: 300_000 }) }, { raw: mail(62) }]);
    dovecot.createFolder(user, 'Tersimpan');
    const sink = recordingSink();
    let accepts = 0;
    sink.during = () => {
      accepts += 1;
      return accepts === 3 ? Promise.reject(new Error('the database is away')) : Promise.resolve();
    };
    const afterwards = { markSeen: true, moveTo: 'Tersimpan' };
    const source = sourceFor(dovecot.url(user), { ...YESTERDAY, afterwards, maxMessageBytes: 200_000 });
    await running(source, sink).failure();
    expect(sink.items).toHaveLength(50);
    expect(dovecot.count(user, 'Tersimpan')).toBe(50);
    const run = running(source, sink);
    await sink.until(62);
    while (dovecot.count(user, 'Tersimpan') < 61) await sleep(20);
    await run.stop();
    expect(dovecot.flags(user, 'Tersimpan').every((flags) => flags.includes('\\Seen'))).toBe(true);
    // Of the big one only the head was stored: a person must find it.
    expect(dovecot.count(user)).toBe(1);
    expect(numbered(sink.ids())).toEqual([...expected(1, 60), 'm62']);
  });

  test('afterwards: a folder that is not there is told, and mail goes on', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 3));
    const logger = recordingLogger();
    const sink = recordingSink();
    const more = { ...YESTERDAY, afterwards: { moveTo: 'Tidak Ada' } };
    const run = running(sourceFor(dovecot.url(user), more, { logger }), sink);
    await sink.until(3);
    while (logger.said.length === 0) await sleep(5);
    dovecot.deliver(user, mails(4, 1));
    await sink.until(4);
    await run.stop();
    expect(logger.said[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('afterwards') });
  });
});
