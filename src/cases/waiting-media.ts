/**
 * Attachments that still lie with their provider, in the rows of their messages. `media_due` is always the
 * earliest due time among those that are wanted, so that one small index finds them.
 */
import type { AttachmentRef } from '../core/message.js';
import type { Database, Queryable } from '../db/database.js';
import { notifyChanges } from './coordination.js';

/** An entry of `message.attachments`. */
export interface StoredAttachment extends AttachmentRef {
  /** `wanted`: lies with the provider. `stored`: in the blob store. `failed`: given up, see `code`. */
  readonly state: 'wanted' | 'stored' | 'failed';
  /** ChannelErrorCode of the last failure. */
  readonly code?: string;
  /** Attempts begun, and when the first was; RFC 3339. */
  readonly attempts?: number;
  readonly firstAt?: string;
  /** Not before; while an attempt is under way, when another may take it for dead. RFC 3339. */
  readonly dueAt?: string;
}

/** An attempt that nobody else makes before its lease is over. */
export interface ClaimedMedia {
  readonly messageId: string;
  readonly channelId: string;
  /** Place in the message's list, which is never reordered. */
  readonly index: number;
  readonly attachment: StoredAttachment;
  /** 1 for the first. */
  readonly attempt: number;
  readonly firstAt: Date;
}

interface MessageRow {
  readonly case_id: string | null;
  readonly channel_id: string;
  readonly attachments: readonly StoredAttachment[] | null;
  readonly withdrawn_at: Date | null;
}

/** In the transaction that writes the messages. Ordinary messages do not come by here. */
export async function planMedia(client: Queryable, messageIds: readonly string[], at: Date): Promise<void> {
  if (messageIds.length === 0) return;
  await client.query('UPDATE message SET media_due = $2 WHERE id = ANY($1::uuid[])', [
    messageIds,
    at.toISOString(),
  ]);
}

/** Messages of which something is due, longest overdue first. */
export async function dueMedia(database: Database, before: Date, limit: number): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>({
    name: 'media-due',
    text: 'SELECT id FROM message WHERE media_due <= $1 ORDER BY media_due LIMIT $2',
    values: [before.toISOString(), limit],
  });
  return rows.map((row) => row.id);
}

/**
 * Takes the message's first attachment that was due at `now` and counts the attempt; undefined where none was.
 * @param leaseUntil later than an attempt may last; from then on whoever finds the attachment tries again.
 */
export async function claimMedia(
  database: Database,
  messageId: string,
  now: Date,
  leaseUntil: Date,
): Promise<ClaimedMedia | undefined> {
  return await database.transaction(async (client) => {
    const row = await lockMessage(client, messageId);
    if (!row) return undefined;
    const attachments = row.attachments ?? [];
    const index = row.withdrawn_at
      ? -1
      : attachments.findIndex((one) => isWanted(one) && dueOf(one) <= now.getTime());
    const found = attachments[index];
    if (!found) {
      // Also what a withdrawal or an erasure has emptied leaves the index here.
      await writeDue(client, messageId, row.withdrawn_at ? [] : attachments);
      return undefined;
    }
    const attempt = (found.attempts ?? 0) + 1;
    const firstAt = found.firstAt ?? now.toISOString();
    const attachment = { ...found, attempts: attempt, firstAt, dueAt: leaseUntil.toISOString() };
    await writeAttachments(client, messageId, attachments.with(index, attachment));
    return {
      messageId,
      channelId: row.channel_id,
      index,
      attachment,
      attempt,
      firstAt: new Date(firstAt),
    };
  });
}

/**
 * Writes what became of an attempt, unless somebody else has settled it or the message was withdrawn:
 * then `settle` is not called. The row is locked meanwhile, so that nothing is stored of a message that
 * is taken back in the same moment.
 * @returns whether it was written.
 */
export async function settleMedia(
  database: Database,
  claimed: ClaimedMedia,
  settle: (attachment: StoredAttachment) => StoredAttachment | Promise<StoredAttachment>,
): Promise<boolean> {
  const { messageId, index } = claimed;
  return await database.transaction(async (client) => {
    const row = await lockMessage(client, messageId);
    const attachments = row?.attachments ?? [];
    const current = attachments[index];
    if (!row || row.withdrawn_at || !current || !isWanted(current)) return false;
    const settled = await settle(current);
    await writeAttachments(client, messageId, attachments.with(index, settled));
    if (settled.state !== 'wanted' && row.case_id !== null) await notifyChanges(client, [row.case_id]);
    return true;
  });
}

async function lockMessage(client: Queryable, id: string): Promise<MessageRow | undefined> {
  const { rows } = await client.query<MessageRow>({
    name: 'media-lock',
    text: 'SELECT case_id, channel_id, attachments, withdrawn_at FROM message WHERE id = $1 FOR UPDATE',
    values: [id],
  });
  return rows[0];
}

async function writeAttachments(
  client: Queryable,
  id: string,
  attachments: readonly StoredAttachment[],
): Promise<void> {
  await client.query({
    name: 'media-write',
    text: 'UPDATE message SET attachments = $2, media_due = $3 WHERE id = $1',
    values: [id, JSON.stringify(attachments), earliestDue(attachments)],
  });
}

async function writeDue(
  client: Queryable,
  id: string,
  attachments: readonly StoredAttachment[],
): Promise<void> {
  await client.query({
    name: 'media-due-write',
    text: 'UPDATE message SET media_due = $2 WHERE id = $1 AND media_due IS DISTINCT FROM $2',
    values: [id, earliestDue(attachments)],
  });
}

function isWanted(one: StoredAttachment): boolean {
  return one.state === 'wanted' && one.url !== undefined && one.blob === undefined;
}

/** One that was never tried has been due for ever. */
function dueOf({ dueAt }: StoredAttachment): number {
  return dueAt === undefined ? 0 : Date.parse(dueAt);
}

function earliestDue(attachments: readonly StoredAttachment[]): string | null {
  const wanted = attachments.filter(isWanted);
  return wanted.length === 0 ? null : new Date(Math.min(...wanted.map(dueOf))).toISOString();
}
