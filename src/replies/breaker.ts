/**
 * Stops sending on a channel whose provider is away or refuses our configuration: instead of failing one
 * message after the other, the queue waits, and one message at a time tries whether it is over.
 */
import { BrokenCircuitError, circuitBreaker, DelegateBackoff, handleWhen, type IBreaker } from 'cockatiel';
import { ChannelError } from '../core/channel-error.js';
import { LONGEST_DELAY_MS } from '../core/retry-policy.js';

export type BreakerState = 'closed' | 'open' | 'probing';

export interface ChannelBreaker {
  state(): BreakerState;
  /** Code of the failure that opened it; undefined while closed. */
  reason(): string | undefined;
  /** Throws BreakerOpenError, without calling `send`, while it is open. */
  run<T>(send: () => Promise<T>): Promise<T>;
  /** While probing: true for the one who may try with one message. */
  takeProbe(): boolean;
  /** The probe found nothing to send: the next may have it. */
  returnProbe(): void;
  close(): void;
}

export class BreakerOpenError extends Error {
  override readonly name = 'BreakerOpenError';
}

export interface BreakerOptions {
  /** Failures in a row that open it. Default 5. */
  readonly failures?: number;
  /** How long it stays open the first time; doubles up to `longestMs`. Default 5 s and 5 min. */
  readonly firstMs?: number;
  readonly longestMs?: number;
  readonly onChange: (state: BreakerState, reason: string | undefined) => void;
}

export function createBreaker(options: BreakerOptions): ChannelBreaker {
  const { failures = 5, firstMs = 5_000, longestMs = 5 * 60_000 } = options;
  let state: BreakerState = 'closed';
  let reason: string | undefined;
  let probeTaken = false;
  let timer: NodeJS.Timeout | undefined;

  const change = (next: BreakerState) => {
    if (next === state) return;
    state = next;
    probeTaken = false;
    options.onChange(next, reason);
  };
  const policy = circuitBreaker(handleWhen(speaksAgainstChannel), {
    breaker: inARow(failures, () => policy.lastFailure),
    halfOpenAfter: new DelegateBackoff(({ attempt, result }) => {
      const error = 'error' in result ? result.error : undefined;
      reason = error instanceof ChannelError ? error.code : 'failure';
      const wait = waitOf(error) ?? Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 20));
      clearTimeout(timer);
      // A little later than the policy's own clock, which must agree when the probe comes.
      timer = setTimeout(() => change('probing'), wait + 5);
      timer.unref();
      return wait;
    }),
  });
  policy.onBreak(() => change('open'));
  policy.onReset(() => {
    clearTimeout(timer);
    reason = undefined;
    change('closed');
  });

  return {
    state: () => state,
    reason: () => reason,
    run: async (send) => {
      try {
        return await policy.execute(send);
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw new BreakerOpenError('open', { cause: error });
        throw error;
      }
    },
    takeProbe: () => {
      if (state !== 'probing' || probeTaken) return false;
      probeTaken = true;
      return true;
    },
    returnProbe: () => {
      probeTaken = false;
    },
    close: () => clearTimeout(timer),
  };
}

/** A refusal of one message says that the provider is there; these say that it is not, or not for us. */
function speaksAgainstChannel(error: Error): boolean {
  if (!(error instanceof ChannelError)) return false;
  return ['config', 'connection', 'throttled', 'bad_response'].includes(error.code);
}

/** Patience asked for, or a configuration that only a person mends, concerns every message: at once. */
function inARow(limit: number, lastFailure: () => object | undefined): IBreaker {
  let count = 0;
  return {
    state: undefined,
    success: () => {
      count = 0;
    },
    failure: () => {
      count += 1;
      const failure = lastFailure();
      const error: unknown = failure !== undefined && 'error' in failure ? failure.error : undefined;
      const atOnce = error instanceof ChannelError && (error.code === 'config' || error.code === 'throttled');
      return atOnce || count >= limit;
    },
  };
}

function waitOf(error: unknown): number | undefined {
  if (!(error instanceof ChannelError) || typeof error.retry === 'string') return undefined;
  return Math.min(LONGEST_DELAY_MS, Math.max(1_000, error.retry.afterMs));
}
