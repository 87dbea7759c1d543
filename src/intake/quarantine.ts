/** What could not be taken in: kept for a person, and taken in after a mend. */
import type { ChannelAdapter, Clock, Logger, RawRequest } from '../core/channel.js';
import type { Database } from '../db/database.js';
import type { Intake } from './accept.js';
import type { BlobStore } from './blobs.js';
import type { HeldKind } from './entry.js';
import { pulledNothing } from './envelope.js';
import { holdRequest } from './held-row.js';
import type { IntakeMetrics } from './intake-metrics.js';
import { parserFor } from './receiver.js';
import { createSignatureHold, type SignatureHoldOptions } from './signature-hold.js';
import { loadRequest, type HeldRecord } from './stored-request.js';

export interface QuarantineOptions {
  readonly database: Database;
  readonly intake: Intake;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: IntakeMetrics;
  readonly signatures?: Partial<SignatureHoldOptions>;
}

export interface HoldInput {
  readonly channelId: string;
  readonly kind: 'signature' | 'unparsable';
  /** A code and words; no personal data. */
  readonly reason: string;
  readonly request: RawRequest;
}

/** Which rows; the conditions add up. */
export interface HeldFilter {
  readonly ids?: readonly string[];
  readonly kind?: HeldKind;
  readonly channelId?: string;
  readonly receivedAfter?: Date;
  readonly receivedBefore?: Date;
  /** Default 100. */
  readonly limit?: number;
}

/** A held row without its content. */
export interface HeldSummary {
  readonly id: string;
  readonly channelId: string;
  readonly kind: HeldKind;
  readonly reason: string;
  readonly receivedAt: Date;
  readonly size: number;
  readonly inboxId: string | null;
}

export type ReplayOutcome =
  /** Taken in (or it had been already); marked replayed. */
  | 'replayed'
  /** Still not readable by the adapter; stays held. */
  | 'unparsable'
  /** The adapter reads the whole and still rejects a part of it; stays held. */
  | 'still_rejected'
  /** The channel is not enabled, or the row is nothing that its adapter receives. */
  | 'no_receiver'
  /** An unexpected failure; logged, stays held. */
  | 'failed';

export interface ReplayReport {
  readonly items: readonly { readonly id: string; readonly outcome: ReplayOutcome; readonly fresh: number }[];
}

export interface Quarantine {
  /**
   * `unparsable` resolves when it is durable (database or spool) and throws StoreUnavailable where it cannot be;
   * `signature` is best effort and never throws.
   */
  hold(input: HoldInput): Promise<void>;
  /** Rows in state `held`, oldest first. */
  listHeld(filter?: HeldFilter): Promise<HeldSummary[]>;
  /**
   * Takes held requests in with the adapters of now. Signatures are not verified again: that a super admin replays
   * it is the decision. Repeating is harmless. Throws StoreUnavailable, or what PostgreSQL says.
   */
  replay(
    filter: HeldFilter,
    adapterOf: (channelId: string) => ChannelAdapter | undefined,
  ): Promise<ReplayReport>;
  /** Marks rows as not wanted; resolves with their number. */
  dismiss(ids: readonly string[]): Promise<number>;
  /** Writes out what waits. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function createQuarantine(options: QuarantineOptions): Quarantine {
  const { intake, logger } = options;
  const pool = options.database.pool;
  const signatures = createSignatureHold({ pool, logger, metrics: options.metrics, ...options.signatures });

  async function replayOne(
    row: HeldRecord,
    adapterOf: (channelId: string) => ChannelAdapter | undefined,
  ): Promise<{ readonly outcome: ReplayOutcome; readonly fresh: number }> {
    if (row.inboxId !== null) return { outcome: 'replayed', fresh: await revive(row.inboxId) };
    const adapter = adapterOf(row.channelId);
    const parse = adapter && parserFor(adapter, row, (bytes) => options.blobs.put(bytes));
    if (parse === undefined) return { outcome: 'no_receiver', fresh: 0 };
    const request = await loadRequest(pool, options.blobs, row);
    let parsed;
    try {
      parsed = await parse(request);
    } catch (error) {
      logger.warn({ err: error, id: row.id }, 'A held request is still not readable');
      return { outcome: 'unparsable', fresh: 0 };
    }
    if (pulledNothing(request, parsed)) return { outcome: 'unparsable', fresh: 0 };
    // Its parts are held already; what is left of them decides whether this row is done.
    const rejected = row.kind === 'part' && parsed.rejected.some((left) => left.part === row.body.toString());
    const { fresh } = await intake.accept(row.channelId, request, parsed);
    return { outcome: rejected ? 'still_rejected' : 'replayed', fresh };
  }

  /** Poison of the ingest: its inbox row goes back to the start. */
  async function revive(inboxId: string): Promise<number> {
    const revived = await pool.query(
      `UPDATE inbox SET state = 'new', attempts = 0, outcome = NULL, done_at = NULL WHERE id = $1 AND state = 'poison'`,
      [inboxId],
    );
    if (revived.rowCount !== 1) return 0;
    intake.announce([inboxId]);
    return 1;
  }

