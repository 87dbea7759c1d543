/** Edits and withdrawals of messages that we may have: rare, so one at a time. */
import { parseComplaint } from '../core/commands.js';
import type { MessageEdit, Withdrawal } from '../core/message.js';
import type { Queryable } from '../db/database.js';
import { insertEvents, lockCases, record, updateCases } from './case-state.js';
import { confidentialityOf } from './confidentiality.js';
import { readWorld } from './ingest-facts.js';
import { raiseConfidentiality, takeMessage, toSent } from './ingest-message.js';
import { writeWorld } from './ingest-write.js';
import { indexAgain } from './search-index.js';
import type { Taken } from './ingest-world.js';
import type { CaseServices } from './services.js';

export interface Correction {
  /** Inbox id. */
  readonly id: string;
  readonly contactKey: Buffer;
  readonly receivedAt: Date;
  readonly event: MessageEdit | Withdrawal;
}

interface MessageRow {
  readonly id: string;
  readonly case_id: string | null;
  readonly contact_key: Buffer | null;
  readonly subject: string | null;
  readonly text: string;
  readonly withdrawn_at: Date | null;
}

/** Called under the lock of the sender. */
export async function takeCorrection(
  client: Queryable,
  services: CaseServices,
  correction: Correction,
): Promise<Taken> {
  const { id, event } = correction;
  const found = await findMessage(client, correction);
  if (!found) {
    return event.type === 'edit'
      ? await takeAsMessage(client, services, correction, event)
      : nothing(id, 'unmatched');
  }
  // Only the author may change a message, and what he took back stays taken back.
  if (!found.contact_key?.equals(correction.contactKey)) return nothing(id, 'foreign');
  if (found.withdrawn_at !== null) return nothing(id, 'withdrawn_before');
  const text = event.type === 'edit' ? event.text : '';
  // What was quoted and the HTML as it came repeat the words that are replaced or taken back.
  await client.query(
    event.type === 'edit'
      ? 'UPDATE message SET text = $2, quoted = NULL, html = NULL WHERE id = $1'
      : `UPDATE message SET text = $2, quoted = NULL, html = NULL, subject = NULL, attachments = NULL,
           withdrawn_at = $3 WHERE id = $1`,
    event.type === 'edit' ? [found.id, text] : [found.id, text, correction.receivedAt.toISOString()],
  );
  const outcome = event.type === 'edit' ? 'edited' : 'withdrawn';
  if (found.case_id === null) return nothing(id, outcome);
  await noteOnCase(client, services, found, found.case_id, event.type, text);
  return { ...nothing(id, outcome), changedCases: [found.case_id] };
}

async function noteOnCase(
  client: Queryable,
  services: CaseServices,
  found: MessageRow,
  caseId: string,
  type: 'edit' | 'withdrawal',
  text: string,
): Promise<void> {
  const state = (await lockCases(client, [caseId])).get(caseId);
  if (!state) return;
  const now = services.clock.now();
  record(state, type === 'edit' ? 'message_edited' : 'message_withdrawn', 'reporter', now, {
    message: found.id,
  });
  if (type === 'edit') raiseConfidentiality(state, confidentialityOf(text), now);
  await updateCases(client, [state]);
  await insertEvents(client, [state]);
  // The case repeats the text of the message that opened it.
  if (state.text === parseComplaint(found.text).text) {
    await client.query(
      'UPDATE cases SET text = $2, subject = CASE WHEN $3 THEN NULL ELSE subject END WHERE id = $1',
      [caseId, parseComplaint(text).text, type === 'withdrawal'],
    );
    await indexAgain(client, caseId);
  }
}

/** The inbox knows by its unique key which message an id of the provider became. */
async function findMessage(client: Queryable, { event }: Correction): Promise<MessageRow | undefined> {
  const { rows } = await client.query<MessageRow>(
    `SELECT m.id, m.case_id, m.contact_key, m.subject, m.text, m.withdrawn_at
     FROM inbox i JOIN message m ON m.id = i.id WHERE i.channel_id = $1 AND i.event_key = $2`,
    [event.channelId, `m:${event.externalId}`],
  );
  return rows[0];
}

/** An edit that overtook its message, or whose message we missed: the newest words are not lost. */
async function takeAsMessage(
  client: Queryable,
  services: CaseServices,
  { id, contactKey, receivedAt }: Correction,
  edit: MessageEdit,
): Promise<Taken> {
  const { channelId, externalId, from, text } = edit;
  const sent = toSent(id, contactKey, receivedAt, {
    type: 'message',
    channelId,
    externalId,
    from,
    text,
    attachments: [],
    automated: false,
    receivedAt: edit.receivedAt,
  });
  const world = await readWorld(client, services, [sent]);
  takeMessage(services, world, sent);
  const replies = await writeWorld(client, services, world);
  const changedCases = [...world.newCases, ...world.changed].map((state) => state.id);
  return { outcomes: world.outcomes, replies, changedCases, media: [] };
}

function nothing(id: string, outcome: string): Taken {
  return { outcomes: [{ id, outcome }], replies: [], changedCases: [], media: [] };
}
