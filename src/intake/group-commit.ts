/**
 * What arrives together is stored together: while a commit is under way the next batch gathers, so that the
 * price of an fsync is shared by as many requests as the load makes it wait for, and an idle gateway waits for none.
 */
import type { Entry, Stored } from './entry.js';
import { StoreUnavailable } from './store-unavailable.js';

export interface GroupCommitOptions {
  /** Commits under way at most. */
  readonly lanes: number;
  /** A batch ends before it has more events or bytes than this; a single larger entry goes alone. */
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** Bytes that may wait in memory; above it entries are refused with StoreUnavailable. */
  readonly maxWaitingBytes: number;
  /** Makes the batch durable on that lane; one answer an entry, in order. */
  commit(lane: number, batch: readonly Entry[]): Promise<readonly Stored[]>;
}

export interface GroupCommit {
  /** Resolves when the entry is durable; rejects with what `commit` threw. */
  add(entry: Entry): Promise<Stored>;
  /** Resolves when nothing waits or is under way. */
  idle(): Promise<void>;
}

interface Waiting {
  readonly entry: Entry;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
}

export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let scheduled = false;
  const freeLanes = Array.from({ length: options.lanes }, (_, lane) => lane);
  let whenIdle: (() => void)[] = [];

  function schedule(): void {
    if (scheduled || freeLanes.length === 0) return;
    scheduled = true;
    // After this turn's input, so that requests which came in one read of the sockets share the commit.
    setImmediate(start);
  }

  function start(): void {
    scheduled = false;
    while (waiting.length > 0) {
      const lane = freeLanes.pop();
      if (lane === undefined) return;
      void run(lane, takeBatch());
    }
  }

  function takeBatch(): Waiting[] {
    let count = 0;
    let events = 0;
    let bytes = 0;
    for (const { entry } of waiting) {
      events += entry.events.length + entry.held.length;
      bytes += entry.bytes;
      if (count > 0 && (events > options.maxEvents || bytes > options.maxBytes)) break;
      waitingBytes -= entry.bytes;
      count += 1;
    }
    const batch = count === waiting.length ? waiting : waiting.slice(0, count);
    waiting = count === waiting.length ? [] : waiting.slice(count);
    return batch;
  }

  async function run(lane: number, batch: readonly Waiting[]): Promise<void> {
    try {
      const stored = await options.commit(
        lane,
        batch.map((one) => one.entry),
      );
      batch.forEach((one, index) => one.resolve(stored[index] ?? { stored: 'database', fresh: 0 }));
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
    freeLanes.push(lane);
    if (waiting.length > 0) schedule();
    else if (freeLanes.length === options.lanes) tellIdle();
  }

  function tellIdle(): void {
    const told = whenIdle;
    whenIdle = [];
    for (const tell of told) tell();
  }

  return {
    add(entry) {
      if (waitingBytes + entry.bytes > options.maxWaitingBytes && waiting.length > 0) {
        return Promise.reject(new StoreUnavailable('Too much waits to be stored'));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ entry, resolve, reject });
        waitingBytes += entry.bytes;
        schedule();
      });
    },
    idle() {
      if (waiting.length === 0 && freeLanes.length === options.lanes) return Promise.resolve();
      return new Promise((resolve) => whenIdle.push(resolve));
    },
  };
}
