/** Puts replies into the outbox, in the transaction of whatever they are about. Sending is another story. */
import { newId } from '../core/ids.js';
import { boolArray, byteaArray, dateArray, textArray, uuidTextArray } from '../db/binary-array.js';
import type { Queryable } from '../db/database.js';
import type { IdsJob, QueueSystem } from '../queue/queue-system.js';

/** What is told to a citizen: the outbox's `purpose`. */
export type OutboxPurpose =
  'received' | 'disposed' | 'answered' | 'rejected' | 'closed' | 'request_info' | 'reopened' | 'command';

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
             in_reply_to, state, due_at, created_at, state_at)
           SELECT id, case_id, channel_id, contact_key, purpose, automated, subject, text,
             in_reply_to, 'pending', at, at, at
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::text[], $6::boolean[], $7::text[],
             $8::text[], $9::uuid[], $10::timestamptz[])
             AS t(id, case_id, channel_id, contact_key, purpose, automated, subject, text, in_reply_to, at)`,
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
    ],
  });
  return entries;
}

/** At most so many outbox ids a job. */
const IDS_PER_JOB = 50;

/** After the commit. Best effort: what the queue does not take, the sweeper finds. */
export async function enqueueReplies(
  queue: Pick<QueueSystem, 'enqueue'>,
  entries: readonly OutboxEntry[],
): Promise<void> {
  const byChannel = new Map<string, string[]>();
  for (const { id, channelId } of entries) {
    const ids = byChannel.get(channelId);
    if (ids) ids.push(id);
    else byChannel.set(channelId, [id]);
  }
  await Promise.all(
    [...byChannel].map(([channelId, ids]) => queue.enqueue(`reply.${channelId}`, idsJobs(ids, IDS_PER_JOB))),
  );
}

/** Ids in jobs of at most `size`. */
function idsJobs(ids: readonly string[], size: number): IdsJob[] {
  const jobs: IdsJob[] = [];
  for (let i = 0; i < ids.length; i += size) jobs.push({ ids: ids.slice(i, i + size) });
  return jobs;
}
