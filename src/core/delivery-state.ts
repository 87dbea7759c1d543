/** What is known of a reply on its way out. */

export const OUTBOX_STATES = [
  'pending',
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'unknown',
] as const;
export type OutboxState = (typeof OUTBOX_STATES)[number];

/** What a provider reports of a reply that it took. */
export type ReportedState = 'sent' | 'delivered' | 'failed' | 'read';

/**
 * Knowledge only grows. `failed` outranks `sent` (the provider took it and then could not deliver) and is
 * outranked by the proof that it arrived; states before any report are worth nothing against a report.
 */
const RANK: Readonly<Record<OutboxState, number>> = {
  pending: 0,
  sending: 0,
  unknown: 0,
  sent: 1,
  failed: 2,
  delivered: 3,
  read: 4,
};

/** The state after a report; the same whatever the order in which reports come, and however often. */
export function afterReport(current: OutboxState, report: ReportedState): OutboxState {
  return RANK[report] > RANK[current] ? report : current;
}
