/**
 * When X wants to be dialled again: https://docs.x.com/x-api/fundamentals/handling-disconnections. Pure.
 */

/** What ended a connection: the network, an answer of X that is an error, or X asking for patience. */
export type Loss = 'network' | 'http' | 'throttled';

export const BACKOFF = {
  /** Grows by so much each time. */
  networkStepMs: 250,
  networkLongestMs: 16_000,
  /** Doubles each time. */
  httpFirstMs: 5_000,
  httpLongestMs: 320_000,
  throttledFirstMs: 60_000,
  /** X names no end; more than its longest window of limits helps nobody. */
  throttledLongestMs: 15 * 60_000,
} as const;

/** @param failures of this kind in a row, this one included. */
export function reconnectDelayMs(loss: Loss, failures: number): number {
  const doubled = (firstMs: number, longestMs: number) =>
    Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30));
  switch (loss) {
    case 'network':
      return Math.min(BACKOFF.networkLongestMs, BACKOFF.networkStepMs * failures);
    case 'http':
      return doubled(BACKOFF.httpFirstMs, BACKOFF.httpLongestMs);
    case 'throttled':
      return doubled(BACKOFF.throttledFirstMs, BACKOFF.throttledLongestMs);
  }
}

/** Counts failures in a row, over all runs of a source. */
export class Backoff {
  readonly #failures = new Map<Loss, number>();

  /** Milliseconds to wait after one more failure. */
  failed(loss: Loss): number {
    const failures = (this.#failures.get(loss) ?? 0) + 1;
    this.#failures.set(loss, failures);
    return reconnectDelayMs(loss, failures);
  }

  worked(): void {
    this.#failures.clear();
  }
}
