/** The jobs that send replies: one queue a channel, with the channel's own limit and breaker. */
import type { QueueSystem, RunningWorker } from '../src/queue/queue-system.js';
import { idsPerReplyJob, replyJobs, replyQueue, replyWorkerOptions } from '../src/replies/enqueue.js';
import type { ReplyChannel } from '../src/replies/reply-channel.js';
import type { ReplyService } from '../src/replies/send-replies.js';

export interface RunningReplyWorkers {
  readonly workers: readonly RunningWorker[];
  /** Waits for messages under way, at most so long. */
  close(withinMs: number): Promise<void>;
}

/** Workers for the channels that can send; the others' replies are conveyed by people. */
export function startReplyWorkers(
  queue: QueueSystem,
  service: ReplyService,
  channels: readonly ReplyChannel[],
): RunningReplyWorkers {
  const workers = new Map<string, RunningWorker>();
  for (const channel of channels) {
    if (service.channelIds.includes(channel.id)) workers.set(channel.id, startOne(queue, service, channel));
  }
  const unsubscribe = service.onBreaker(({ channelId, state }) => {
    const worker = workers.get(channelId);
    if (state === 'open') void worker?.pause();
    else worker?.resume();
  });
  return {
    workers: [...workers.values()],
    close: async (withinMs) => {
      unsubscribe();
      await Promise.all([...workers.values()].map((worker) => worker.close(withinMs)));
    },
  };
}

function startOne(queue: QueueSystem, service: ReplyService, channel: ReplyChannel): RunningWorker {
  const most = idsPerReplyJob(channel);
  return queue.startWorker(
    replyQueue(channel.id),
    async ({ ids }, signal) => {
      // Whoever put in more than the limit allows at once: this job sends its part, the rest queues up.
      const now = ids.slice(0, most);
      const later = ids.slice(most);
      if (later.length > 0) await queue.enqueue(replyQueue(channel.id), replyJobs(channel, later));
      await service.sendReplies(channel.id, now, signal);
    },
    replyWorkerOptions(channel),
  );
}
