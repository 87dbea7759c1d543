/** The one piece of worker plumbing: makes a BullMQ worker, watches that it really works, closes it in time. */
import { WaitingError, type Job } from 'bullmq';
import type { Logger } from '../core/channel.js';
import type { Broker, JobWorker, OpenWorker } from './broker.js';
import { describe } from './outage-log.js';
import type { IdsJob, JobHandler, QueueName, RunningWorker, WorkerOptions } from './queue-system.js';
import { within } from './within.js';

export const HEARTBEAT = 'heartbeat';

/** A job whose worker died is taken up again after at most lock and interval together. */
const LOCK_MS = 10_000;
const STALLED_INTERVAL_MS = 3_000;
/** After the patience of a close is over: what an aborted handler has left to end. */
const ABORT_GRACE_MS = 500;

export interface WatchTiming {
  /** A worker that has had no job for so long gets a heartbeat job. Default 5 s. */
  readonly idleMs?: number;
  /** A worker that has had none for so long does not work, and is made anew. Default 30 s. */
  readonly overdueMs?: number;
}

export interface StartWorkerContext {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly timing: WatchTiming;
  /** Puts a heartbeat job into the worker's queue; false where the broker did not take it. */
  beat(queue: QueueName): Promise<boolean>;
}

export function startWorker(
  context: StartWorkerContext,
  queue: QueueName,
  handler: JobHandler,
  options: WorkerOptions,
): RunningWorker {
  const { broker, logger } = context;
  const { idleMs = 5_000, overdueMs = 30_000 } = context.timing;
  const stop = new AbortController();
  let open: OpenWorker | undefined;
  let paused = false;
  let closing = false;
  let underWay = 0;
  let lastSeen = Date.now();

  const process = async (job: Job<IdsJob>, token?: string): Promise<void> => {
    lastSeen = Date.now();
    if (job.name === HEARTBEAT) return;
    if (paused) {
      // It was on its way while we paused: back to where it was.
      await job.moveToWait(token);
      throw new WaitingError();
    }
    underWay += 1;
    try {
      await handler(job.data, stop.signal);
    } catch (error) {
      logger.warn({ queue, attempt: job.attemptsMade + 1, error: describe(error) }, 'A job failed');
      // BullMQ keeps the message of what is thrown; ours may only name the kind of failure.
      // oxlint-disable-next-line eslint/preserve-caught-error
      throw new Error(error instanceof Error ? error.name : 'failed');
    } finally {
      underWay -= 1;
      lastSeen = Date.now();
    }
  };

  const make = () => {
    const calm = createCalm(
      () => !paused && !closing,
      () => open?.worker,
    );
    open = broker.openWorker(
      queue,
      process,
      {
        concurrency: options.concurrency,
        ...(options.limiter
          ? { limiter: { max: options.limiter.max, duration: options.limiter.durationMs } }
          : {}),
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_INTERVAL_MS,
        // Handlers are idempotent: a job that lost its worker ever so often is still worth doing.
        maxStalledCount: 1_000,
        runRetryDelay: 500,
        maximumRateLimitDelay: 5_000,
      },
      calm,
    );
    if (paused) void open.worker.pause(true);
    lastSeen = Date.now();
  };
  const makeWhenReachable = async () => {
    await broker.reachable();
    if (!closing) make();
  };
  void makeWhenReachable();

  const overdue = () => !paused && underWay === 0 && Date.now() - lastSeen > overdueMs;
  const lookAfter = async () => {
    const taken = await context.beat(queue);
    // Jobs go in, none comes out: the worker hangs, whatever it says of itself.
    if (!taken || closing || !overdue()) return;
    logger.warn({ queue }, 'The worker of this queue did not take its heartbeat job and is made anew');
    const hung = open;
    make();
    hung?.sever();
    await hung?.worker.close().catch(() => undefined);
  };
  const watch = setInterval(() => {
    if (paused || closing || open === undefined || Date.now() - lastSeen < idleMs) return;
    void lookAfter();
  }, idleMs);
  watch.unref();

  return {
    queue,
    healthy: () => !closing && !overdue(),
    pause: async () => {
      paused = true;
      await open?.worker.pause(true);
    },
    resume: () => {
      paused = false;
      lastSeen = Date.now();
      void open?.worker.resume();
    },
    close: async (withinMs) => {
      closing = true;
      clearInterval(watch);
      if (open === undefined) return;
      const closed = open.worker.close().catch((error: unknown) => {
        logger.warn({ queue, error: describe(error) }, 'A worker did not close cleanly');
      });
      try {
        await within(withinMs, closed);
      } catch {
        if (underWay > 0)
          logger.warn({ queue, underWay }, 'Jobs under way are cut off: others will take them up');
        stop.abort();
        await within(ABORT_GRACE_MS, closed).catch(() => undefined);
        open.sever();
      }
    },
  };
}

/** So many failures within a second are a storm: BullMQ would ask a broker that refuses without a pause. */
const STORM = 20;
const CALM_MS = 1_000;

/** To be called at each failure; stops the worker's fetching for a moment where they come too fast. */
function createCalm(mayFetch: () => boolean, worker: () => JobWorker | undefined): () => void {
  let since = 0;
  let failures = 0;
  let calming = false;
  const resume = () => {
    calming = false;
    if (mayFetch()) void worker()?.resume();
  };
  return () => {
    const now = Date.now();
    if (now - since > 1_000) {
      since = now;
      failures = 0;
    }
    failures += 1;
    if (calming || failures < STORM || !mayFetch()) return;
    calming = true;
    void worker()?.pause(true);
    setTimeout(resume, CALM_MS).unref();
  };
}
