/** Sends replies: claim, send, write down. Nothing goes out twice, whatever dies in between. */
import type { ChannelAdapter, Clock, Logger } from '../core/channel.js';
import type { Vault } from '../cases/vault.js';
import type { Database } from '../db/database.js';
import { createBreaker, type BreakerOptions, type BreakerState, type ChannelBreaker } from './breaker.js';
import { claimReplies, type ClaimedReply, type ReadBlob } from './claim.js';
import { createReconciler, type Reconciler } from './reconcile.js';
import { createRecorder, type AttemptResult } from './recorder.js';
import type { ReplyMetrics } from './reply-metrics.js';
import { createSendLimits } from './send-limits.js';
import { attemptReply, unbegun, type SendContext } from './send-attempt.js';
import { createQuota, createSlots, type Quota, type Slots } from './slots.js';

export interface ReplyServiceConfig {
  /** Messages of one channel with the provider at once. Default 64. */
  readonly concurrency?: number;
  /** Longest wait for the answer of a provider whose channel names no limit of its own. Default 30 s. */
  readonly sendLimitMs?: number;
  /** Longest wait of a claimed reply for its turn; after that it is given back. Default 10 s. */
  readonly turnLimitMs?: number;
  /** A result is kept for so long for a database that is away. Default 30 s. */
  readonly recordPatienceMs?: number;
  readonly breaker?: Pick<BreakerOptions, 'failures' | 'firstMs' | 'longestMs'>;
}

export interface ReplyServiceOptions {
  readonly database: Database;
  readonly vault: Pick<Vault, 'unwrapKey' | 'openAddress'>;
  /** By channel id. Those without `send` are left to people. */
  readonly adapters: ReadonlyMap<string, ChannelAdapter>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ReplyMetrics;
  readonly config?: ReplyServiceConfig;
  /** Token of a case for its replies' threads: `makeCaseToken`. */
  readonly caseToken?: (trackingNumber: string) => string;
  /** Where the files of replies are read from. */
  readonly readBlob?: ReadBlob;
}

export interface BreakerReport {
  readonly channelId: string;
  readonly state: BreakerState;
  /** Code of what opened it. */
  readonly reason?: string;
}

export interface ReplyService extends Reconciler {
  /** Channels that can send. */
  readonly channelIds: readonly string[];
  /**
   * Sends those of `ids` that are due and that nobody else has. Safe to call with any ids, any number of
   * times, in any number of processes. Throws only where the database cannot be asked.
   * @returns how many attempts were made.
   */
  sendReplies(channelId: string, ids: readonly string[], signal: AbortSignal): Promise<number>;
  /** For /readyz. */
  breakers(): BreakerReport[];
  /** Called at each change of a breaker; returns the unsubscriber. */
  onBreaker(listener: (report: BreakerReport) => void): () => void;
  close(): void;
}

interface Lane {
  readonly channelId: string;
  readonly adapter: ChannelAdapter;
  readonly breaker: ChannelBreaker;
  readonly slots: Slots;
  /** Longest time of one attempt, in milliseconds. */
  readonly sendLimitMs: number;
  /** From the claim of a reply to the last moment at which its attempt can still reach the provider. */
  readonly longestAttemptMs: number;
  /** From the claim of a reply to its being taken for lost. */
  readonly staleMs: number;
  /** Replies that may be claimed and wait for their turn. */
  readonly ahead: Quota;
  readonly seconds: Pick<ReturnType<ReplyMetrics['sendSeconds']['labels']>, 'observe'>;
  count(outcome: string): void;
}

const BREAKER_FIGURE = { closed: 0, probing: 1, open: 2 } as const;
/** An adapter that does not end when it is told to: so long after the limit its attempt counts as unknown. */
const DEAF_MS = 2_000;
/** Between the end of an attempt's longest time and its being taken for lost. */
const STALE_MARGIN_MS = 20_000;

