/** The one place where the queue's backend is chosen. */
import type { Logger } from '../core/channel.js';
import type { Broker, BrokerTuning, JobQueue } from './broker.js';
import { describe } from './outage-log.js';
import { createPostgresBroker } from './postgres-broker.js';
import type { IdsJob, QueueHealth, QueueName, QueueSystem } from './queue-system.js';
import { createRedisBroker } from './redis-broker.js';
import { HEARTBEAT, startWorker, type WatchTiming } from './start-worker.js';
import { within } from './within.js';

export interface QueueSystemOptions extends BrokerTuning, WatchTiming {
  /** REDIS_URL. Absent: the queue lies on PostgreSQL. */
  readonly redisUrl?: string;
  readonly databaseUrl: string;
  readonly logger: Logger;
  /** Prefix of every Redis key. Default `tabea`. */
  readonly namespace?: string;
}

/** After a broker did not answer in time it is left alone for so long, so that callers stay quick. */
const LEAVE_ALONE_MS = 2_000;

/** What a failed job does before it gives up; after that the sweeper finds its rows. */
const JOB_OPTIONS = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 250, jitter: 0.5 },
  removeOnComplete: true,
  removeOnFail: { count: 1_000, age: 24 * 3_600 },
  stackTraceLimit: 0,
} as const;

/** A heartbeat says nothing when it is late. */
const HEARTBEAT_OPTIONS = { removeOnComplete: true, removeOnFail: true } as const;

/**
 * Up to so many jobs are added one by one: for every bulk BullMQ's PostgreSQL backend makes two temporary tables,
 * which costs as much as some twenty single jobs and leaves the catalog to be vacuumed.
 */
const ONE_BY_ONE = 8;

type NewJob = Parameters<JobQueue['addBulk']>[0][number];

async function addJobs(queue: JobQueue, jobs: readonly NewJob[]): Promise<unknown> {
  if (jobs.length > ONE_BY_ONE) return await queue.addBulk([...jobs]);
  return await Promise.all(jobs.map((job) => queue.add(job.name, job.data, job.opts)));
}

/** Connects in the background: it returns at once, also where the broker is down. */
export function createQueueSystem(options: QueueSystemOptions): QueueSystem {
  const { logger, namespace = 'tabea', commandMs = 1_000 } = options;
  const broker: Broker =
    options.redisUrl === undefined
      ? createPostgresBroker({ ...options, url: options.databaseUrl })
      : createRedisBroker({ ...options, url: options.redisUrl, namespace });
  const queues = new Map<QueueName, Promise<JobQueue>>();
  let leaveAloneUntil = 0;
  let lastComplaint = 0;

  /** Runs `work` on the queue; undefined where the broker did not do it in time. */
  async function attempt<T>(name: QueueName, work: (queue: JobQueue) => Promise<T>): Promise<T | undefined> {
    if (broker.state() === 'starting') await within(commandMs, broker.settled()).catch(() => undefined);
    if (broker.state() !== 'up' || Date.now() < leaveAloneUntil) return undefined;
    const opened = openQueue(name);
    try {
      return await within(commandMs, opened.then(work));
    } catch (error) {
      if (error instanceof Error && error.name === 'TooLateError')
        leaveAloneUntil = Date.now() + LEAVE_ALONE_MS;
      complain(name, error);
      return undefined;
    }
  }

  function openQueue(name: QueueName): Promise<JobQueue> {
    const known = queues.get(name);
    if (known) return known;
    const opened = broker.openQueue(name);
    queues.set(name, opened);
    opened.catch(() => queues.delete(name));
    return opened;
  }

  function complain(queue: QueueName, error: unknown): void {
    if (Date.now() - lastComplaint < 10_000) return;
    lastComplaint = Date.now();
    logger.warn({ queue, error: describe(error) }, 'The queue did not take a job: the sweeper takes over');
  }

  return {
    backend: broker.backend,
    enqueue: async (name, jobs) => {
      if (jobs.length === 0) return true;
      const data = jobs.map((job: IdsJob) => ({ name: 'ids', data: { ids: job.ids }, opts: JOB_OPTIONS }));
      return (await attempt(name, (queue) => addJobs(queue, data))) !== undefined;
    },
    startWorker: (name, handler, workerOptions) =>
      startWorker(
        {
          broker,
          logger,
          timing: options,
          beat: async (queue) =>
            (await attempt(queue, (opened) => opened.add(HEARTBEAT, { ids: [] }, HEARTBEAT_OPTIONS))) !==
            undefined,
        },
        name,
        handler,
        workerOptions,
      ),
    depth: async (name) => {
      const counts = await attempt(name, (queue) =>
        queue.getJobCounts('wait', 'prioritized', 'delayed', 'active'),
      );
      if (counts === undefined) throw new Error('The queue does not answer');
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    health: async (): Promise<QueueHealth> => {
      try {
        await within(commandMs, broker.ping());
        return { state: 'ok', detail: `BullMQ on ${broker.backend}` };
      } catch (error) {
        return { state: 'down', detail: `BullMQ on ${broker.backend}: ${describe(error)}` };
      }
    },
    close: async () => {
      const closings = [...queues.values()].map(async (opening) => (await opening).close());
      await within(commandMs, Promise.allSettled(closings)).catch(() => undefined);
      await within(2 * commandMs, broker.close()).catch((error: unknown) => {
        logger.warn({ error: describe(error) }, 'The queue did not close cleanly');
      });
    },
  };
}
