/**
 * Many requests under one signal: the signal itself gets one listener, however many requests there are.
 * A listener for each costs more than it should, and beyond ten Node.js warns of a leak.
 */

export interface Abortions {
  /** Calls `giveUp` when the signal aborts; returns what lets go of both. */
  listen(signal: AbortSignal, giveUp: () => void): () => void;
}

export function createAbortions(): Abortions {
  // Entries go with their signals; an idle one holds an empty set.
  const bySignal = new WeakMap<AbortSignal, Set<() => void>>();

  function listenersOf(signal: AbortSignal): Set<() => void> {
    const known = bySignal.get(signal);
    if (known) return known;
    const listeners = new Set<() => void>();
    signal.addEventListener('abort', () => [...listeners].forEach((giveUp) => giveUp()), { once: true });
    bySignal.set(signal, listeners);
    return listeners;
  }

  return {
    listen: (signal, giveUp) => {
      const listeners = listenersOf(signal);
      listeners.add(giveUp);
      return () => listeners.delete(giveUp);
    },
  };
}
