/**
 * The time that a provider has for an answer, on one channel. Attempts that begin within a moment share one signal: making
 * one for each would cost a sixth of what sending costs.
 */
import { setMaxListeners } from 'node:events';

export interface SendLimits {
  /** For an attempt that begins now: its signal, and a call-back where it was deaf to that. */
  begin(deaf: () => void): { readonly signal: AbortSignal; readonly done: () => void };
  /** Ends all attempts: the process must end. */
  abort(): void;
  /** No attempt is under way any more. */
  close(): void;
}

interface Shared {
  readonly end: AbortController;
  readonly until: number;
  readonly deaf: Set<() => void>;
  timer: NodeJS.Timeout;
}

const SHARED_MS = 250;

/** Aborted after `limitMs`, or up to 250 ms later; held for deaf `deafMs` after that. */
export function createSendLimits(limitMs: number, deafMs: number): SendLimits {
  const open = new Set<Shared>();
  let current: Shared | undefined;

  function share(): Shared {
    const now = performance.now();
    if (current && now < current.until) return current;
    const end = new AbortController();
    setMaxListeners(0, end.signal);
    const shared: Shared = {
      end,
      until: now + SHARED_MS,
      deaf: new Set(),
      timer: setTimeout(() => {
        end.abort();
        shared.timer = setTimeout(() => shared.deaf.forEach((tell) => tell()), deafMs);
      }, limitMs + SHARED_MS),
    };
    open.add(shared);
    current = shared;
    return shared;
  }

  return {
    begin: (deaf) => {
      const shared = share();
      shared.deaf.add(deaf);
      return { signal: shared.end.signal, done: () => shared.deaf.delete(deaf) };
    },
    abort: () => open.forEach((shared) => shared.end.abort()),
    close: () => open.forEach((shared) => clearTimeout(shared.timer)),
  };
}
