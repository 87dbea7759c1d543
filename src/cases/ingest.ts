/**
 * From the inbox to cases. A batch is one transaction: what arrived together is read in sets, decided in
 * memory in the order of arrival, and written in sets, together with "inbox row done".
 */
import type { DeliveryReport, InboundEvent, Withdrawal } from '../core/message.js';
import { contactKey } from '../core/keys.js';
import { textArray, uuidTextArray } from '../db/binary-array.js';
import type { Queryable } from '../db/database.js';
import { applyDeliveryReports } from '../replies/delivery.js';
import { enqueueReplies } from '../replies/enqueue.js';
import type { OutboxEntry } from '../replies/outbox.js';
import { dataErrorCode, isDataError, UndecidableError } from './data-error.js';
import { lockContacts, notifyChanges } from './coordination.js';
import { planMedia } from './waiting-media.js';
import { takeCorrection, type Correction } from './ingest-correction.js';
import { setOptOut } from './ingest-command.js';
import { readWorld } from './ingest-facts.js';
import { contactOf, takeMessage, toSent } from './ingest-message.js';
import { recordFailure } from './ingest-poison.js';
import type { Sent, Taken } from './ingest-world.js';
import { writeWorld } from './ingest-write.js';
import type { CaseServices } from './services.js';

/** What a batch came to; counts are by outcome code. */
export interface IngestSummary {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly replies: readonly OutboxEntry[];
}

/** Locks of one transaction are held in shared memory, of which there is only so much. */
export const ROWS_PER_TRANSACTION = 500;

/**
 * Takes in those of these inbox rows that are new and that nobody else has under way; safe to repeat.
 * Throws where the store cannot be reached or two transactions collided: the job is then tried again.
 */
export async function ingestBatch(services: CaseServices, ids: readonly string[]): Promise<IngestSummary> {
  const summary = newSummary();
  for (let i = 0; i < ids.length; i += ROWS_PER_TRANSACTION) {
    await ingestOrSplit(services, ids.slice(i, i + ROWS_PER_TRANSACTION), summary);
  }
  return summary;
}

interface Summary extends IngestSummary {
  readonly outcomes: Record<string, number>;
  readonly replies: OutboxEntry[];
}

function newSummary(): Summary {
  return { outcomes: {}, replies: [] };
}

/** One poisoned message must not hold up the others: halves, down to the one that fails alone. */
async function ingestOrSplit(
  services: CaseServices,
  ids: readonly string[],
  summary: Summary,
): Promise<void> {
  let taken: Taken;
  try {
    taken = await services.database.transaction((client) => takeBatch(client, services, ids));
  } catch (error) {
    if (!isDataError(error)) throw error;
    if (ids.length > 1) {
      const middle = Math.ceil(ids.length / 2);
      await ingestOrSplit(services, ids.slice(0, middle), summary);
      await ingestOrSplit(services, ids.slice(middle), summary);
    } else if (ids[0] !== undefined) {
      const state = await recordFailure(services, ids[0], dataErrorCode(error));
      summary.outcomes[state] = (summary.outcomes[state] ?? 0) + 1;
    }
    return;
  }
  for (const { outcome } of taken.outcomes) summary.outcomes[outcome] = (summary.outcomes[outcome] ?? 0) + 1;
  summary.replies.push(...taken.replies);
  await enqueueReplies(services.queue, services.channels, taken.replies);
  if (taken.media.length > 0) await services.queue.enqueue('media', [{ ids: taken.media }]);
}

interface InboxRow {
  readonly id: string;
  readonly contact_key: Buffer | null;
  readonly payload: InboundEvent;
  /** Milliseconds since 1970: read as a number, as the driver's parsing of dates is dear. */
  readonly received_ms: number;
}

async function takeBatch(client: Queryable, services: CaseServices, ids: readonly string[]): Promise<Taken> {
  const { rows } = await client.query<InboxRow>({
    name: 'inbox-take',
    text: `SELECT id, contact_key, payload, extract(epoch FROM received_at)::float8 * 1000 AS received_ms FROM inbox
           WHERE id = ANY($1::uuid[]) AND state = 'new' ORDER BY id FOR UPDATE SKIP LOCKED`,
    values: [uuidTextArray(ids)],
  });
  const taken: Taken = { outcomes: [], replies: [], changedCases: [], media: [] };
  if (rows.length === 0) return taken;
  const { senders, deliveries } = sortOut(services, rows);
  await lockContacts(client, senders);
  for (const run of inRuns(senders)) {
    const part =
      run.kind === 'correction'
        ? await takeCorrection(client, services, run.correction)
        : await takeRun(client, services, run.events);
    // At once: the next part counts what this sender has written.
    await markDone(client, services, part.outcomes);
    append(taken, part);
  }
  taken.changedCases.push(
    ...(await applyDeliveryReports(
      client,
      deliveries.map((one) => one.report),
    )),
  );
  const reported = deliveries.map(({ id }) => ({ id, outcome: 'delivery' }));
  await markDone(client, services, reported);
  taken.outcomes.push(...reported);
  await planMedia(client, taken.media, services.clock.now());
  await notifyChanges(client, taken.changedCases);
  return taken;
}

