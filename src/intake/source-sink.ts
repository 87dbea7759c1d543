/** Where a pull source hands over what it fetched. */
import type { InboundSink, PulledItem } from '../core/channel.js';
import type { Intake } from './accept.js';
import type { BlobStore } from './blobs.js';
import { saveCursor } from './source-cursor.js';
import { LeaseLost, type Lease, type SourceId } from './source-lease.js';

export interface SinkParts {
  readonly intake: Pick<Intake, 'acceptTogether'>;
  readonly blobs: Pick<BlobStore, 'put'>;
}

export interface SinkEvents {
  /** These items, perhaps none, are durable, and the cursor with them. */
  stored(items: readonly PulledItem[]): void;
  /** They are not, for our store's or the lease's sake. Once: the sink takes nothing after that. */
  failed(error: unknown): void;
}

/** For one run of the source under that lease. */
export function createSourceSink(
  { intake, blobs }: SinkParts,
  id: SourceId,
  lease: Lease,
  events: SinkEvents,
): InboundSink {
  let before: Promise<void> = Promise.resolve();

  async function store(items: readonly PulledItem[], cursor: unknown): Promise<void> {
    lease.signal.throwIfAborted();
    await intake.acceptTogether(id.channelId, items, async (client) => {
      if (cursor !== undefined) await saveCursor(client, id, cursor, lease.epoch);
      // Last, so that a long transaction does not hold up the renewal of the lease that it needs.
      await lease.demand(client);
    });
    events.stored(items);
  }

  async function storeInTurn(items: readonly PulledItem[], cursor: unknown): Promise<void> {
    // One after the other, as a cursor counts on everything before it. After a failure nothing is taken any more:
    // a source that went on would pass over what was lost.
    await before;
    try {
      await unlessAborted(lease.signal, store(items, cursor));
    } catch (error) {
      events.failed(error);
      throw error;
    }
  }

  return {
    putBlob: (bytes) => blobs.put(bytes),
    accept(items, cursor) {
      before = storeInTurn(items, cursor);
      return before;
    },
  };
}

/** Nobody waits for a database that hangs when the lease is gone; what comes of `work` then is fenced. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let tell = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    tell = () => reject(new LeaseLost('The lease was lost while this was stored'));
    signal.addEventListener('abort', tell, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', tell);
  }
}
