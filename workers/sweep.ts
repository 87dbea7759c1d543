/** Runs a round again and again, one at a time, as long as the process works. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../src/core/channel.js';

export interface RunningSweep {
  /** Starts no further round; waits for the one under way. */
  stop(): Promise<void>;
}

export interface SweepOptions {
  /** For the log: what is swept. */
  readonly name: string;
  /** Pause between two rounds. Default 1,000. */
  readonly everyMs?: number;
  readonly logger: Logger;
}

/** A round that fails is logged when the trouble begins, not every second of it; the next round tries again. */
export function startSweep(round: () => Promise<unknown>, options: SweepOptions): RunningSweep {
  const { name, logger, everyMs = 1_000 } = options;
  const stopping = new AbortController();
  let failing = false;
  const run = async () => {
    for (;;) {
      // First of all a pause: at a start the queue may still be on its way.
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        await round();
        failing = false;
      } catch (error) {
        if (!failing)
          logger.warn({ sweep: name, reason: nameOf(error) }, 'A sweep failed; it goes on trying');
        failing = true;
      }
    }
  };
  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

// A database's message may quote data; its kind and code do not.
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name;
}