/** An event that has a sender, in the shape that its kind wants. */
type SenderEvent =
  | { readonly kind: 'message'; readonly contactKey: Buffer; readonly sent: Sent }
  | { readonly kind: 'consent'; readonly contactKey: Buffer; readonly id: string; readonly event: Withdrawal }
  | { readonly kind: 'correction'; readonly contactKey: Buffer; readonly correction: Correction };

function sortOut(services: CaseServices, rows: readonly InboxRow[]) {
  const senders: SenderEvent[] = [];
  const deliveries: { readonly id: string; readonly report: DeliveryReport }[] = [];
  for (const row of rows) {
    decide(() => {
      const event = row.payload;
      if (event.type === 'delivery') deliveries.push({ id: row.id, report: event });
      else senders.push(senderEvent(services, row, event));
    });
  }
  return { senders, deliveries };
}

function senderEvent(
  services: CaseServices,
  row: InboxRow,
  event: Exclude<InboundEvent, DeliveryReport>,
): SenderEvent {
  const { id } = row;
  const receivedAt = new Date(Math.round(row.received_ms));
  const key = row.contact_key ?? contactKey(services.keys, event.from);
  switch (event.type) {
    case 'message':
      return { kind: 'message', contactKey: key, sent: toSent(id, key, receivedAt, event) };
    case 'edit':
      return { kind: 'correction', contactKey: key, correction: { id, contactKey: key, receivedAt, event } };
    case 'withdrawal':
      if (event.of === 'consent') return { kind: 'consent', contactKey: key, id, event };
      return { kind: 'correction', contactKey: key, correction: { id, contactKey: key, receivedAt, event } };
  }
}

/** Whatever throws here throws because of the message: it is isolated, not tried for ever. */
function decide<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new UndecidableError('A message could not be decided on.', { cause });
  }
}

type Run =
  | { readonly kind: 'events'; readonly events: Exclude<SenderEvent, { kind: 'correction' }>[] }
  | { readonly kind: 'correction'; readonly correction: Correction };

/** Corrections are rare and change what was written: each is done alone, between the messages around it. */
function inRuns(senders: readonly SenderEvent[]): Run[] {
  const runs: Run[] = [];
  for (const one of senders) {
    const last = runs.at(-1);
    if (one.kind === 'correction') runs.push({ kind: 'correction', correction: one.correction });
    else if (last?.kind === 'events') last.events.push(one);
    else runs.push({ kind: 'events', events: [one] });
  }
  return runs;
}

/** Messages and withdrawn consents, in their order, in sets. */
async function takeRun(
  client: Queryable,
  services: CaseServices,
  events: readonly Exclude<SenderEvent, { kind: 'correction' }>[],
): Promise<Taken> {
  const sent = events.flatMap((one) => (one.kind === 'message' ? [one.sent] : []));
  const world = await readWorld(client, services, sent, events);
  for (const one of events) {
    decide(() => {
      if (one.kind === 'message') {
        takeMessage(services, world, one.sent);
      } else {
        setOptOut(contactOf(services, world, one.contactKey, one.event.from), world.now);
        world.outcomes.push({ id: one.id, outcome: 'opted_out' });
      }
    });
  }
  const replies = await writeWorld(client, services, world);
  return {
    outcomes: world.outcomes,
    replies,
    changedCases: [...world.newCases, ...world.changed].map((state) => state.id),
    media: sent.filter(hasWantedMedia).map((one) => one.id),
  };
}

function hasWantedMedia({ event }: Sent): boolean {
  return event.attachments.some((one) => one.blob === undefined && one.url !== undefined);
}

function append(whole: Taken, part: Taken): void {
  whole.outcomes.push(...part.outcomes);
  whole.replies.push(...part.replies);
  whole.changedCases.push(...part.changedCases);
  whole.media.push(...part.media);
}

/** The inbox rows are done; what they held lives on as messages. */
async function markDone(
  client: Queryable,
  services: CaseServices,
  outcomes: Taken['outcomes'],
): Promise<void> {
  if (outcomes.length === 0) return;
  await client.query({
    name: 'inbox-done',
    text: `UPDATE inbox i SET state = 'done', payload = NULL, done_at = $3, outcome = t.outcome
           FROM unnest($1::uuid[], $2::text[]) AS t(id, outcome) WHERE i.id = t.id`,
    values: [
      uuidTextArray(outcomes.map((one) => one.id)),
      textArray(outcomes.map((one) => one.outcome)),
      services.clock.now().toISOString(),
    ],
  });
}
