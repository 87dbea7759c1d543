/** The one place that says what becomes of a reply, or of a source, after an error. Pure: table tests without a clock or a queue. */
import { ChannelError } from './channel-error.js';

export interface AttemptFacts {
  /** 1 for the first attempt. */
  readonly number: number;
  /** When the reply was first tried. */
  readonly firstAt: Date;
}

export type RetryOutcome =
  /** Certainly not sent: tried again after so many milliseconds. */
  | { readonly state: 'pending'; readonly afterMs: number }
  /** Certainly not sent, and will not be: a person sees it, with the code. */
  | { readonly state: 'failed'; readonly code: string }
  /** May have been sent: only reconciling may tell, never a blind resend. */
  | { readonly state: 'unknown' };

export const FIRST_DELAY_MS = 2_000;
export const LONGEST_DELAY_MS = 15 * 60_000;
export const GIVE_UP_AFTER_MS = 24 * 60 * 60_000;

/**
 * @param error whatever `send` threw; anything but a ChannelError is a fault of ours in an unknown place.
 * @param random in [0, 1); injectable. Default: `Math.random`.
 */
export function verdictOf(
  error: unknown,
  attempt: AttemptFacts,
  now: Date,
  random: () => number = Math.random,
): RetryOutcome {
  if (!(error instanceof ChannelError) || error.certainty === 'unknown') return { state: 'unknown' };
  // A token that expired waits for a person, however long that takes: sending stops, the queue is kept.
  if (error.code === 'config') return { state: 'pending', afterMs: LONGEST_DELAY_MS };
  if (error.retry === 'never') return { state: 'failed', code: error.code };
  if (now.getTime() - attempt.firstAt.getTime() >= GIVE_UP_AFTER_MS)
    return { state: 'failed', code: error.code };
  const afterMs =
    error.retry === 'backoff' ? backoffMs(attempt.number, random) : clampMs(error.retry.afterMs);
  return { state: 'pending', afterMs };
}

/** Doubling from 2 s to 15 min; between half and the whole of it, so that many replies do not return at once. */
export function backoffMs(
  attempt: number,
  random: () => number,
  { firstMs, longestMs } = { firstMs: FIRST_DELAY_MS, longestMs: LONGEST_DELAY_MS },
): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + (full / 2) * random());
}

/** Milliseconds between two runs of a source that fails. */
export interface RerunPauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const RERUN_PAUSES: RerunPauses = { firstMs: 1_000, longestMs: 60_000 };

/**
 * How long a pull source rests before it is run again.
 * @param failures in a row, this one included.
 */
export function rerunPauseMs(
  error: unknown,
  failures: number,
  random: () => number = Math.random,
  pauses: RerunPauses = RERUN_PAUSES,
): number {
  const pause = backoffMs(failures, random, pauses);
  if (!(error instanceof ChannelError)) return pause;
  // A password that is wrong stays wrong; asking often may lock the account.
  if (error.code === 'config') return pauses.longestMs;
  return typeof error.retry === 'string' ? pause : Math.max(pause, clampMs(error.retry.afterMs));
}

// A provider's reset time is computed against its clock: a clock that is off must not stop us for hours.
function clampMs(afterMs: number): number {
  if (!Number.isFinite(afterMs)) return LONGEST_DELAY_MS;
  return Math.min(LONGEST_DELAY_MS, Math.max(1_000, Math.round(afterMs)));
}
