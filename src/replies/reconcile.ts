/**
 * Learns from the provider what became of attempts whose end we do not know. Until that is certain nothing
 * is sent again; where the provider cannot tell, a person must.
 */
import type { ChannelAdapter, Logger, Reconciliation } from '../core/channel.js';
import type { Vault } from '../cases/vault.js';
import { notifyChanges } from '../cases/coordination.js';
import type { Database } from '../db/database.js';
import { readUnknown, type ClaimedReply, type ReadBlob } from './claim.js';
import { applyHistory } from './delivery.js';
import type { ReplyMetrics } from './reply-metrics.js';
import { messageOf } from './send-attempt.js';

export interface Reconciler {
  /** Attempts of which nothing was heard in time (a process died) become `unknown`. @returns how many. */
  markLost(): Promise<number>;
  /** One round for a channel. @returns ids of replies that certainly were not sent and are pending again. */
  reconcile(channelId: string, signal: AbortSignal): Promise<string[]>;
}

export interface ReconcilerOptions {
  readonly database: Database;
  readonly vault: Pick<Vault, 'unwrapKey' | 'openAddress'>;
  readonly logger: Logger;
  readonly metrics: Pick<ReplyMetrics, 'reconciled' | 'unresolved'>;
  readonly now: () => Date;
  readonly caseToken?: (trackingNumber: string) => string;
  readonly readBlob?: ReadBlob;
  readonly lanes: ReadonlyMap<string, ReconciledLane>;
}

export interface ReconciledLane {
  readonly adapter: ChannelAdapter;
  /** From the claim of a reply to the last moment at which its attempt can still reach the provider. */
  readonly longestAttemptMs: number;
}

/** "Not sent" is believed so long after the end of the attempt, not earlier: lists of providers lag. */
const BELIEVE_AFTER_MS = 60_000;
/** Asked again after a third of the time that has passed, at least and at most so long. */
const ASK_AGAIN_MS = { least: 5_000, most: 60 * 60_000 };
/** After that nothing more will come of asking. */
const GIVE_UP_AFTER_MS = 24 * 60 * 60_000;
const A_ROUND = 50;
/** In `error`: it is before a person. */
const UNRESOLVED = 'unresolved';