  return {
    async hold({ channelId, kind, reason, request }) {
      if (kind === 'signature') return signatures.add(channelId, reason, request);
      const blob = await intake.outsource(request.body);
      await intake.keep(holdRequest(channelId, kind, reason, request, blob));
    },
    async listHeld(filter = {}) {
      const { where, values } = conditions(filter);
      const result = await pool.query<HeldSummary>(
        `SELECT id, channel_id AS "channelId", kind, reason, received_at AS "receivedAt", size, inbox_id AS "inboxId"
         FROM quarantine WHERE ${where}`,
        values,
      );
      return result.rows;
    },
    async replay(filter, adapterOf) {
      const items = [];
      for (const id of await heldIds(filter)) {
        // One at a time: bodies may be large, and each is done or not for itself.
        const row = await readRow(id);
        if (row === undefined) continue;
        const { outcome, fresh } = await replayOne(row, adapterOf);
        if (outcome === 'replayed') await setState([id], 'replayed');
        items.push({ id, outcome, fresh });
      }
      return { items };
    },
    dismiss: (ids) => setState(ids, 'dismissed'),
    flush: () => signatures.flush(),
    close: () => signatures.close(),
  };

  async function heldIds(filter: HeldFilter): Promise<string[]> {
    const { where, values } = conditions(filter);
    const result = await pool.query<{ id: string }>(`SELECT id FROM quarantine WHERE ${where}`, values);
    return result.rows.map((row) => row.id);
  }

  async function readRow(id: string): Promise<HeldRecord | undefined> {
    const result = await pool.query<HeldRecord>(
      `SELECT id, channel_id AS "channelId", kind, received_at AS "receivedAt", method, target, headers, body,
              inbox_id AS "inboxId"
       FROM quarantine WHERE id = $1 AND state = 'held'`,
      [id],
    );
    return result.rows[0];
  }

  async function setState(ids: readonly string[], state: 'replayed' | 'dismissed'): Promise<number> {
    const result = await pool.query(
      `UPDATE quarantine SET state = $2 WHERE id = ANY($1::uuid[]) AND state = 'held'`,
      [ids, state],
    );
    return result.rowCount ?? 0;
  }
}

function conditions(filter: HeldFilter): { where: string; values: unknown[] } {
  const values: unknown[] = [];
  const terms = [`state = 'held'`];
  const add = (term: string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    terms.push(term.replace('?', `$${values.length}`));
  };
  add('id = ANY(?::uuid[])', filter.ids);
  add('kind = ?', filter.kind);
  add('channel_id = ?', filter.channelId);
  add('received_at > ?', filter.receivedAfter);
  add('received_at < ?', filter.receivedBefore);
  values.push(filter.limit ?? 100);
  return { where: `${terms.join(' AND ')} ORDER BY received_at, id LIMIT $${values.length}`, values };
}
