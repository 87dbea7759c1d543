import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCuttingProxy } from '../../../support/cutting-proxy.js';
import { describeWithDovecot, startDovecot, type TestDovecot } from '../../../support/dovecot.js';
import {
  CHANNEL,
  daysAgo,
  drained,
  expected,
  isoDay,
  lastUidOf,
  mail,
  mails,
  numbered,
  recordingLogger,
  recordingSink,
  running,
  sourceFor,
  sourcesFor,
} from './helpers.js';

describeWithDovecot('a mail folder as a source', () => {
  let dovecot: TestDovecot;
  let users = 0;
  const newUser = () => `warga${++users}`;

  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(async () => {
    await dovecot.remove();
  });

  test('the first start takes nothing that is there already, saves the cursor, and goes on from there', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 3, daysAgo(1)));
    const logger = recordingLogger();
    const source = sourceFor(dovecot.url(user), {}, { logger });
    const sink = recordingSink();
    const run = running(source, sink);
    while (lastUidOf(sink.cursor) < 3) await sleep(5);
    await run.stop();
    expect(sink.items).toEqual([]);
    expect(sink.cursor).not.toHaveProperty('scan');

    dovecot.deliver(user, mails(4, 2));
    await drained(source, sink, 2);
    expect(numbered(sink.ids())).toEqual(expected(4, 2));
    expect(sink.items[0]?.request).toMatchObject({
      method: 'PULL',
      headers: { 'content-type': 'message/rfc822' },
    });
    expect(sink.items[0]?.request.target).toMatch(/^imap:INBOX;uidvalidity=\d+;uid=4$/);
    expect(sink.items[0]?.request.body.toString()).toBe(mail(4));
    expect(logger.said).toEqual([
      {
        level: 'warn',
        fields: expect.objectContaining({ channel: CHANNEL }),
        message: expect.stringContaining(`npx tabea backfill ${CHANNEL} --from`),
      },
    ]);
  });

  test('what arrives while the server is not reached for the first time is not passed over', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 2, daysAgo(1)));
    const proxy = await startCuttingProxy(dovecot.imapPort);
    // Hours pass between the attempts.
    const clock = { time: Date.now() - 3 * 3_600_000, now: () => new Date(clock.time) };
    const source = sourceFor(dovecot.url(user, proxy.port), {}, { clock });
    const sink = recordingSink();
    proxy.cutAfter(0);
    expect(await running(source, sink).failure()).toMatchObject({ code: 'connection' });
    dovecot.deliver(user, mails(3, 2, new Date(clock.time + 3_600_000)));
    clock.time += 3 * 3_600_000;
    proxy.cutAfter(undefined);
    await drained(source, sink, 2);
    expect(numbered(sink.ids())).toEqual(['m3', 'm4']);
    await proxy.close();
  });

  test('the case of letters in user and host does not name another source', () => {
    const nameOf = (url: string) => sourceFor(url).name;
    expect(nameOf('imap://Lapor%40Ambon.example:p@LocalHost:1')).toBe(
      nameOf('imap://lapor%40ambon.example:p@localhost:1'),
    );
  });

  test('since: what came from that day on, whatever the order of UIDs, and nothing older', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 3, daysAgo(10)));
    dovecot.deliver(user, mails(4, 3, daysAgo(2)));
    dovecot.deliver(user, mails(7, 2, daysAgo(10)));
    dovecot.deliver(user, mails(9, 2, daysAgo(1)));
    const sink = recordingSink();
    const source = sourceFor(dovecot.url(user), { since: isoDay(daysAgo(5)) });
    await drained(source, sink, 5);
    expect(numbered(sink.ids())).toEqual([...expected(4, 3), ...expected(9, 2)]);
    // A mail that is filed later counts, however old it is.
    dovecot.deliver(user, mails(11, 1, daysAgo(20)));
    await drained(source, sink, 6);
    expect(numbered(sink.ids()).at(-1)).toBe('m11');
    expect(sink.cursor).toMatchObject({ lastUid: 11 });
    expect(sink.cursor).not.toHaveProperty('scan');
  });

  test('a scan by date that is interrupted goes on by date', async () => {
    const user = newUser();
    for (let round = 0; round < 4; round += 1) {
      dovecot.deliver(user, mails(round * 80 + 1, 60, daysAgo(1)));
      dovecot.deliver(user, mails(round * 80 + 61, 20, daysAgo(30)));
    }
    const sink = recordingSink();
    for (let run = 0; run < 20 && sink.items.length < 240; run += 1) {
      const accepted = sink.batches.length;
      const one = running(sourceFor(dovecot.url(user), { since: isoDay(daysAgo(3)) }), sink);
      while (sink.batches.length < accepted + 2) await sleep(2);
      await one.stop();
    }
    expect(numbered(sink.ids())).toEqual([0, 1, 2, 3].flatMap((round) => expected(round * 80 + 1, 60)));
  });

  test('IDLE tells of a mail long before the next look, on one connection', async () => {
    const user = newUser();
    const proxy = await startCuttingProxy(dovecot.imapPort);
    const sink = recordingSink();
    const run = running(sourceFor(dovecot.url(user, proxy.port), { pollSeconds: 60 }), sink);
    while (sink.cursor === undefined) await sleep(5);
    for (let one = 1; one <= 3; one += 1) {
      await sleep(300);
      dovecot.deliver(user, mails(one, 1));
      // The next look would be a minute away.
      await sink.until(one, 20_000);
    }
    expect(numbered(sink.ids())).toEqual(expected(1, 3));
    expect(proxy.made()).toBe(1);
    await run.stop();
    await proxy.close();
  });

  test('without IDLE it looks every pollSeconds', async () => {
    const user = newUser();
    const proxy = await startCuttingProxy(dovecot.imapPort, {
      rewrite: (bytes) => Buffer.from(bytes.toString('latin1').replaceAll(' IDLE', ' XDLE'), 'latin1'),
    });
    const sink = recordingSink();
    const run = running(sourceFor(dovecot.url(user, proxy.port), { pollSeconds: 5 }), sink);
    while (sink.cursor === undefined) await sleep(5);
    await sleep(500);
    dovecot.deliver(user, mails(1, 2));
    await sleep(1_000);
    expect(sink.items).toHaveLength(0);
    await sink.until(2, 7_000);
    await run.stop();
    await proxy.close();
  });

  test('after a lost connection a run throws, and the next one goes on with a new client', async () => {
    const user = newUser();
    const sink = recordingSink();
    const source = sourceFor(dovecot.url(user), { pollSeconds: 60 });
    for (let round = 0; round < 3; round += 1) {
      const run = running(source, sink);
      while (sink.cursor === undefined) await sleep(5);
      dovecot.deliver(user, mails(round * 2 + 1, 2));
      await sink.until(round * 2 + 2);
      await sleep(200);
      dovecot.kick(user);
      expect(await run.failure()).toMatchObject({
        name: 'ChannelError',
        code: 'connection',
        retry: 'backoff',
      });
    }
    expect(numbered(sink.ids())).toEqual(expected(1, 6));
  });

  test('a server that falls silent is noticed', async () => {
    const user = newUser();
    const proxy = await startCuttingProxy(dovecot.imapPort);
    const sink = recordingSink();
    const source = sourceFor(dovecot.url(user, proxy.port), { pollSeconds: 5 }, { socketTimeoutMs: 1_000 });
    const run = running(source, sink);
    while (sink.cursor === undefined) await sleep(5);
    await sleep(200);
    proxy.silence(true);
    expect(await run.failure()).toMatchObject({ code: 'connection' });
    await proxy.close();
  });

  test('each folder is a source of its own', async () => {
    const user = newUser();
    dovecot.deliver(user, []);
    dovecot.deliver(user, [], 'Aduan/Air');
    const sources = sourcesFor(dovecot.url(user), { folders: ['INBOX', 'Aduan/Air'] });
    expect(sources.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^imap-[0-9a-f]{10}\/INBOX$/),
      expect.stringMatching(/^imap-[0-9a-f]{10}\/Aduan\/Air$/),
    ]);
    const sinks = [recordingSink(), recordingSink()] as const;
    const runs = sources.map((source, index) => running(source, sinks[index] ?? recordingSink()));
    while (sinks.some((sink) => sink.cursor === undefined)) await sleep(5);
    dovecot.deliver(user, mails(1, 1));
    dovecot.deliver(user, mails(2, 2), 'Aduan/Air');
    await Promise.all([sinks[0].until(1), sinks[1].until(2)]);
    await Promise.all(runs.map((run) => run.stop()));
    expect(numbered(sinks[0].ids())).toEqual(['m1']);
    expect(numbered(sinks[1].ids())).toEqual(['m2', 'm3']);
    expect(sinks[1].items[0]?.request.target).toContain('imap:Aduan%2FAir;');
  });

  test('UIDVALIDITY changes over 500 old mails: the same ids again, no old mail, one warning', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 20, daysAgo(40)));
    dovecot.deliver(user, mails(21, 500, daysAgo(1)));
    const logger = recordingLogger();
    const source = sourceFor(dovecot.url(user), { since: isoDay(daysAgo(20)) }, { logger });
    const sink = recordingSink();
    await drained(source, sink, 500);
    const before = sink.ids();
    expect(numbered(before)).toEqual(expected(21, 500));

    dovecot.renumber(user);
    dovecot.deliver(user, mails(521, 1));
    await drained(source, sink, 1_001);
    expect(sink.ids().slice(500, 1_000)).toEqual(before);
    expect(numbered(sink.ids()).at(-1)).toBe('m521');
    await drained(source, sink, 1_001);
    expect(logger.said.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      expect.stringMatching(/^warn: The mail server has numbered a folder anew/),
    ]);
  });

  test('UIDVALIDITY changes where the first start took nothing old: it stays untouched', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 10, daysAgo(1)));
    const source = sourceFor(dovecot.url(user));
    const sink = recordingSink();
    const run = running(source, sink);
    while (sink.cursor === undefined) await sleep(5);
    dovecot.deliver(user, mails(11, 2));
    await sink.until(2);
    await run.stop();
    dovecot.renumber(user);
    dovecot.deliver(user, mails(13, 1));
    await drained(source, sink, 5);
    expect(numbered(sink.ids())).toEqual(['m11', 'm12', 'm11', 'm12', 'm13']);
  });

  test('UIDVALIDITY changes under an open session: nothing that comes afterwards is missed', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 30));
    const source = sourceFor(dovecot.url(user), { since: isoDay(daysAgo(1)) });
    const sink = recordingSink();
    const run = running(source, sink);
    await run.until(30);
    dovecot.renumber(user);
    dovecot.deliver(user, mails(31, 3));
    // Dovecot closes the session when it notices; the next run begins under the new numbers.
    expect(await run.until(63)).toMatchObject({ code: 'connection' });
    await drained(source, sink, 63);
    expect(new Set(numbered(sink.ids()))).toEqual(new Set(expected(1, 33)));
  });

  test('what the sink throws ends the run, and what was not durable comes again', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 180));
    const source = sourceFor(dovecot.url(user), { since: isoDay(daysAgo(1)) });
    const sink = recordingSink();
    let accepts = 0;
    sink.during = () => {
      accepts += 1;
      return accepts === 3 ? Promise.reject(new Error('the database is away')) : Promise.resolve();
    };
    expect(await running(source, sink).failure()).toMatchObject({ message: 'the database is away' });
    await drained(source, sink, 180);
    expect(numbered(sink.ids())).toEqual(expected(1, 180));
  });

  test('a saved cursor that cannot be read is told, not guessed', async () => {
    const user = newUser();
    const failure = await running(sourceFor(dovecot.url(user)), recordingSink({ uid: 5 })).failure();
    expect(failure).toMatchObject({ code: 'config', retry: 'never' });
  });

  test('backfill hands over everything since then and leaves the cursor alone', async () => {
    const user = newUser();
    dovecot.deliver(user, mails(1, 2, daysAgo(5)));
    dovecot.deliver(user, mails(3, 2, daysAgo(1)));
    const sink = recordingSink();
    const source = sourceFor(dovecot.url(user));
    await source.backfill?.(sink, daysAgo(2), new AbortController().signal);
    expect(numbered(sink.ids())).toEqual(['m3', 'm4']);
    expect(sink.cursor).toBeUndefined();
  });
});
