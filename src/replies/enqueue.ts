/** Cuts outbox ids into jobs, so that the queue's limit, which counts jobs, keeps a limit in messages. */
import type { IdsJob, QueueName, QueueSystem, WorkerOptions } from '../queue/queue-system.js';
import type { ReplyChannel, ServedChannel } from './reply-channel.js';

const MOST_IDS = 100;
/** Jobs of one channel under way at once; how many messages are, the service bounds. */
const JOBS_AT_ONCE = 8;

export function replyQueue(channelId: string): QueueName {
  return `reply.${channelId}`;
}

/** Ids in one job: all that may go in a tenth of a second, at least 1, at most 100. */
export function idsPerReplyJob({ repliesPerSecond }: Pick<ReplyChannel, 'repliesPerSecond'>): number {
  if (repliesPerSecond === undefined) return MOST_IDS;
  return Math.min(MOST_IDS, Math.max(1, Math.floor(repliesPerSecond / 10)));
}

/** Jobs for `reply.<channel>`. */
export function replyJobs(
  channel: Pick<ReplyChannel, 'repliesPerSecond'>,
  outboxIds: readonly string[],
): IdsJob[] {
  const size = idsPerReplyJob(channel);
  const jobs: IdsJob[] = [];
  for (let at = 0; at < outboxIds.length; at += size) jobs.push({ ids: outboxIds.slice(at, at + size) });
  return jobs;
}

/** At most `repliesPerSecond` messages in any second, over all processes: rounded down to whole jobs. */
export function replyWorkerOptions(channel: Pick<ReplyChannel, 'repliesPerSecond'>): WorkerOptions {
  const { repliesPerSecond } = channel;
  if (repliesPerSecond === undefined) return { concurrency: JOBS_AT_ONCE };
  const jobsPerSecond = repliesPerSecond / idsPerReplyJob(channel);
  const limiter =
    jobsPerSecond >= 1
      ? { max: Math.floor(jobsPerSecond), durationMs: 1_000 }
      : { max: 1, durationMs: Math.ceil(1_000 / jobsPerSecond) };
  return { concurrency: JOBS_AT_ONCE, limiter };
}

/**
 * After the commit, best effort: what the queue does not take, the sweeper finds. False where it took not all.
 * Replies that a person conveys get no job: nobody would ever take it.
 */
export async function enqueueReplies(
  queue: Pick<QueueSystem, 'enqueue'>,
  channels: ReadonlyMap<string, Pick<ServedChannel, 'repliesPerSecond' | 'sends'>>,
  rows: readonly { readonly id: string; readonly channelId: string }[],
): Promise<boolean> {
  const byChannel = new Map<string, string[]>();
  for (const { id, channelId } of rows) {
    if (channels.get(channelId)?.sends !== true) continue;
    const ids = byChannel.get(channelId);
    if (ids) ids.push(id);
    else byChannel.set(channelId, [id]);
  }
  const taken = await Promise.all(
    [...byChannel].map(([channelId, ids]) =>
      queue.enqueue(replyQueue(channelId), replyJobs(channels.get(channelId) ?? {}, ids)),
    ),
  );
  return taken.every(Boolean);
}
