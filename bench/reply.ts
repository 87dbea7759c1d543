/** Outbox → the provider's 2xx recorded, beside bare undici POSTs of the same texts to the same provider. */
import { z } from 'zod';
import { createQueueSystem } from '../src/queue/create-queue-system.js';
import { startChild } from './child.js';
import { benchLogger } from './city.js';
import { fillInbox } from './fill-inbox.js';
import { alternate } from './measure.js';
import { microseconds } from './processor-time.js';
import { demand, type BenchContext, type Row } from './row.js';
import { startDatabase } from './stores.js';

const REPLIES = 5_000;
const WARM_UP = 1_000;

export async function benchReply(context: BenchContext): Promise<Row> {
  const db = await startDatabase();
  const queue = createQueueSystem({ databaseUrl: db.url, logger: benchLogger() });
  const provider = startChild('provider-process');
  const ingest = startChild('ingest-process');
  const worker = startChild('reply-process', context);
  try {
    const port = await provider.ask('listen', {}, z.number());
    await ingest.ask('open', { databaseUrl: db.url }, z.unknown());
    const providerUrl = `http://127.0.0.1:${port}`;
    await worker.ask('open', { databaseUrl: db.url, providerUrl }, z.unknown());
    let first = 0;
    const cpu = { worker: 0, database: 0, replies: 0 };
    // Acknowledgements of new cases, put into outbox and queue as ingest does it.
    const fill = async (amount: number) => {
      await db.wipe();
      await db.forgetJobs();
      await fillInbox(db, queue, first, amount);
      first += amount;
      await ingest.ask('ingest', amount, z.number());
    };
    const reply = async (amount: number) => {
      const before = await provider.ask('taken', {}, z.number());
      const spent = { worker: worker.cpuSeconds(), database: db.cpuSeconds() };
      const seconds = await worker.ask('reply', amount, z.number());
      cpu.worker += worker.cpuSeconds() - spent.worker;
      cpu.database += db.cpuSeconds() - spent.database;
      cpu.replies += amount;
      const recorded = await db.count("FROM outbox WHERE state = 'sent' AND external_id IS NOT NULL");
      const taken = (await provider.ask('taken', {}, z.number())) - before;
      demand(recorded === amount, `of ${amount} replies ${recorded} are recorded as sent`);
      demand(taken === amount, `the provider took ${taken} messages for ${amount} replies`);
      return amount / seconds;
    };
    const post = async (amount: number) => amount / (await worker.ask('post', amount, z.number()));

    await fill(WARM_UP);
    await post(WARM_UP);
    await reply(WARM_UP);
    const compared = await alternate(
      context.runs,
      {
        limit: async () => {
          await fill(REPLIES);
          return await post(REPLIES);
        },
        subject: () => reply(REPLIES),
      },
      (line) => context.tell(line),
    );
    return {
      name: 'reply',
      what: 'outbox → 2xx of the provider recorded ÷ bare undici POSTs of the same texts',
      unit: 'replies/s',
      compared,
      least: 0.6,
      aim: 0.9,
      notes: [
        `${REPLIES} acknowledgements a run, 64 at once over 16 connections on both sides, BullMQ on PostgreSQL`,
        `processor time a reply: worker ${microseconds(cpu.worker / cpu.replies)}, PostgreSQL ${microseconds(cpu.database / cpu.replies)}`,
        'afterwards: every reply sent and recorded with its provider id, and the provider took each once',
      ],
    };
  } finally {
    await Promise.all([worker.close(), ingest.close(), provider.close()]);
    await queue.close();
    await db.close();
  }
}
