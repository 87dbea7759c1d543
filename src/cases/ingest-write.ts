/** Writes in sets what a batch of messages has come to. */
import type { AttachmentRef } from '../core/message.js';
import {
  boolArray,
  byteaArray,
  dateArray,
  jsonbArray,
  textArray,
  timeArray,
  uuidTextArray,
} from '../db/binary-array.js';
import type { Queryable } from '../db/database.js';
import { insertOutbox, type OutboxEntry } from '../replies/outbox.js';
import { insertCases, insertEvents, timestamp, updateCases } from './case-state.js';
import type { ContactState, IngestWorld, MessageDraft } from './ingest-world.js';
import type { CaseServices } from './services.js';

/** Returns the replies to be told to the queue after the commit. */
export async function writeWorld(
  client: Queryable,
  services: Pick<CaseServices, 'makeNumber'>,
  world: IngestWorld,
): Promise<OutboxEntry[]> {
  const contacts = [...world.contacts.values()];
  const created = [...world.newCases];
  const changed = [...world.changed];
  await insertReporters(client, contacts, world.now);
  await insertContacts(client, contacts, world.now);
  await updateOptOuts(client, contacts);
  await insertCases(client, created, services.makeNumber);
  await updateCases(client, changed);
  await insertMessages(client, world.messages);
  await insertEvents(client, [...created, ...changed]);
  await insertLinks(client, world);
  // Rendered only now: a tracking number that was taken has been replaced.
  return await insertOutbox(
    client,
    world.replies.map(({ render, ...draft }) => ({ ...draft, text: render() })),
  );
}

async function insertReporters(
  client: Queryable,
  contacts: readonly ContactState[],
  now: Date,
): Promise<void> {
  const keys = contacts.flatMap(({ fresh }) => fresh?.reporterKey ?? []);
  if (keys.length === 0) return;
  await client.query({
    name: 'reporters-insert',
    text: `INSERT INTO reporter (id, wrapped_key, created_at)
           SELECT id, wrapped_key, $3 FROM unnest($1::uuid[], $2::bytea[]) AS t(id, wrapped_key)`,
    values: [
      uuidTextArray(keys.map((key) => key.reporterId)),
      byteaArray(keys.map((key) => key.wrapped)),
      timestamp(now),
    ],
  });
}

async function insertContacts(
  client: Queryable,
  contacts: readonly ContactState[],
  now: Date,
): Promise<void> {
  const fresh = contacts.filter((contact) => contact.fresh !== null);
  if (fresh.length === 0) return;
  await client.query({
    name: 'contacts-insert',
    text: `INSERT INTO contact (key, reporter_id, scheme, address, opted_out_at, created_at)
           SELECT key, reporter_id, scheme, address, opted_out_at, $6
           FROM unnest($1::bytea[], $2::uuid[], $3::text[], $4::bytea[], $5::timestamptz[])
             AS t(key, reporter_id, scheme, address, opted_out_at)`,
    values: [
      byteaArray(fresh.map((contact) => contact.key)),
      uuidTextArray(fresh.map((contact) => contact.reporterId)),
      textArray(fresh.map((contact) => contact.fresh?.scheme ?? null)),
      byteaArray(fresh.map((contact) => contact.fresh?.sealed ?? null)),
      dateArray(fresh.map((contact) => contact.optedOutAt)),
      timestamp(now),
    ],
  });
}

async function updateOptOuts(client: Queryable, contacts: readonly ContactState[]): Promise<void> {
  const changed = contacts.filter((contact) => contact.optOutChanged && contact.fresh === null);
  if (changed.length === 0) return;
  await client.query(
    `UPDATE contact c SET opted_out_at = t.at FROM unnest($1::bytea[], $2::timestamptz[]) AS t(key, at)
     WHERE c.key = t.key`,
    [changed.map((contact) => contact.key), changed.map((contact) => timestamp(contact.optedOutAt))],
  );
}

export async function insertMessages(client: Queryable, drafts: readonly MessageDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  await client.query({
    name: 'messages-insert',
    text: `INSERT INTO message (id, case_id, channel_id, external_id, contact_key, subject, text, attachments,
             thread, automated, sent_at, received_at, quoted, html)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[],
             $7::text[], $8::jsonb[], $9::jsonb[], $10::boolean[], $11::timestamptz[], $12::timestamptz[],
             $13::text[], $14::text[])`,
    values: [
      uuidTextArray(drafts.map((draft) => draft.id)),
      uuidTextArray(drafts.map((draft) => draft.caseId)),
      textArray(drafts.map((draft) => draft.channelId)),
      textArray(drafts.map((draft) => draft.externalId)),
      byteaArray(drafts.map((draft) => draft.contactKey)),
      textArray(drafts.map((draft) => draft.subject ?? null)),
      textArray(drafts.map((draft) => draft.text)),
      jsonbArray(drafts.map((draft) => attachmentsJson(draft.attachments))),
      jsonbArray(drafts.map((draft) => (draft.thread ? JSON.stringify(draft.thread) : null))),
      boolArray(drafts.map((draft) => draft.automated)),
      timeArray(drafts.map((draft) => claimedTime(draft.sentAt))),
      dateArray(drafts.map((draft) => draft.receivedAt)),
      textArray(drafts.map((draft) => draft.quoted ?? null)),
      textArray(drafts.map((draft) => draft.html ?? null)),
    ],
  });
}

/** `wanted`: the media worker fetches the bytes; `stored`: they are in the blob store. */
function attachmentsJson(attachments: readonly AttachmentRef[]): string | null {
  if (attachments.length === 0) return null;
  return JSON.stringify(
    attachments.map((one) => ({
      ...one,
      state: one.blob === undefined && one.url !== undefined ? 'wanted' : 'stored',
    })),
  );
}

/** The sender's claim is not trusted: what is no time of our age is left out. */
function claimedTime(claim: string | undefined): number | null {
  const at = claim === undefined ? Number.NaN : Date.parse(claim);
  return at > 0 && at < Date.UTC(10_000, 0) ? at : null;
}

async function insertLinks(client: Queryable, world: IngestWorld): Promise<void> {
  if (world.links.length === 0) return;
  await client.query(
    `INSERT INTO case_link (case_id, other_id, kind, created_at)
     SELECT case_id, other_id, 'named', $3 FROM unnest($1::uuid[], $2::uuid[]) AS t(case_id, other_id)`,
    [world.links.map((link) => link.caseId), world.links.map((link) => link.otherId), timestamp(world.now)],
  );
}
