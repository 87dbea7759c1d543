/** Puts replies into the outbox, in the transaction of whatever they are about. Sending is another story. */
import { newId } from '../core/ids.js';
import {
  boolArray,
  byteaArray,
  dateArray,
  jsonbArray,
  textArray,
  uuidTextArray,
} from '../db/binary-array.js';
import type { Queryable } from '../db/database.js';

/** What is told to a citizen: the outbox's `purpose`. */
export type OutboxPurpose =
  'received' | 'disposed' | 'answered' | 'rejected' | 'closed' | 'request_info' | 'reopened' | 'command';

/** A file that goes along; its bytes are in the blob store. */
export interface OutboxFile {
  /** Safe as a file name. */
  readonly name: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 (hex). */
  readonly blob: string;
}

export interface OutboxDraft {
  /** UUIDv7; made by the caller where an event refers to it. */
  readonly id?: string;
  readonly caseId: string | null;
  readonly channelId: string;
  /** Null where no address is known: a person conveys it. */
  readonly contactKey: Buffer | null;
  readonly purpose: OutboxPurpose;
  /** Written by the machine, not by a person. */
  readonly automated: boolean;
  readonly subject: string | null;
  readonly text: string;
  /** Absent: none. */
  readonly files?: readonly OutboxFile[];
  /** Id of the message that it answers. */
  readonly inReplyTo: string | null;
  readonly at: Date;
}

export interface OutboxEntry {
  readonly id: string;
  readonly channelId: string;
}

/** One statement for all drafts. Tell the queue with `enqueueReplies` after the commit, never before it. */
export async function insertOutbox(
  client: Queryable,
  drafts: readonly OutboxDraft[],
): Promise<OutboxEntry[]> {
  if (drafts.length === 0) return [];
  const entries = drafts.map(({ id, channelId }) => ({ id: id ?? newId(), channelId }));
  await client.query({
    name: 'outbox-insert',
    text: `INSERT INTO outbox (id, case_id, channel_id, contact_key, purpose, automated, subject, text,
             in_reply_to, state, due_at, created_at, state_at, attachments)
           SELECT id, case_id, channel_id, contact_key, purpose, automated, subject, text,
             in_reply_to, 'pending', at, at, at, attachments
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::boolean[], $7::text[],
             $8::text[], $9::uuid[], $10::timestamptz[], $11::jsonb[])
             AS t(id, case_id, channel_id, contact_key, purpose, automated, subject, text, in_reply_to, at,
               attachments)`,
    values: [
      uuidTextArray(entries.map((entry) => entry.id)),
      uuidTextArray(drafts.map((draft) => draft.caseId)),
      textArray(drafts.map((draft) => draft.channelId)),
      byteaArray(drafts.map((draft) => draft.contactKey)),
      textArray(drafts.map((draft) => draft.purpose)),
      boolArray(drafts.map((draft) => draft.automated)),
      textArray(drafts.map((draft) => draft.subject)),
      textArray(drafts.map((draft) => draft.text)),
      uuidTextArray(drafts.map((draft) => draft.inReplyTo)),
      dateArray(drafts.map((draft) => draft.at)),
      jsonbArray(drafts.map(({ files = [] }) => (files.length === 0 ? null : JSON.stringify(files)))),
    ],
  });
  return entries;
}
