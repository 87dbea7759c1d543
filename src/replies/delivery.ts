/**
 * What providers report of our replies. Every report is kept; the state of a reply is the sum of its
 * reports, so neither their order nor their number matters, nor whether they came before we knew the
 * provider's id of the reply.
 */
import { afterReport, type OutboxState, type ReportedState } from '../core/delivery-state.js';
import { firstIdSince } from '../core/ids.js';
import type { DeliveryReport } from '../core/message.js';
import type { Queryable } from '../db/database.js';

/**
 * Takes in reports, in the caller's transaction; safe to repeat. A report whose reply is not found stays in
 * the history until `applyHistory` is called for it.
 * @returns ids of the cases whose replies changed.
 */
export async function applyDeliveryReports(
  client: Queryable,
  reports: readonly DeliveryReport[],
): Promise<string[]> {
  if (reports.length === 0) return [];
  const values = [
    reports.map((report) => report.channelId),
    reports.map((report) => report.externalId),
    reports.map((report) => (isUuid(report.outboxId) ? report.outboxId : null)),
  ];
  await client.query({
    name: 'delivery-insert',
    text: `INSERT INTO delivery_report (channel_id, external_id, outbox_id, state, code, at)
           SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
           ON CONFLICT DO NOTHING`,
    values: [
      ...values,
      reports.map((report) => report.state),
      reports.map((report) => report.code),
      reports.map((report) => new Date(report.at).toISOString()),
    ],
  });
  const { rows } = await client.query<{ id: string }>({
    name: 'delivery-find',
    text: `WITH r AS (SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[]) AS r(channel_id, external_id, id))
           SELECT o.id FROM r JOIN outbox o ON o.channel_id = r.channel_id AND o.external_id = r.external_id
           UNION
           SELECT o.id FROM r JOIN outbox o ON o.id = r.id AND o.channel_id = r.channel_id`,
    values,
  });
  return await applyHistory(
    client,
    rows.map((row) => row.id),
  );
}

interface HistoryRow {
  readonly id: string;
  readonly case_id: string | null;
  readonly state: OutboxState;
  readonly external_id: string | null;
  readonly learnt_id: string | null;
  readonly reports: readonly {
    readonly state: ReportedState;
    readonly code: string | null;
    readonly at: string;
  }[];
}

/**
 * Brings these replies to the state that all reports so far amount to. Call it, in the same transaction,
 * when a reply is given its provider id: reports may have been quicker than the answer to our request.
 * @returns ids of the cases whose replies changed.
 */
export async function applyHistory(client: Queryable, outboxIds: readonly string[]): Promise<string[]> {
  if (outboxIds.length === 0) return [];
  await client.query({
    name: 'delivery-lock',
    text: 'SELECT 1 FROM outbox WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values: [outboxIds],
  });
  const { rows } = await client.query<HistoryRow>({
    name: 'delivery-history',
    text: `SELECT o.id, o.case_id, o.state, o.external_id, h.learnt_id, h.reports
           FROM outbox o CROSS JOIN LATERAL (
             SELECT min(d.external_id) AS learnt_id,
               json_agg(json_build_object('state', d.state, 'code', d.code, 'at', d.at)) AS reports
             FROM delivery_report d
             WHERE d.channel_id = o.channel_id
               AND (d.external_id = o.external_id OR (o.external_id IS NULL AND d.outbox_id = o.id))) AS h
           WHERE o.id = ANY($1::uuid[]) AND h.reports IS NOT NULL`,
    values: [outboxIds],
  });
  const changes = rows
    .map((row) => ({ row, ...sum(row) }))
    .filter(({ row, state }) => row.state !== state || row.external_id === null);
  if (changes.length === 0) return [];
  await client.query({
    name: 'delivery-update',
    text: `UPDATE outbox o SET state = t.state, state_at = coalesce(t.at, o.state_at), error = coalesce(t.error, o.error),
             external_id = coalesce(o.external_id, t.external_id)
           FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[])
             AS t(id, state, at, error, external_id)
           WHERE o.id = t.id`,
    values: [
      changes.map(({ row }) => row.id),
      changes.map(({ state }) => state),
      changes.map(({ at }) => at),
      changes.map(({ error }) => error),
      changes.map(({ row }) => row.learnt_id),
    ],
  });
  return [...new Set(changes.flatMap(({ row }) => row.case_id ?? []))];
}

/** Reconciling gives up after a day; a reply that is found at the provider is found by then. */
const MISSED_FOR_MS = 25 * 60 * 60_000;
const MISSED_AT_ONCE = 500;

/**
 * Replies that a report speaks of and whose state does not know it: the process died between writing down the
 * provider's id and looking for reports, or the report came in that very moment. Call it now and then.
 * @returns ids of the cases whose replies changed.
 */
export async function applyMissedReports(client: Queryable, now: Date): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({
    name: 'delivery-missed',
    text: `SELECT o.id FROM outbox o
           WHERE o.id >= $1::uuid AND o.state = 'sent' AND EXISTS (
             SELECT 1 FROM delivery_report d WHERE d.channel_id = o.channel_id AND d.external_id = o.external_id
               AND d.state IN ('delivered', 'read', 'failed'))
           ORDER BY o.id LIMIT ${MISSED_AT_ONCE}`,
    values: [firstIdSince(new Date(now.getTime() - MISSED_FOR_MS))],
  });
  return await applyHistory(
    client,
    rows.map((row) => row.id),
  );
}

/** The state after all reports, with the time and the code of the one that made it. */
function sum(row: HistoryRow): { state: OutboxState; at: string | null; error: string | null } {
  let best: { state: OutboxState; at: string | null; error: string | null } = {
    state: row.state,
    at: null,
    error: null,
  };
  for (const report of row.reports) {
    const state = afterReport(best.state, report.state);
    if (state !== best.state) best = { state, at: report.at, error: state === 'failed' ? report.code : null };
  }
  return best;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function isUuid(text: string | undefined): text is string {
  return text !== undefined && UUID.test(text);
}
