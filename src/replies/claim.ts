/** Takes replies that are due, for one attempt: pending → sending, committed before any byte goes out. */
import type { OutboundAttachment, OutboundMessage, ReplyTarget } from '../core/channel.js';
import { ChannelError } from '../core/channel-error.js';
import type { ThreadRef } from '../core/message.js';
import type { Queryable } from '../db/database.js';
import type { OutboxFile } from './outbox.js';

export interface ClaimedReply {
  readonly id: string;
  readonly caseId: string | null;
  readonly purpose: string;
  readonly automated: boolean;
  readonly subject: string | null;
  readonly text: string;
  readonly files: readonly OutboxFile[] | null;
  readonly attempt: number;
  readonly attemptAt: Date;
  readonly createdAt: Date;
  readonly contactKey: Buffer | null;
  /** Null where the reporter was erased, or has no address. */
  readonly sealed: {
    readonly reporterId: string;
    readonly wrappedKey: Buffer;
    readonly scheme: string;
    readonly address: Buffer;
  } | null;
  readonly optedOut: boolean;
  readonly confidentiality: ReplyTarget['confidentiality'];
  readonly trackingNumber: string | null;
  readonly answered: Inbound | null;
  readonly lastInbound: Inbound | null;
}

export interface Inbound {
  readonly externalId: string;
  readonly at: Date;
  readonly thread: ThreadRef | null;
}

interface Row {
  id: string;
  case_id: string | null;
  purpose: string;
  automated: boolean;
  subject: string | null;
  text: string;
  attachments: readonly OutboxFile[] | null;
  attempt: number;
  /** Seconds: far cheaper to read than a timestamp, and this is read for every reply. */
  attempt_at: number;
  created_at: number;
  contact_key: Buffer | null;
  reporter_id: string | null;
  scheme: string | null;
  address: Buffer | null;
  wrapped_key: Buffer | null;
  opted_out: boolean | null;
  confidentiality: ReplyTarget['confidentiality'] | null;
  tracking_number: string | null;
  in_id: string | null;
  in_thread: ThreadRef | null;
  in_at: Date | null;
  last_id?: string | null;
  last_thread?: ThreadRef | null;
  last_at?: Date | null;
}

const COLUMNS = `c.id, c.case_id, c.purpose, c.automated, c.subject, c.text, c.attachments, c.attempt,
  extract(epoch FROM c.attempt_at)::float8 AS attempt_at, extract(epoch FROM c.created_at)::float8 AS created_at,
  c.contact_key, k.reporter_id, k.scheme, k.address, r.wrapped_key, k.opted_out_at IS NOT NULL AS opted_out,
  ca.confidentiality, ca.tracking_number, m.external_id AS in_id, m.thread AS in_thread, least(m.sent_at, m.received_at) AS in_at`;

const FACTS = `LEFT JOIN contact k ON k.key = c.contact_key
  LEFT JOIN reporter r ON r.id = k.reporter_id
  LEFT JOIN cases ca ON ca.id = c.case_id
  LEFT JOIN message m ON m.id = c.in_reply_to`;

const LAST_COLUMNS = `, l.external_id AS last_id, l.thread AS last_thread, l.received_at AS last_at`;
/**
 * Only asked for where the channel's rules look at it. A message that came late (a backfill, a provider's retry)
 * opened the platform's window when it was written, not when we got it.
 */
const LAST = `LEFT JOIN LATERAL (
    SELECT x.external_id, x.thread, least(x.sent_at, x.received_at) AS received_at FROM message x
    WHERE x.case_id = c.case_id AND x.channel_id = c.channel_id ORDER BY x.id DESC LIMIT 1) l ON true`;

const CLAIM = `WITH due AS (
    SELECT id FROM outbox
    WHERE id = ANY($1::uuid[]) AND channel_id = $2 AND state = 'pending' AND due_at <= $3
    ORDER BY id LIMIT $5 FOR UPDATE SKIP LOCKED),
  c AS (
    UPDATE outbox o SET state = 'sending', attempt = o.attempt + 1, attempt_at = $3, state_at = $3, due_at = $4
    FROM due WHERE o.id = due.id RETURNING o.*)`;

const STATEMENTS = {
  plain: { name: 'reply-claim', text: `${CLAIM} SELECT ${COLUMNS} FROM c ${FACTS}` },
  withLast: {
    name: 'reply-claim-last',
    text: `${CLAIM} SELECT ${COLUMNS}${LAST_COLUMNS} FROM c ${FACTS} ${LAST}`,
  },
  /** Of rows in `unknown`, without touching them. */
  unknown: {
    name: 'reply-unknown',
    text: `SELECT ${COLUMNS} FROM outbox c ${FACTS} WHERE c.id = ANY($1::uuid[]) AND c.state = 'unknown' ORDER BY c.id`,
  },
};

