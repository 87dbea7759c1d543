/** A mailbox drained into the store, beside imapflow fetching the same mailbox into nothing; and what memory it takes. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startDovecotIn, type TestDovecot } from '../test/support/dovecot-server.js';
import { startChild, type Child } from './child.js';
import { bigMail, smallMail } from './mails.js';
import { alternate } from './measure.js';
import { familySeconds, microseconds } from './processor-time.js';
import { demand, type BenchContext, type BoundRow, type Row } from './row.js';
import { startDatabase, type BenchDatabase } from './stores.js';

const MAILS = 5_000;
const MANY = { small: 9_950, big: 50, bytes: 10_000_000 };
const MEGABYTE = 1024 * 1024;

export async function benchMailbox(context: BenchContext): Promise<(Row | BoundRow)[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tabea-bench-mail-'));
  await chmod(folder, 0o711);
  const dovecot = await startDovecotIn({ folder });
  const db = await startDatabase();
  try {
    return [await benchDrain(context, dovecot, db), await benchMemory(context, dovecot, db)];
  } finally {
    await db.close();
    await dovecot.remove();
  }
}

async function benchDrain(context: BenchContext, dovecot: TestDovecot, db: BenchDatabase): Promise<Row> {
  const poller = startChild('mailbox-process', context);
  const bare = startChild('mailbox-process');
  try {
    await poller.ask('open', { databaseUrl: db.url }, z.unknown());
    dovecot.deliver('bench', mailsFrom(0, MAILS));
    const order = { imapUrl: dovecot.url('bench'), mails: MAILS };
    const cpu = { poller: 0, database: 0, server: 0, runs: 0 };
    const drain = async () => {
      await empty(db);
      const spenders = () => [poller.cpuSeconds(), db.cpuSeconds(), familySeconds(dovecot.pid())] as const;
      const before = spenders();
      const seconds = await poller.ask('drain', order, z.number());
      const after = spenders();
      cpu.poller += after[0] - before[0];
      cpu.database += after[1] - before[1];
      cpu.server += after[2] - before[2];
      cpu.runs += 1;
      await verify(db, MAILS);
      return MAILS / seconds;
    };
    const fetch = async () => MAILS / (await bare.ask('fetch', order, z.number()));
    // Dovecot builds its index and its cache the first time.
    await fetch();
    await drain();
    const compared = await alternate(context.runs, { limit: fetch, subject: drain }, (line) =>
      context.tell(line),
    );
    const alone = MAILS / (await bare.ask('pull', order, z.number()));
    const each = (seconds: number) => microseconds(seconds / (cpu.runs * MAILS));
    return {
      name: 'mailbox',
      what: 'mailbox drain: IMAP → parsed → durable with its cursor ÷ bare imapflow fetch of the same mailbox',
      unit: 'mails/s',
      compared,
      least: 0.7,
      aim: 0.9,
      notes: [
        `${MAILS} mails of text and HTML, 3–8 kB, from Dovecot on the same machine, no TLS on both sides`,
        'embedded PostgreSQL with fsync; server, poller with its reading threads and database share the cores',
        `processor time a mail: poller ${each(cpu.poller)}, PostgreSQL ${each(cpu.database)}, Dovecot ${each(cpu.server)}`,
        `the source alone, with nothing read and nothing stored: ${Math.round(alone)} mails/s`,
        'afterwards: every mail is in the inbox with its envelope, and the cursor stands at the last UID',
      ],
    };
  } finally {
    await Promise.all([poller.close(), bare.close()]);
  }
}

async function benchMemory(
  context: BenchContext,
  dovecot: TestDovecot,
  db: BenchDatabase,
): Promise<BoundRow> {
  const mails = MANY.small + MANY.big;
  const every = mails / MANY.big;
  for (let block = 0; block < MANY.big; block += 1) {
    dovecot.deliver('bench-many', mailsFrom(block * every, every - 1));
    dovecot.deliver('bench-many', [{ raw: bigMail(block * every + every - 1, MANY.bytes) }]);
  }
  const peaks: number[] = [];
  for (let run = 1; run <= Math.min(context.runs, 2); run += 1) {
    await empty(db);
    const poller = startChild('mailbox-process');
    try {
      await poller.ask('open', { databaseUrl: db.url }, z.unknown());
      const memory = watchMemory(poller);
      const order = { imapUrl: dovecot.url('bench-many'), mails };
      const seconds = await poller.ask('drain', order, z.number());
      peaks.push(memory.stop() / MEGABYTE);
      context.tell(`memory ${run}: ${peaks.at(-1)?.toFixed(0)} MB, ${(mails / seconds).toFixed(0)}/s`);
      await verify(db, mails);
    } finally {
      await poller.close();
    }
  }
  return {
    name: 'mailbox-memory',
    what: `RSS of the poller at its peak while it drains ${mails} mails, ${MANY.big} of them with a file of 10 MB`,
    unit: 'MB',
    values: peaks,
    counts: 'max',
    most: 450,
    aim: 300,
    notes: ['sampled ten times a second, with the threads that read the mails; big mails spread evenly'],
  };
}

function mailsFrom(first: number, amount: number) {
  return Array.from({ length: amount }, (_, index) => ({ raw: smallMail(first + index) }));
}

async function empty(db: BenchDatabase): Promise<void> {
  await db.wipe();
  await db.forgetJobs();
  await db.database.pool.query('TRUNCATE cursor, lease');
}

async function verify(db: BenchDatabase, mails: number): Promise<void> {
  const stored = await db.count('FROM inbox i JOIN envelope e ON e.id = i.envelope_id');
  demand(stored === mails, `${mails} mails lie in the mailbox, ${stored} are in the inbox`);
  const there = await db.count(`FROM cursor WHERE (value->>'lastUid')::int = ${mails}`);
  demand(there === 1, 'the cursor does not stand at the last mail');
}

function watchMemory(child: Child): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, child.rss())), 100);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}
