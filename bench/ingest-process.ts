/** Child: one process of the role `worker`, or a BullMQ worker that does nothing, on the same broker. */
import { z } from 'zod';
import { caseRules } from '../src/cases/rules.js';
import type { CaseServices } from '../src/cases/services.js';
import { createVault } from '../src/cases/vault.js';
import { makeTrackingNumber } from '../src/core/tracking-number.js';
import { openDatabase } from '../src/db/database.js';
import { createPostgresBroker } from '../src/queue/postgres-broker.js';
import { createQueueSystem } from '../src/queue/create-queue-system.js';
import type { QueueName } from '../src/queue/queue-system.js';
import { createRedisBroker } from '../src/queue/redis-broker.js';
import { startIngestWorker } from '../workers/ingest.js';
import { serveParent } from './child.js';
import { benchClock as clock, benchKeys as keys, benchLogger, openCity } from './city.js';
import { countIds } from './counting-queue.js';

const place = z.object({ databaseUrl: z.string(), redisUrl: z.string().exactOptional() });
const amount = z.number();
const NO_OP_QUEUE: QueueName = 'reply.no-op';
const NO_OP_CONCURRENCY = 64;
const JOBS_AT_ONCE = 1_000;

const logger = benchLogger();
const closing: (() => Promise<unknown>)[] = [];
let opened: ReturnType<typeof open> | undefined;

function open(input: unknown) {
  const { databaseUrl, redisUrl } = place.parse(input);
  const database = openDatabase({ url: databaseUrl });
  const queue = createQueueSystem({ databaseUrl, logger, ...(redisUrl === undefined ? {} : { redisUrl }) });
  // The connections that BullMQ gets from Tabea, without anything of Tabea around its queue and worker.
  const broker =
    redisUrl === undefined
      ? createPostgresBroker({ url: databaseUrl, logger })
      : createRedisBroker({ url: redisUrl, namespace: 'no-op', logger });
  closing.push(
    () => broker.close(),
    () => queue.close(),
    () => database.close(),
  );
  const { config } = openCity();
  const services: CaseServices = {
    database,
    queue,
    channels: new Map(
      config.channels.map((channel) => [channel.id, { ...channel, sends: true, maxAttachmentBytes: 0 }]),
    ),
    keys,
    vault: createVault(keys),
    clock,
    logger,
    rules: caseRules(config),
    texts: config.messages.id,
    makeNumber: makeTrackingNumber,
  };
  return { queue, broker, services };
}

function parts() {
  if (opened === undefined) throw new Error('not opened');
  return opened;
}

/** Seconds from the start of the worker until so many messages are committed. */
async function ingest(input: unknown): Promise<number> {
  const { queue, services } = parts();
  const wanted = amount.parse(input);
  const start = performance.now();
  const { counting, finished } = countIds(queue, wanted);
  const worker = startIngestWorker(counting, services);
  await finished;
  const seconds = (performance.now() - start) / 1_000;
  await worker.close(5_000);
  return seconds;
}

async function fillNoOp(input: unknown): Promise<void> {
  const { broker } = parts();
  await broker.reachable();
  await broker.settled();
  const queue = await broker.openQueue(NO_OP_QUEUE);
  for (let left = amount.parse(input); left > 0; left -= JOBS_AT_ONCE) {
    const jobs = Array.from({ length: Math.min(left, JOBS_AT_ONCE) }, (_, index) => ({
      name: 'ids',
      data: { ids: [`01900000-0000-7000-8000-${String(left + index).padStart(12, '0')}`] },
      opts: { removeOnComplete: true },
    }));
    await queue.addBulk(jobs);
  }
  await queue.close();
}

/** Seconds from the start of a worker that does nothing until it has had so many jobs of one id each. */
async function workNoOp(input: unknown): Promise<number> {
  const wanted = amount.parse(input);
  let done = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const start = performance.now();
  const { worker } = parts().broker.openWorker(
    NO_OP_QUEUE,
    () => {
      done += 1;
      if (done === wanted) finish();
      return Promise.resolve();
    },
    { concurrency: NO_OP_CONCURRENCY },
    () => undefined,
  );
  await finished;
  const seconds = (performance.now() - start) / 1_000;
  await worker.close();
  return seconds;
}

serveParent(
  {
    open: async (input) => {
      opened = open(input);
      await opened.broker.settled();
    },
    ingest,
    fillNoOp,
    workNoOp,
  },
  async () => {
    for (const close of closing) await close();
  },
);