export interface ClaimRequest {
  readonly channelId: string;
  readonly ids: readonly string[];
  readonly now: Date;
  /** When the attempt counts as lost, if nothing was recorded by then. */
  readonly staleAt: Date;
  readonly limit: number;
  /** Whether the channel's rules want to know of the citizen's last message. */
  readonly withLastInbound: boolean;
}

/** Those of `ids` that are due and nobody else has. One statement, and so one commit. */
export async function claimReplies(database: Queryable, request: ClaimRequest): Promise<ClaimedReply[]> {
  const { rows } = await database.query<Row>({
    ...(request.withLastInbound ? STATEMENTS.withLast : STATEMENTS.plain),
    values: [request.ids, request.channelId, request.now, request.staleAt, request.limit],
  });
  return rows.map(asClaimed);
}

/** What was sent in attempts whose end is not known. */
export async function readUnknown(database: Queryable, ids: readonly string[]): Promise<ClaimedReply[]> {
  const { rows } = await database.query<Row>({ ...STATEMENTS.unknown, values: [ids] });
  return rows.map(asClaimed);
}

function asClaimed(row: Row): ClaimedReply {
  const { reporter_id, scheme, address, wrapped_key } = row;
  const answered = inbound(row.in_id, row.in_at, row.in_thread);
  return {
    id: row.id,
    caseId: row.case_id,
    purpose: row.purpose,
    automated: row.automated,
    subject: row.subject,
    text: row.text,
    files: row.attachments,
    attempt: row.attempt,
    attemptAt: new Date(row.attempt_at * 1_000),
    createdAt: new Date(row.created_at * 1_000),
    contactKey: row.contact_key,
    sealed:
      reporter_id !== null && scheme !== null && address !== null && wrapped_key !== null
        ? { reporterId: reporter_id, scheme, address, wrappedKey: wrapped_key }
        : null,
    optedOut: row.opted_out ?? false,
    // A command belongs to no case; its answer goes to him who asked, so the strictest would be too strict.
    confidentiality: row.confidentiality ?? 'public',
    trackingNumber: row.tracking_number,
    answered,
    lastInbound: inbound(row.last_id, row.last_at, row.last_thread) ?? answered,
  };
}

function inbound(
  externalId: string | null | undefined,
  at: Date | null | undefined,
  thread: ThreadRef | null | undefined,
): Inbound | null {
  if (externalId === null || externalId === undefined || !at) return null;
  return { externalId, at, thread: thread ?? null };
}

/** Bytes by their SHA-256 (hex); undefined where there are none. */
export type ReadBlob = (hash: string) => Promise<Buffer | undefined>;

/** As the adapter is given it. */
export function outboundMessage(
  reply: ClaimedReply,
  channelId: string,
  to: OutboundMessage['to'],
  caseToken: string | undefined,
  readBlob?: ReadBlob,
): OutboundMessage {
  const thread = threadOf(reply, caseToken);
  return {
    id: reply.id,
    channelId,
    to,
    ...(reply.subject === null ? {} : { subject: reply.subject }),
    text: reply.text,
    ...(thread ? { thread } : {}),
    ...(reply.files ? { attachments: reply.files.map((file) => outboundFile(file, readBlob)) } : {}),
    automated: reply.automated,
    ...(reply.caseId === null ? {} : { confidentiality: reply.confidentiality }),
    ...(reply.lastInbound ? { lastInboundAt: reply.lastInbound.at } : {}),
    attempt: reply.attempt,
  };
}

function outboundFile(
  { name, contentType, size, blob }: OutboxFile,
  readBlob?: ReadBlob,
): OutboundAttachment {
  const read = async () => {
    const bytes = await readBlob?.(blob);
    if (bytes !== undefined) return bytes;
    // An answer that says "see the file" and has none is worse than one that a person sees to.
    throw new ChannelError('rejected', 'A file of the reply is not in the blob store', {
      retry: 'never',
      providerCode: 'file_missing',
    });
  };
  return { name, contentType, size, read };
}

function threadOf({ answered }: ClaimedReply, caseToken: string | undefined): ThreadRef | undefined {
  if (!answered && caseToken === undefined) return undefined;
  const conversationId = answered?.thread?.conversationId;
  const addressed = answered?.thread?.addressed;
  return {
    ...(conversationId === undefined ? {} : { conversationId }),
    ...(answered ? { references: [answered.externalId, ...(answered.thread?.references ?? [])] } : {}),
    ...(caseToken === undefined ? {} : { caseToken }),
    ...(addressed === undefined ? {} : { addressed }),
  };
}
