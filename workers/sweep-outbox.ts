/**
 * Finds replies that the queue has lost or never got, that are due again, or whose fate is not known:
 * PostgreSQL is the truth, the queue may be wiped.
 */
import type { Clock } from '../src/core/channel.js';
import type { Database } from '../src/db/database.js';
import type { QueueSystem } from '../src/queue/queue-system.js';
import { replyJobs, replyQueue } from '../src/replies/enqueue.js';
import type { ReplyChannel } from '../src/replies/reply-channel.js';
import type { ReplyService } from '../src/replies/send-replies.js';

export interface OutboxSweepOptions {
  readonly database: Pick<Database, 'pool'>;
  readonly queue: Pick<QueueSystem, 'enqueue' | 'depth'>;
  readonly service: Pick<ReplyService, 'channelIds' | 'breakers' | 'markLost' | 'reconcile'>;
  readonly channels: readonly ReplyChannel[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface OutboxSweep {
  /** One round; to be called every second. Safe in any number of processes. @returns how many were enqueued. */
  round(): Promise<number>;
}

/** A reply that was never tried and is younger than this most likely lies in the queue. */
const PATIENCE_MS = 2_000;
/** What was enqueued here is left alone for so long. */
const AGAIN_MS = 10_000;
const ROWS_A_ROUND = 1_000;
/** With so many jobs waiting, a reply that is due most likely waits in one of them. */
const BUSY_JOBS = 20;

/** Keeps in mind what it enqueued, so that a long queue is not filled with copies. */
export function createOutboxSweep(options: OutboxSweepOptions): OutboxSweep {
  const { database, queue, service, clock, signal } = options;
  const channels = options.channels.filter(({ id }) => service.channelIds.includes(id));
  const enqueued = new Map<string, number>();
  const stopped = new Set<string>();

  async function round(): Promise<number> {
    await service.markLost();
    let count = 0;
    for (const channel of channels) {
      if (signal.aborted) break;
      const again = await service.reconcile(channel.id, signal);
      count += await enqueueDue(channel, again);
    }
    return count;
  }

  async function enqueueDue(channel: ReplyChannel, again: readonly string[]): Promise<number> {
    const breaker = service.breakers().find(({ channelId }) => channelId === channel.id)?.state;
    if (breaker === 'open') {
      stopped.add(channel.id);
      return 0;
    }
    // What was enqueued while the channel was stopped was thrown away by its jobs.
    if (stopped.delete(channel.id)) enqueued.clear();
    if ((await queue.depth(replyQueue(channel.id))) >= BUSY_JOBS) return 0;
    const now = Date.now();
    for (const [id, at] of enqueued) if (now - at >= AGAIN_MS) enqueued.delete(id);
    const due = [...again, ...(await findDue(channel.id))].filter((id) => !enqueued.has(id));
    if (due.length === 0 || !(await queue.enqueue(replyQueue(channel.id), replyJobs(channel, due)))) return 0;
    for (const id of due) enqueued.set(id, now);
    return due.length;
  }

  async function findDue(channelId: string): Promise<string[]> {
    const now = clock.now();
    const { rows } = await database.pool.query<{ id: string }>({
      name: 'outbox-sweep',
      text: `SELECT id FROM outbox
             WHERE state = 'pending' AND channel_id = $1 AND due_at <= $2
               AND (attempt > 0 OR due_at <= $3)
             ORDER BY due_at LIMIT ${ROWS_A_ROUND}`,
      values: [channelId, now, new Date(now.getTime() - PATIENCE_MS)],
    });
    return rows.map((row) => row.id);
  }

  return { round };
}
