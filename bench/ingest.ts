/** Inbox → committed case, event and acknowledgement in the outbox, beside a BullMQ worker that does nothing. */
import { z } from 'zod';
import { createQueueSystem } from '../src/queue/create-queue-system.js';
import { startChild } from './child.js';
import { benchLogger } from './city.js';
import { fillInbox } from './fill-inbox.js';
import { alternate } from './measure.js';
import { microseconds } from './processor-time.js';
import { demand, type BenchContext, type Row } from './row.js';
import { startDatabase, startRedis, type BenchDatabase } from './stores.js';

interface Backend {
  readonly name: string;
  readonly what: string;
  readonly messages: number;
  /** Single jobs of the limit. */
  readonly jobs: number;
  readonly least: number;
  readonly aim: number;
}

const WARM_UP = 20_000;

export async function benchIngestRedis(context: BenchContext): Promise<Row> {
  const redis = await startRedis();
  try {
    const backend = {
      name: 'ingest-redis',
      what: 'inbox → committed case + event + outbox ÷ no-op BullMQ worker on the same Redis',
      messages: 20_000,
      jobs: 20_000,
      least: 0.7,
      aim: 1,
    };
    return await benchIngest(context, backend, redis.url);
  } finally {
    await redis.stop();
  }
}

export async function benchIngestEmbedded(context: BenchContext): Promise<Row> {
  const backend = {
    name: 'ingest-embedded',
    what: 'the same on BullMQ’s PostgreSQL backend ÷ no-op worker on that backend',
    messages: 20_000,
    jobs: 5_000,
    least: 2,
    aim: 5,
  };
  return await benchIngest(context, backend, undefined);
}

async function benchIngest(
  context: BenchContext,
  backend: Backend,
  redisUrl: string | undefined,
): Promise<Row> {
  const db = await startDatabase();
  const place = { databaseUrl: db.url, ...(redisUrl === undefined ? {} : { redisUrl }) };
  const queue = createQueueSystem({ ...place, logger: benchLogger() });
  const worker = startChild('ingest-process', context);
  const noOp = startChild('ingest-process');
  try {
    await worker.ask('open', place, z.unknown());
    await noOp.ask('open', place, z.unknown());
    let first = 0;
    let jobs = 0;
    const cpu = { worker: 0, database: 0, messages: 0 };
    const ingest = async (messages: number) => {
      await db.wipe();
      jobs = await fillInbox(db, queue, first, messages);
      first += messages;
      const before = { worker: worker.cpuSeconds(), database: db.cpuSeconds() };
      const seconds = await worker.ask('ingest', messages, z.number());
      cpu.worker += worker.cpuSeconds() - before.worker;
      cpu.database += db.cpuSeconds() - before.database;
      cpu.messages += messages;
      await verify(db, messages);
      return messages / seconds;
    };
    const work = async (amount: number) => {
      await noOp.ask('fillNoOp', amount, z.unknown());
      return amount / (await noOp.ask('workNoOp', amount, z.number()));
    };
    await work(WARM_UP);
    await ingest(WARM_UP);
    const compared = await alternate(
      context.runs,
      { limit: () => work(backend.jobs), subject: () => ingest(backend.messages) },
      (line) => context.tell(line),
    );
    return {
      ...backend,
      unit: 'msg/s',
      compared,
      notes: [
        `${backend.messages} messages of as many senders a run, in ${jobs} jobs as the intake made them; ${backend.jobs} single jobs for the limit, concurrency 64`,
        'one worker process; embedded PostgreSQL with fsync' +
          (redisUrl === undefined ? '' : ', Redis with appendfsync always'),
        `processor time a message: worker ${microseconds(cpu.worker / cpu.messages)}, PostgreSQL ${microseconds(cpu.database / cpu.messages)}`,
        'afterwards: every inbox row done, and as many cases, events, messages and outbox rows',
      ],
    };
  } finally {
    await Promise.all([worker.close(), noOp.close()]);
    await queue.close();
    await db.close();
  }
}

async function verify(db: BenchDatabase, messages: number): Promise<void> {
  const tables = ["inbox WHERE state = 'done'", 'cases', 'case_event', 'message', 'outbox'];
  for (const table of tables) {
    const rows = await db.count(`FROM ${table}`);
    demand(rows === messages, `${messages} messages came to ${rows} rows of ${table}`);
  }
}
