import { setTimeout as sleep } from 'node:timers/promises';

/** Ends early, and without an error, when the signal says so. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Told to end: whoever waits looks at the signal.
  }
}
