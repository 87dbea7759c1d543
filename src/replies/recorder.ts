/**
 * Writes down how attempts ended. What ended together shares one statement and one commit; with the
 * database away it keeps trying, because what it knows is the only proof that a reply went out.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { notifyChanges } from '../cases/coordination.js';
import type { Logger } from '../core/channel.js';
import type { Database } from '../db/database.js';
import { applyHistory } from './delivery.js';
import type { ReplyMetrics } from './reply-metrics.js';

/** How an attempt ended. */
export interface AttemptResult {
  readonly id: string;
  /** The attempt that it speaks of: knowledge of an older one changes nothing. */
  readonly attempt: number;
  readonly state: 'sent' | 'pending' | 'failed' | 'unknown';
  readonly externalId?: string;
  readonly segments?: number;
  readonly error?: string;
  readonly dueAt?: Date;
  /** It was never begun; counted apart in the metrics. */
  readonly undone?: boolean;
}

export interface Recorder {
  /** Resolves when it is durable: true; false where the database stayed away and it was given up. */
  record(result: AttemptResult): Promise<boolean>;
}

export interface RecorderOptions {
  readonly database: Database;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly metrics: Pick<ReplyMetrics, 'batch'>;
  /** How long a result is kept for a database that is away. Default 30 s. */
  readonly patienceMs?: number;
}

interface Waiting {
  readonly result: AttemptResult;
  readonly since: number;
  readonly done: (durable: boolean) => void;
}

const MOST_AT_ONCE = 500;
const RETRY_MS = 200;

/**
 * An attempt that another process took for lost (`unknown`, or `pending` again) is put right by the knowledge
 * that it was sent; a state that the provider has reported since is not taken back. The number of the attempt only
 * ever grows: it is the fence that keeps a repeated or late write away from a newer attempt.
 */
const RECORD = `UPDATE outbox o SET
    state = CASE WHEN o.state IN ('pending', 'sending', 'unknown') THEN r.state ELSE o.state END,
    state_at = CASE WHEN o.state IN ('pending', 'sending', 'unknown') THEN $8 ELSE o.state_at END,
    error = CASE WHEN o.state IN ('pending', 'sending', 'unknown') THEN r.error ELSE o.error END,
    external_id = coalesce(o.external_id, r.external_id),
    segments = coalesce(r.segments, o.segments),
    due_at = coalesce(r.due_at, o.due_at)
  FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::timestamptz[])
    AS r(id, attempt, state, external_id, segments, error, due_at)
  WHERE o.id = r.id AND o.attempt = r.attempt
    AND (r.state = 'sent' OR o.state = 'sending' OR (o.state = 'unknown' AND r.state <> 'unknown'))
  RETURNING o.id, o.case_id,
    EXISTS (SELECT 1 FROM delivery_report d WHERE d.channel_id = o.channel_id AND d.external_id = o.external_id) AS reported`;

export function createRecorder(options: RecorderOptions): Recorder {
  const { database, logger, metrics, patienceMs = 30_000 } = options;
  let waiting: Waiting[] = [];
  let running = false;

  async function run(): Promise<void> {
    running = true;
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, MOST_AT_ONCE);
        waiting = waiting.slice(MOST_AT_ONCE);
        await settle(batch);
      }
    } finally {
      running = false;
    }
  }

  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      await write(batch.map((entry) => entry.result));
      metrics.batch.observe(batch.length);
      for (const entry of batch) entry.done(true);
    } catch (error) {
      if (isAboutData(error)) await settleOneByOne(batch, error);
      else await keep(batch, error);
    }
  }

  /** The database is away: what is young enough waits for it. */
  async function keep(batch: readonly Waiting[], error: unknown): Promise<void> {
    const now = Date.now();
    const [young, old] = [batch.filter(isYoung), batch.filter((entry) => !isYoung(entry))];
    function isYoung(entry: Waiting): boolean {
      return now - entry.since < patienceMs;
    }
    if (old.length > 0) {
      logger.error(
        { replies: old.length, error },
        'What became of replies could not be written: to be reconciled',
      );
      for (const entry of old) entry.done(false);
    }
    waiting = [...young, ...waiting];
    if (young.length > 0) await sleep(RETRY_MS);
  }

  /** One of them cannot be written as it is; the others must not suffer for it. */
  async function settleOneByOne(batch: readonly Waiting[], error: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length > 1) {
      for (const entry of batch) await settle([entry]);
    } else if (only?.result.externalId !== undefined) {
      // Another reply bears this provider id: a match by reconciling that was wrong, or the provider's fault.
      logger.warn({ outboxId: only.result.id }, 'The provider id of a reply is already that of another one');
      const { externalId: _taken, ...rest } = only.result;
      await settle([{ ...only, result: { ...rest, error: 'duplicate_external_id' } }]);
    } else if (only) {
      logger.error({ outboxId: only.result.id, error }, 'What became of a reply cannot be written');
      only.done(false);
    }
  }

  async function write(results: readonly AttemptResult[]): Promise<void> {
    const { rows } = await database.pool.query<{ id: string; case_id: string | null; reported: boolean }>({
      name: 'reply-record',
      text: RECORD,
      values: [
        results.map((result) => result.id),
        results.map((result) => result.attempt),
        results.map((result) => result.state),
        results.map((result) => result.externalId ?? null),
        results.map((result) => result.segments ?? null),
        results.map((result) => result.error ?? null),
        results.map((result) => result.dueAt ?? null),
        options.now(),
      ],
    });
    const early = rows.filter((row) => row.reported).map((row) => row.id);
    if (early.length > 0) await database.transaction((client) => applyHistory(client, early));
    const changed = rows.flatMap((row) => row.case_id ?? []);
    // Listeners only look at pages again; a reply is not held up by them.
    if (changed.length > 0) await notifyChanges(database.pool, changed).catch(() => undefined);
  }

  return {
    record: (result) =>
      new Promise((done) => {
        waiting.push({ result, since: Date.now(), done });
        // In the next turn, so that what ends in this one goes together.
        if (!running) {
          running = true;
          setImmediate(() => void run());
        }
      }),
  };
}

/** SQLSTATE classes 22 and 23: the data, not the connection. */
function isAboutData(error: unknown): boolean {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^2[23]...$/.test(code);
}
