/** The life of one pull source in this process: wait for its lease, run it, rest after a failure, run it again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ChannelError } from '../src/core/channel-error.js';
import type { Logger, PulledItem, PullSource } from '../src/core/channel.js';
import { RERUN_PAUSES, rerunPauseMs, type RerunPauses } from '../src/core/retry-policy.js';
import type { Database } from '../src/db/database.js';
import type { PullMetrics } from '../src/intake/pull-metrics.js';
import { readCursor } from '../src/intake/source-cursor.js';
import {
  LeaseLost,
  takeLease,
  type Lease,
  type LeaseTiming,
  type SourceId,
} from '../src/intake/source-lease.js';
import { createSourceSink, type SinkParts } from '../src/intake/source-sink.js';

export interface PollParts extends SinkParts {
  readonly database: Pick<Database, 'pool'>;
  readonly logger: Logger;
  readonly metrics: PullMetrics;
  readonly timing?: Partial<PollTiming>;
}

export interface PollTiming {
  readonly lease?: LeaseTiming;
  readonly pauses: RerunPauses;
  /** Milliseconds between two attempts to take a lease that another process has. */
  readonly askMs: number;
  /** A run that lasts so long works: the next failure is a first one again. */
  readonly workedMs: number;
  /** What a run has to end when it is told to. */
  readonly graceMs: number;
}

/** Code of a ChannelError, or `store`, `lease`, `stuck`, `ended` (without a reason), `failure` (unexpected). */
export type TroubleCode = string;

export interface Trouble {
  readonly code: TroubleCode;
  /** When it began; milliseconds of `performance.now()`. */
  readonly since: number;
  /** In a row. */
  readonly failures: number;
}

export interface SourceState {
  readonly is: 'starting' | 'running' | 'waiting' | 'elsewhere';
  /** What made the last runs end; absent since one has worked. */
  readonly trouble?: Trouble;
  /** While waiting: when it is tried again, on the same clock. */
  readonly until?: number;
}

export interface RunningSource {
  readonly id: SourceId;
  state(): SourceState;
  /** Resolves when the source has ended, or has had its time to, and the lease is given back. */
  stop(): Promise<void>;
}

const TIMING: PollTiming = {
  pauses: RERUN_PAUSES,
  askMs: 1_000,
  workedMs: 30_000,
  graceMs: 3_500,
};

