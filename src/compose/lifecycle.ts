/** Started in order, stopped in reverse, each step with a bound, so that one that hangs cannot hold the others. */
import type { Logger } from '../core/channel.js';

export interface Lifecycle {
  /** Remembers how to stop what has just been started. */
  add(name: string, stop: () => Promise<unknown> | void): void;
  /** Stops everything once; a second call waits for the first. Never throws. */
  stop(): Promise<void>;
}

/** Milliseconds for one step; the longest (the server, the workers) bound themselves below it. */
const STEP_MS = 6_000;

export function createLifecycle(logger: Logger): Lifecycle {
  const steps: { readonly name: string; readonly stop: () => Promise<unknown> | void }[] = [];
  let stopping: Promise<void> | undefined;

  async function stopAll(): Promise<void> {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      const { name, stop } = step;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(resolve, STEP_MS, 'late');
      });
      try {
        if ((await Promise.race([stop(), late])) === 'late')
          logger.warn({ step: name }, 'Stopping takes too long');
      } catch (error) {
        logger.warn({ step: name, err: error }, 'Stopping failed');
      } finally {
        clearTimeout(timer);
      }
    }
  }

  return {
    add(name, stop) {
      steps.push({ name, stop });
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}
