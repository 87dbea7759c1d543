/** What a channel is told before it says whether a reply may go: the same when an operator looks and when it is sent. */
import type { ReplyTarget } from './channel.js';
import type { ThreadRef } from './message.js';

/** As the store has it: what is not there is null. */
export interface ReplyFacts extends Omit<ReplyTarget, 'lastInbound'> {
  readonly lastInbound: {
    readonly externalId: string;
    readonly at: Date;
    readonly thread: ThreadRef | null;
  } | null;
}

export function replyTarget({ lastInbound, ...target }: ReplyFacts): ReplyTarget {
  if (lastInbound === null) return target;
  const { externalId, at, thread } = lastInbound;
  return { ...target, lastInbound: thread === null ? { externalId, at } : { externalId, at, thread } };
}