export function startSource(parts: PollParts, channelId: string, source: PullSource): RunningSource {
  const { database, logger, metrics } = parts;
  const timing = { ...TIMING, ...parts.timing };
  const id: SourceId = { channelId, source: source.name };
  const about = { channel: channelId, source: source.name };
  const stopping = new AbortController();
  let state: SourceState = { is: 'starting' };
  let trouble: Trouble | undefined;
  let failures = 0;
  /** What the log has of it: the last trouble, and who runs it. */
  let said: string | undefined;
  let told: SourceState['is'] | undefined;

  async function live(): Promise<void> {
    while (!stopping.signal.aborted) {
      const pauseMs = await turn();
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  /** Resolves with the milliseconds to rest after it. Never throws: no source disturbs another. */
  async function turn(): Promise<number> {
    try {
      const lease = await takeLease(database.pool, id, timing.lease);
      if (lease === undefined) return standBy();
      try {
        return stopping.signal.aborted ? 0 : await runUnder(lease);
      } finally {
        await lease.release();
      }
    } catch (error) {
      // The database does not answer; asking it costs little, so it is asked again soon.
      return rest('store', error, jittered(timing.askMs));
    }
  }

  function standBy(): number {
    tell('elsewhere', 'Another process runs this source; this one stands by');
    trouble = undefined;
    said = undefined;
    failures = 0;
    return jittered(timing.askMs);
  }

  async function runUnder(lease: Lease): Promise<number> {
    // Only now, as the lease keeps everybody else from moving it.
    const cursor = await readCursor(database.pool, id);
    tell('running', 'This process runs the source');
    const run = new AbortController();
    const signal = AbortSignal.any([stopping.signal, lease.signal, run.signal]);
    let storeFailure: unknown;
    const sink = createSourceSink(parts, id, lease, {
      stored: (items) => {
        metrics.pulled.inc(about, items.length);
        sayIgnored(items);
        metrics.succeeded(id);
        works();
      },
      failed: (error) => {
        storeFailure ??= error;
        run.abort(error);
      },
    });
    const startedAt = performance.now();
    const proof = setTimeout(works, timing.workedMs);
    let error: unknown;
    try {
      await withGrace(() => source.run(sink, cursor, signal), signal, timing.graceMs);
    } catch (thrown) {
      error = thrown;
    } finally {
      clearTimeout(proof);
    }
    if (performance.now() - startedAt >= timing.workedMs) failures = 0;
    if (stopping.signal.aborted) {
      if (error instanceof Stuck) logger.warn({ ...about, code: 'stuck' }, 'A source did not end in time');
      return 0;
    }
    if (error instanceof Stuck) return rest('stuck', error, nextPause(error));
    const cause = lease.signal.aborted ? lease.signal.reason : (storeFailure ?? error);
    // Whoever has the lease now runs it; if nobody has, we shall.
    if (cause instanceof LeaseLost) return rest('lease', cause, jittered(timing.askMs));
    return rest(storeFailure === undefined ? codeOf(error) : 'store', cause, nextPause(error));
  }

  /** So that somebody who misses a message finds out that it came, and why it became none. */
  function sayIgnored(items: readonly PulledItem[]): void {
    for (const { reason } of items.flatMap(({ parsed }) => parsed.ignored)) {
      logger.info({ channel: channelId, reason }, 'A fetched message was left out on purpose');
    }
  }

  function nextPause(error: unknown): number {
    failures += 1;
    return rerunPauseMs(error, failures, Math.random, timing.pauses);
  }

  function rest(code: TroubleCode, error: unknown, pauseMs: number): number {
    if (stopping.signal.aborted) return 0;
    trouble = { code, since: trouble?.since ?? performance.now(), failures };
    state = { is: 'waiting', until: performance.now() + pauseMs };
    metrics.told(id, 'waiting');
    metrics.failures.inc({ ...about, code });
    complain(code, error, pauseMs);
    return pauseMs;
  }

  /** Once for the same trouble. That a provider drops a connection now and then is no trouble yet. */
  function complain(code: TroubleCode, error: unknown, pauseMs: number): void {
    const isUsual = failures <= 1 && code === 'connection';
    const words = `${isUsual ? 'usual' : 'trouble'} ${code}`;
    if (said === words) return;
    said = words;
    // A ChannelError is foreseen, its code says all; of others the log keeps class and place.
    const why = error instanceof ChannelError ? { providerCode: error.providerCode } : { err: error };
    const fields = { ...about, code, ...why, pauseMs };
    if (isUsual) logger.info(fields, 'A source ended and is run again');
    else logger.warn(fields, 'A source fails; it goes on trying');
  }

  function works(): void {
    if (said?.startsWith('trouble') === true) logger.info(about, 'The source works again');
    trouble = undefined;
    said = undefined;
  }

  function tell(is: 'running' | 'elsewhere', words: string): void {
    metrics.told(id, is);
    state = { is };
    if (told !== is) logger.info(about, words);
    told = is;
  }

  const living = live();
  return {
    id,
    state: () => (trouble === undefined ? state : { ...state, trouble }),
    stop: () => {
      stopping.abort();
      return living;
    },
  };
}

class Stuck extends Error {
  override readonly name = 'Stuck';
}

/** Waits for the run; where it does not end in time after the signal it is left behind, and its sink is fenced. */
async function withGrace(run: () => Promise<void>, signal: AbortSignal, graceMs: number): Promise<void> {
  const over = new AbortController();
  const told = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: over.signal });
  });
  const late = async () => {
    await told;
    await sleep(graceMs, undefined, { signal: over.signal });
    throw new Stuck('The source goes on although it was told to end');
  };
  const limit = late();
  // Rejects after the race as well, when nobody listens any more.
  limit.catch(() => undefined);
  try {
    await Promise.race([run(), limit]);
  } finally {
    over.abort();
  }
}

function codeOf(error: unknown): TroubleCode {
  if (error === undefined) return 'ended';
  return error instanceof ChannelError ? error.code : 'failure';
}

function jittered(ms: number): number {
  return ms * (0.8 + 0.4 * Math.random());
}
