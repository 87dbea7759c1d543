/**
 * The intake: what a channel handed over becomes durable, each event once, and the work on it is announced.
 * It is the only way in; webhooks, pollers, the spool and replays all come through here.
 */
import type { Clock, Logger, Parsed, PulledItem, RawRequest } from '../core/channel.js';
import type { Keys } from '../core/keys.js';
import type { Database } from '../db/database.js';
import type { IdsJob, QueueSystem } from '../queue/queue-system.js';
import type { BlobStore } from './blobs.js';
import { createDurableStore } from './durable-store.js';
import type { Entry, HeldRow, Stored } from './entry.js';
import { makeEntry } from './envelope.js';
import { createGroupCommit } from './group-commit.js';
import { countStored, type IntakeMetrics } from './intake-metrics.js';
import { heldOnly, reportPoison } from './isolate.js';
import { PULL_METHOD } from './receiver.js';
import type { Spool } from './spool.js';
import { storeTogether, type Also } from './store-together.js';

export interface IntakeOptions {
  readonly database: Database;
  readonly keys: Keys;
  readonly queue: Pick<QueueSystem, 'enqueue'>;
  readonly spool: Spool;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: IntakeMetrics;
  readonly limits?: Partial<IntakeLimits>;
}

export interface IntakeLimits {
  /** Commits under way at once. */
  readonly lanes: number;
  readonly batchEvents: number;
  readonly batchBytes: number;
  /** What may wait in memory; above it webhooks get 503. */
  readonly waitingBytes: number;
  /** Milliseconds after which a database that does not answer counts as away. */
  readonly databaseMs: number;
  readonly probeMs: number;
  /** Milliseconds for a transaction of a poller, which nobody waits for. */
  readonly togetherMs: number;
  /** Bodies above it go to the blob store. */
  readonly inlineBytes: number;
}

export interface IntakeState {
  /** `database`, or `spool` while that is away. */
  readonly storing: 'database' | 'spool';
  readonly spoolFiles: number;
}

export interface Intake {
  /**
   * Resolves when everything in `parsed` is durable. Throws StoreUnavailable where neither database nor
   * spool can take it; then the provider must not get a 2xx.
   */
  accept(channelId: string, request: RawRequest, parsed: Parsed): Promise<Stored>;
  /**
   * The same for what a poller fetched, in one transaction with what it saves of its own (`also`); never spooled.
   * One answer an item. Throws what PostgreSQL says, that it says nothing, or what `also` throws.
   */
  acceptTogether(channelId: string, items: readonly PulledItem[], also: Also): Promise<readonly Stored[]>;
  /** Puts inbox ids into the queue `ingest`; never throws, nobody needs to wait for it. */
  announce(ids: readonly string[]): void;
  /** Makes a row of the quarantine durable, in the database or the spool. Throws StoreUnavailable. */
  keep(row: HeldRow): Promise<Stored>;
  /** The hash of a body that lies in the blob store because it is large, or null. */
  outsource(body: Buffer): Promise<string | null>;
  /** Drains what can be drained now. For tests and the command line; the intake does it by itself. */
  drain(): Promise<void>;
  state(): IntakeState;
  /** Waits for what is under way and gives the connections back. */
  close(): Promise<void>;
}

const DEFAULT_LIMITS: IntakeLimits = {
  lanes: 2,
  batchEvents: 500,
  batchBytes: 4 * 1024 * 1024,
  waitingBytes: 64 * 1024 * 1024,
  databaseMs: 2_500,
  probeMs: 500,
  togetherMs: 20_000,
  inlineBytes: 256 * 1024,
};

const IDS_PER_JOB = 200;

/** The spool must be open. */
export function createIntake(options: IntakeOptions): Intake {
  const { keys, queue, blobs, logger, metrics } = options;
  const limits: IntakeLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const store = createDurableStore({
    pool: options.database.pool,
    lanes: limits.lanes,
    limitMs: limits.databaseMs,
    probeMs: limits.probeMs,
    spool: options.spool,
    clock: options.clock,
    logger,
    metrics,
    onFresh: announce,
  });
  const together = { pool: options.database.pool, limitMs: limits.togetherMs };
  const group = createGroupCommit({
    lanes: limits.lanes,
    maxEvents: limits.batchEvents,
    maxBytes: limits.batchBytes,
    maxWaitingBytes: limits.waitingBytes,
    commit: (lane, batch) => store.commit(lane, batch),
  });

  function countIgnored(channel: string, { ignored }: Parsed): void {
    if (ignored.length > 0) metrics.ignored.inc({ channel }, ignored.length);
  }

  async function outsource(body: Buffer): Promise<string | null> {
    if (body.length <= limits.inlineBytes) return null;
    try {
      return await blobs.put(body);
    } catch (error) {
      // The row can hold it as well; only its size speaks for the blob store.
      logger.warn({ err: error }, 'The blob store does not take a body; it stays in its row');
      return null;
    }
  }

  function announce(ids: readonly string[]): void {
    const jobs: IdsJob[] = [];
    for (let start = 0; start < ids.length; start += IDS_PER_JOB) {
      jobs.push({ ids: ids.slice(start, start + IDS_PER_JOB) });
    }
    if (jobs.length === 0) return;
    void enqueue(jobs, ids.length);
  }

  async function enqueue(jobs: readonly IdsJob[], count: number): Promise<void> {
    try {
      if (!(await queue.enqueue('ingest', jobs))) metrics.notQueued.inc(count);
    } catch (error) {
      metrics.notQueued.inc(count);
      logger.warn({ err: error }, 'The queue did not take what came in; the sweeper will');
    }
  }

  return {
    async accept(channelId, request, parsed) {
      const stop = metrics.acceptSeconds.startTimer();
      const blob = request.body.length > limits.inlineBytes ? await outsource(request.body) : null;
      const entry = makeEntry(keys, channelId, request, parsed, blob);
      countIgnored(channelId, parsed);
      const hasNothing = entry.events.length + entry.held.length + parsed.ignored.length === 0;
      if (hasNothing) return { stored: 'database', fresh: 0 };
      const stored = await group.add(entry);
      stop();
      return stored;
    },
    async acceptTogether(channelId, items, also) {
      const stop = metrics.acceptSeconds.startTimer();
      const entries: Entry[] = [];
      for (const { request, parsed } of items) {
        // Whatever an adapter forgets, its item must be kept and be readable again.
        const pulled = { ...request, method: PULL_METHOD };
        entries.push(makeEntry(keys, channelId, pulled, parsed, await outsource(request.body)));
        countIgnored(channelId, parsed);
      }
      const { ids, poison } = await storeTogether(together, entries, also);
      announce(ids);
      for (const row of poison) reportPoison(metrics, logger, row);
      stop();
      return countStored(metrics, entries, ids);
    },
    announce,
    keep: (row) => group.add(heldOnly(row)),
    outsource,
    drain: () => store.tick(),
    state: () => ({ storing: store.isUp() ? 'database' : 'spool', spoolFiles: store.spoolFiles() }),
    async close() {
      await group.idle();
      await store.close();
    },
  };
}