type Verdict = Reconciliation | { readonly state: 'unresolved'; readonly reason: string };

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { database, logger, metrics, now, lanes } = options;

  async function markLost(): Promise<number> {
    const { rowCount } = await database.pool.query({
      name: 'reply-lost',
      text: `UPDATE outbox SET state = 'unknown', state_at = $1, due_at = $1
             WHERE id IN (SELECT id FROM outbox WHERE state = 'sending' AND due_at <= $1
                          ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
      values: [now()],
    });
    if (rowCount) logger.warn({ replies: rowCount }, 'Attempts to send were cut off: to be reconciled');
    return rowCount ?? 0;
  }

  async function reconcile(channelId: string, signal: AbortSignal): Promise<string[]> {
    const lane = lanes.get(channelId);
    if (!lane) return [];
    const ids = await dueUnknown(channelId);
    if (ids.length === 0) return [];
    return await alone(channelId, async () => {
      const again: string[] = [];
      const claimedNow = new Set<string>();
      for (const reply of await readUnknown(database.pool, ids)) {
        if (signal.aborted) break;
        const verdict = await ask(channelId, lane, reply, claimedNow, signal);
        metrics.reconciled.inc({ channel: channelId, outcome: verdict.state });
        if (await write(channelId, reply, verdict, claimedNow)) again.push(reply.id);
      }
      return again;
    });
  }

  /**
   * Not while a like message to the same person is on its way: the provider's list could not tell the two
   * apart before the other's id is written down.
   */
  async function dueUnknown(channelId: string): Promise<string[]> {
    const { rows } = await database.pool.query<{ id: string }>({
      name: 'reply-unknown-due',
      text: `SELECT id FROM outbox u
             WHERE state = 'unknown' AND due_at <= $2 AND channel_id = $1 AND error IS DISTINCT FROM '${UNRESOLVED}'
               AND NOT EXISTS (SELECT 1 FROM outbox s WHERE s.state = 'sending' AND s.channel_id = u.channel_id
                               AND s.contact_key = u.contact_key AND s.text = u.text)
             ORDER BY due_at LIMIT ${A_ROUND}`,
      values: [channelId, now()],
    });
    return rows.map((row) => row.id);
  }

  /** One process at a time for a channel: two could match one message of the provider to two replies. */
  async function alone(channelId: string, work: () => Promise<string[]>): Promise<string[]> {
    const client = await database.pool.connect();
    let broken = true;
    try {
      const lock = ['tabea:reconcile', channelId];
      const { rows } = await client.query<{ got: boolean }>(
        'SELECT pg_try_advisory_lock(hashtext($1), hashtext($2)) AS got',
        lock,
      );
      const result = rows[0]?.got === true ? await work() : [];
      await client.query('SELECT pg_advisory_unlock(hashtext($1), hashtext($2)) WHERE $3::boolean', [
        ...lock,
        rows[0]?.got === true,
      ]);
      broken = false;
      return result;
    } finally {
      // A connection that may still hold the lock is thrown away, and the lock with it.
      client.release(broken);
    }
  }

  async function ask(
    channelId: string,
    { adapter, longestAttemptMs }: ReconciledLane,
    reply: ClaimedReply,
    claimedNow: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<Verdict> {
    if (!adapter.reconcile) return { state: 'unresolved', reason: 'the provider has no list' };
    const { vault, caseToken, readBlob } = options;
    const message = messageOf(reply, { channelId, vault, caseToken, readBlob });
    if (message === undefined) return { state: 'unresolved', reason: 'the address was erased' };
    const elapsed = now().getTime() - reply.attemptAt.getTime();
    const verdict = await adapter
      .reconcile(
        {
          message,
          startedAt: reply.attemptAt,
          now: now(),
          isClaimed: async (externalId) =>
            claimedNow.has(externalId) || (await isClaimed(channelId, externalId)),
        },
        signal,
      )
      .catch((): Reconciliation => ({ state: 'unknown', reason: 'the provider did not answer' }));
    if (verdict.state === 'not_sent' && elapsed < longestAttemptMs + BELIEVE_AFTER_MS) {
      return { state: 'unknown', reason: 'too early to believe it' };
    }
    if (verdict.state === 'unknown' && elapsed >= GIVE_UP_AFTER_MS) {
      return { state: 'unresolved', reason: verdict.reason };
    }
    return verdict;
  }

  async function isClaimed(channelId: string, externalId: string): Promise<boolean> {
    const { rows } = await database.pool.query({
      name: 'reply-claimed',
      text: 'SELECT 1 FROM outbox WHERE channel_id = $1 AND external_id = $2',
      values: [channelId, externalId],
    });
    return rows.length > 0;
  }

  /** True where the reply is pending again. */
  async function write(
    channelId: string,
    reply: ClaimedReply,
    verdict: Verdict,
    claimedNow: Set<string>,
  ): Promise<boolean> {
    const at = now();
    switch (verdict.state) {
      case 'sent': {
        claimedNow.add(verdict.externalId);
        const found = { state: 'sent', externalId: verdict.externalId, error: null, dueAt: at };
        if (!(await update(reply, found))) return false;
        await database.transaction((client) => applyHistory(client, [reply.id]));
        logger.info({ channel: channelId, outboxId: reply.id }, 'A lost reply was found at the provider');
        return false;
      }
      case 'not_sent':
        logger.info(
          { channel: channelId, outboxId: reply.id },
          'A lost reply had not been sent: it is sent now',
        );
        return await update(reply, { state: 'pending', externalId: null, error: null, dueAt: at });
      case 'unresolved':
        metrics.unresolved.inc({ channel: channelId });
        logger.warn(
          { channel: channelId, outboxId: reply.id, reason: verdict.reason },
          'Whether a reply was sent cannot be learnt: a person must look',
        );
        await update(reply, { state: 'unknown', externalId: null, error: UNRESOLVED, dueAt: at });
        return false;
      case 'unknown': {
        const elapsed = at.getTime() - reply.attemptAt.getTime();
        const wait = Math.min(ASK_AGAIN_MS.most, Math.max(ASK_AGAIN_MS.least, elapsed / 3));
        await update(reply, {
          state: 'unknown',
          externalId: null,
          error: 'reconciling',
          dueAt: new Date(at.getTime() + wait),
        });
        return false;
      }
    }
  }

  /** Only while it is still the same attempt, and still unknown. */
  async function update(
    reply: ClaimedReply,
    change: { state: string; externalId: string | null; error: string | null; dueAt: Date },
  ): Promise<boolean> {
    const { rowCount } = await database.pool.query({
      name: 'reply-reconciled',
      text: `UPDATE outbox SET state = $3, external_id = coalesce(external_id, $4), error = $5, due_at = $6, state_at = $7
             WHERE id = $1 AND attempt = $2 AND state = 'unknown'`,
      values: [reply.id, reply.attempt, change.state, change.externalId, change.error, change.dueAt, now()],
    });
    if (rowCount && reply.caseId !== null) await notifyChanges(database.pool, [reply.caseId]);
    return (rowCount ?? 0) > 0;
  }

  return { markLost, reconcile };
}