export function createReplyService(options: ReplyServiceOptions): ReplyService {
  const { database, clock, logger, metrics } = options;
  const { concurrency = 64, turnLimitMs = 10_000, ...config } = options.config ?? {};
  const now = () => clock.now();
  const recorder = createRecorder({
    database,
    logger,
    now,
    metrics,
    ...(config.recordPatienceMs === undefined ? {} : { patienceMs: config.recordPatienceMs }),
  });
  const listeners = new Set<(report: BreakerReport) => void>();

  const lanes = new Map<string, Lane>();
  for (const [channelId, adapter] of options.adapters) {
    if (!adapter.send) continue;
    const onChange = (state: BreakerState, reason: string | undefined) => {
      metrics.breaker.set({ channel: channelId }, BREAKER_FIGURE[state]);
      logChange(channelId, state, reason);
      for (const listener of listeners) listener(report(channelId, state, reason));
    };
    metrics.breaker.set({ channel: channelId }, 0);
    const breaker = createBreaker({ ...config.breaker, onChange });
    const ahead = createQuota(3 * concurrency, concurrency);
    const sendLimitMs = adapter.sendLimitMs ?? config.sendLimitMs ?? 30_000;
    lanes.set(channelId, {
      channelId,
      adapter,
      breaker,
      slots: createSlots(concurrency),
      sendLimitMs,
      longestAttemptMs: turnLimitMs + sendLimitMs + DEAF_MS,
      staleMs: turnLimitMs + sendLimitMs + (config.recordPatienceMs ?? 30_000) + STALE_MARGIN_MS,
      ahead,
      seconds: metrics.sendSeconds.labels(channelId),
      count: counterOf(metrics, channelId),
    });
  }

  function logChange(channel: string, state: BreakerState, reason: string | undefined): void {
    if (state === 'open') {
      // A wrong token is mended by a person only; a provider that is away comes back by itself.
      const level = reason === 'config' ? 'error' : 'warn';
      logger[level]({ channel, reason }, 'Sending on this channel is stopped; its replies are kept');
    } else if (state === 'closed') logger.info({ channel }, 'Sending on this channel goes on');
  }

  async function sendReplies(
    channelId: string,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<number> {
    const lane = lanes.get(channelId);
    if (!lane || signal.aborted) return 0;
    if (lane.breaker.state() === 'closed') return await sendAll(lane, ids, signal, ids.length);
    // The queue is kept while the channel is stopped; one message tries whether it is over.
    if (!lane.breaker.takeProbe()) return 0;
    const tried = await sendAll(lane, ids, signal, 1).finally(() => lane.breaker.returnProbe());
    if (tried === 0 || lane.breaker.state() !== 'closed') return tried;
    return tried + (await sendAll(lane, ids, signal, ids.length));
  }

  /** Piece by piece, so that few are claimed that wait: what a dying process had claimed must be reconciled. */
  async function sendAll(
    lane: Lane,
    ids: readonly string[],
    signal: AbortSignal,
    limit: number,
  ): Promise<number> {
    const context = contextOf(lane);
    const abort = () => context.limits.abort();
    signal.addEventListener('abort', abort, { once: true });
    const recorded: Promise<unknown>[] = [];
    try {
      for (let at = 0; at < ids.length && recorded.length < limit && !signal.aborted;) {
        const part = await lane.ahead.take(ids.length - at);
        if (limit > 1 && lane.breaker.state() !== 'closed') {
          lane.ahead.give(part);
          break;
        }
        const claimed = await claim(lane, ids.slice(at, at + part), limit - recorded.length).catch(
          (error: unknown) => {
            lane.ahead.give(part);
            throw error;
          },
        );
        lane.ahead.give(part - claimed.length);
        at += part;
        const turnUntil = performance.now() + turnLimitMs;
        // A turn that comes too late is not taken: others may soon hold the attempt for lost.
        const isOver = () => signal.aborted || performance.now() > turnUntil;
        for (const reply of claimed) {
          const turn = lane.slots.run(() => {
            lane.ahead.give(1);
            return take(reply, lane, context, isOver);
          });
          recorded.push(turn.then((result) => recorder.record(result)));
        }
      }
    } finally {
      await Promise.all(recorded);
      signal.removeEventListener('abort', abort);
      context.limits.close();
    }
    return recorded.length;
  }

  function claim(lane: Lane, ids: readonly string[], limit: number): Promise<ClaimedReply[]> {
    const claimedAt = now();
    return claimReplies(database.pool, {
      channelId: lane.channelId,
      ids,
      now: claimedAt,
      staleAt: new Date(claimedAt.getTime() + lane.staleMs),
      limit,
      withLastInbound: lane.adapter.canReply !== undefined,
    });
  }

  async function take(
    reply: ClaimedReply,
    lane: Lane,
    context: SendContext,
    isOver: () => boolean,
  ): Promise<AttemptResult> {
    const result = isOver() ? unbegun(reply, now()) : await attempt(reply, context);
    lane.count(result.undone === true ? 'released' : result.state);
    return result;
  }

  async function attempt(reply: ClaimedReply, context: SendContext): Promise<AttemptResult> {
    try {
      return await attemptReply(reply, context);
    } catch (error) {
      // Before anything was sent: the vault cannot open the address, or the channel's rules have a fault.
      logger.error({ outboxId: reply.id, channel: context.channelId, error }, 'A reply cannot be made ready');
      return { id: reply.id, attempt: reply.attempt, state: 'failed', error: 'unreadable' };
    }
  }

  function contextOf(lane: Lane): SendContext {
    const { channelId, adapter, breaker, sendLimitMs } = lane;
    return {
      channelId,
      adapter,
      breaker,
      vault: options.vault,
      now,
      limits: createSendLimits(sendLimitMs, DEAF_MS),
      caseToken: options.caseToken,
      readBlob: options.readBlob,
      late: (result) => void recorder.record(result),
      observe: (seconds) => lane.seconds.observe(seconds),
    };
  }

  return {
    channelIds: [...lanes.keys()],
    sendReplies,
    ...createReconciler({ ...options, now, lanes }),
    breakers: () =>
      [...lanes.values()].map(({ channelId, breaker }) =>
        report(channelId, breaker.state(), breaker.reason()),
      ),
    onBreaker: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      for (const lane of lanes.values()) lane.breaker.close();
    },
  };
}

function report(channelId: string, state: BreakerState, reason: string | undefined): BreakerReport {
  return { channelId, state, ...(reason === undefined ? {} : { reason }) };
}

/** Keeps the labelled counters: looking them up for each reply would cost more than counting. */
function counterOf({ attempts }: ReplyMetrics, channelId: string): (outcome: string) => void {
  const known = new Map<string, { inc(): void }>();
  return (outcome) => {
    const counter = known.get(outcome) ?? attempts.labels(channelId, outcome);
    known.set(outcome, counter);
    counter.inc();
  };
}
