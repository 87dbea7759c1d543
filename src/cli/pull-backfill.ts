/** Channels whose messages are fetched, for `tabea backfill` and `tabea audit`: their sources read again, cursors untouched. */
import { createHash } from 'node:crypto';
import type { ChannelAdapter, InboundSink, PulledItem, PullSource } from '../core/channel.js';
import type { InboundEvent } from '../core/message.js';
import type { IntakeSide } from '../compose/intake-side.js';

export interface PullCounts {
  /** Messages that the sources handed over. */
  readonly read: number;
  /** Events of them that had not been there. */
  readonly fresh: number;
  /** Messages of which nothing or not all could be read: in quarantine. */
  readonly unread: number;
}

/** True where the adapter can read again what is older than its cursors. */
export function canPullBack(adapter: ChannelAdapter): boolean {
  return backfillers(adapter).length > 0;
}

/** Takes in what the sources have since then. Repeating is harmless: events are taken in once. */
export async function pullBack(
  { intake, blobs }: Pick<IntakeSide, 'intake' | 'blobs'>,
  channelId: string,
  adapter: ChannelAdapter,
  since: Date,
): Promise<PullCounts> {
  let read = 0;
  let fresh = 0;
  let unread = 0;
  await eachSource(adapter, since, {
    putBlob: (bytes) => blobs.put(bytes),
    async accept(items) {
      const stored = await intake.acceptTogether(channelId, items, () => Promise.resolve());
      read += items.length;
      fresh += stored.reduce((sum, one) => sum + one.fresh, 0);
      unread += items.filter(isUnread).length;
    },
  });
  return { read, fresh, unread };
}

/** Tells `look` of what the sources have since then, and stores nothing. Resolves with the number of messages. */
export async function lookBack(
  adapter: ChannelAdapter,
  since: Date,
  look: (events: readonly InboundEvent[]) => Promise<void>,
): Promise<number> {
  let read = 0;
  await eachSource(adapter, since, {
    putBlob: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
    async accept(items) {
      read += items.length;
      await look(items.flatMap(({ parsed }) => parsed.events));
    },
  });
  return read;
}

/** One after the other: each is a connection to the same account. */
async function eachSource(adapter: ChannelAdapter, since: Date, sink: InboundSink): Promise<void> {
  const { signal } = new AbortController();
  for (const source of backfillers(adapter)) await source.backfill(sink, since, signal);
}

type Backfiller = PullSource & Required<Pick<PullSource, 'backfill'>>;

function backfillers({ pull }: ChannelAdapter): Backfiller[] {
  return (pull?.sources ?? []).filter((source): source is Backfiller => source.backfill !== undefined);
}

function isUnread({ parsed }: PulledItem): boolean {
  return parsed.rejected.length > 0 || parsed.events.length + parsed.ignored.length === 0;
}
