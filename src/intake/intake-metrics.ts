/** What the intake measures. Labels are channel ids and codes only. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { idText } from '../core/ids.js';
import type { Entry, HeldKind, Stored } from './entry.js';

export interface IntakeMetrics {
  /** Events that were not there before. Those that went to the spool count when they are drained. */
  readonly accepted: Counter<'channel'>;
  readonly duplicates: Counter<'channel'>;
  readonly ignored: Counter<'channel'>;
  readonly refused: Counter<'channel' | 'reason'>;
  /** Seconds from the whole body to the durable row or file. */
  readonly acceptSeconds: Histogram;
  readonly batchEvents: Histogram;
  readonly spoolFiles: Gauge;
  readonly spooled: Counter;
  readonly databaseUp: Gauge;
  readonly held: Counter<'kind'>;
  /** Held requests that were let go: over the bound, in a flood, or without a database. */
  readonly heldDropped: Counter<'reason'>;
  readonly notQueued: Counter;
}

/** Declares the metrics of the intake; once a registry. */
export function createIntakeMetrics(registry: Registry): IntakeMetrics {
  const registers = [registry];
  return {
    accepted: new Counter({
      name: 'tabea_accepted_total',
      help: 'Events taken in for the first time',
      labelNames: ['channel'],
      registers,
    }),
    duplicates: new Counter({
      name: 'tabea_duplicates_total',
      help: 'Events that had been taken in before',
      labelNames: ['channel'],
      registers,
    }),
    ignored: new Counter({
      name: 'tabea_ignored_total',
      help: 'Parts of requests that were understood and deliberately not taken',
      labelNames: ['channel'],
      registers,
    }),
    refused: new Counter({
      name: 'tabea_webhook_refused_total',
      help: 'Webhook requests that were not answered 2xx',
      labelNames: ['channel', 'reason'],
      registers,
    }),
    acceptSeconds: new Histogram({
      name: 'tabea_accept_seconds',
      help: 'From the whole request to its being durable',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    batchEvents: new Histogram({
      name: 'tabea_commit_events',
      help: 'Events that shared one commit',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      registers,
    }),
    spoolFiles: new Gauge({ name: 'tabea_spool_files', help: 'Files waiting in the spool', registers }),
    spooled: new Counter({ name: 'tabea_spooled_total', help: 'Batches written to the spool', registers }),
    databaseUp: new Gauge({
      name: 'tabea_intake_database_up',
      help: '1 where the intake stores to the database, 0 where it spools',
      registers,
    }),
    held: new Counter({
      name: 'tabea_quarantine_total',
      help: 'Requests and parts put into quarantine',
      labelNames: ['kind'],
      registers,
    }),
    heldDropped: new Counter({
      name: 'tabea_quarantine_dropped_total',
      help: 'Held requests that were dropped',
      labelNames: ['reason'],
      registers,
    }),
    notQueued: new Counter({
      name: 'tabea_ingest_not_queued_total',
      help: 'Events that the queue did not take and that wait for the sweeper',
      registers,
    }),
  };
}

/** Counts rows that were put into quarantine. */
export function countHeld(metrics: IntakeMetrics, rows: readonly { readonly kind: HeldKind }[]): void {
  for (const row of rows) metrics.held.inc({ kind: row.kind });
}

/** What was stored in the database. One answer an entry: how many of its events are among the fresh ids. */
export function countStored(
  metrics: IntakeMetrics,
  batch: readonly Entry[],
  ids: readonly string[],
): Stored[] {
  const fresh = new Set(ids);
  return batch.map((entry) => {
    countHeld(metrics, entry.held);
    let count = 0;
    if (fresh.size > 0) for (const row of entry.events) if (fresh.has(idText(row.id))) count += 1;
    countEvents(metrics, entry, count);
    return { stored: 'database', fresh: count };
  });
}

function countEvents(metrics: IntakeMetrics, entry: Entry, fresh: number): void {
  const channel = entry.envelope?.channelId;
  if (channel === undefined) return;
  if (fresh > 0) metrics.accepted.inc({ channel }, fresh);
  if (fresh < entry.events.length) metrics.duplicates.inc({ channel }, entry.events.length - fresh);
}
