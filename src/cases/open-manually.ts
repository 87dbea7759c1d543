/**
 * A case that somebody types in: an operator at the telephone, a letter out of the box, the public form.
 * Accept and ingest are one synchronous transaction, because the number is read out at once.
 */
import { newId } from '../core/ids.js';
import type { CaseType, Confidentiality } from '../core/case-life.js';
import { parseComplaint } from '../core/commands.js';
import type { AttachmentRef } from '../core/message.js';
import { dueAt } from '../core/working-time.js';
import type { Queryable } from '../db/database.js';
import { insertCases, insertEvents, record, type CaseState } from './case-state.js';
import { confidentialityOf, stricter } from './confidentiality.js';
import { notifyChanges } from './coordination.js';
import { identify, type GivenReporter } from './identify.js';
import { insertMessages } from './ingest-write.js';
import type { CaseServices } from './services.js';

export interface ManualAttachment {
  readonly name: string;
  readonly contentType: string;
  readonly base64: string;
}

/** What the form holds. Nothing but channel and text is demanded: a paper that lacks a name is a complaint too. */
export interface ManualEntry {
  readonly channelId: string;
  readonly type?: CaseType;
  readonly reporter?: GivenReporter;
  readonly subject?: string;
  readonly text: string;
  readonly place?: string;
  readonly occurredAt?: Date;
  /** Date on the paper, time of the call. */
  readonly submittedAt?: Date;
  readonly confidentiality?: Confidentiality;
  readonly attachments?: readonly ManualAttachment[];
}

export interface ManualOptions {
  /** `created_by` of the case: `user:<id>`, `key:<id>`, `public`. */
  readonly actorId: string;
  readonly idempotency?: {
    readonly key: string;
    /** SHA-256 of method, path and body. */
    readonly request: Buffer;
  };
  /** Stores bytes durably and returns their SHA-256 (hex). */
  readonly putBlob: (bytes: Buffer) => Promise<string>;
  /** A number as people type it, in E.164; null where it is none. */
  readonly normalisePhone: (text: string) => string | null;
}

/** `idempotency`: the key was used with another request. */
export class EntryRefused extends Error {
  override readonly name = 'EntryRefused';
  readonly code: 'unknown_channel' | 'idempotency';

  constructor(code: 'unknown_channel' | 'idempotency', message: string) {
    super(message);
    this.code = code;
  }
}

export interface OpenedCase {
  readonly trackingNumber: string;
  /** False where the same request with the same key had opened it before. */
  readonly created: boolean;
}

/** Opens the case and returns its number. Throws EntryRefused, and whatever the database throws when it is away. */
export async function openManually(
  services: CaseServices,
  entry: ManualEntry,
  options: ManualOptions,
): Promise<OpenedCase> {
  if (!services.rules.channelIds.has(entry.channelId)) {
    throw new EntryRefused('unknown_channel', 'There is no such channel.');
  }
  const attachments = await storeAttachments(entry.attachments ?? [], options.putBlob);
  return await services.database.transaction(async (client) => {
    const caseId = newId();
    const before = await claimKey(client, services, options, caseId);
    if (before !== null) return { trackingNumber: before, created: false };
    const state = await open(client, services, entry, attachments, options, caseId);
    return { trackingNumber: state.trackingNumber, created: true };
  });
}

async function storeAttachments(
  given: readonly ManualAttachment[],
  putBlob: ManualOptions['putBlob'],
): Promise<AttachmentRef[]> {
  return await Promise.all(
    given.map(async ({ name, contentType, base64 }) => {
      const bytes = Buffer.from(base64, 'base64');
      return { name, contentType, size: bytes.length, blob: await putBlob(bytes) };
    }),
  );
}

/** Of two requests with one key the second waits for the first. Returns the number of the case that is there already. */
async function claimKey(
  client: Queryable,
  services: CaseServices,
  { actorId, idempotency }: ManualOptions,
  caseId: string,
): Promise<string | null> {
  if (!idempotency) return null;
  const { rowCount } = await client.query(
    `INSERT INTO idempotency (actor, key, request, case_id, created_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [actorId, idempotency.key, idempotency.request, caseId, services.clock.now().toISOString()],
  );
  if (rowCount === 1) return null;
  const { rows } = await client.query<{ request: Buffer; tracking_number: string }>(
    `SELECT i.request, c.tracking_number FROM idempotency i JOIN cases c ON c.id = i.case_id
     WHERE i.actor = $1 AND i.key = $2`,
    [actorId, idempotency.key],
  );
  if (!rows[0]?.request.equals(idempotency.request)) {
    throw new EntryRefused('idempotency', 'This Idempotency-Key was used with another request.');
  }
  return rows[0].tracking_number;
}

async function open(
  client: Queryable,
  services: CaseServices,
  entry: ManualEntry,
  attachments: readonly AttachmentRef[],
  options: ManualOptions,
  caseId: string,
): Promise<CaseState> {
  const now = services.clock.now();
  const { channelId } = entry;
  // PostgreSQL cannot hold U+0000.
  const text = entry.text.replaceAll('\0', '\u2400');
  const messageId = newId();
  const externalId = `manual-${messageId}`;
  const { reporterId, contactKey } = await identify(
    client,
    services,
    entry.reporter ?? {},
    options.normalisePhone,
  );
  const content = {
    subject: entry.subject ?? null,
    text,
    place: entry.place ?? null,
    attachments,
  };
  await insertAccepted(client, { messageId, channelId, externalId, contactKey, content, now });

  const emergency = services.rules.isEmergency(`${entry.subject ?? ''}\n${text}`);
  const state: CaseState = {
    id: caseId,
    trackingNumber: services.makeNumber(),
    type: entry.type ?? parseComplaint(text).type,
    status: 'received',
    channelId,
    // A paper that begins with RAHASIA is secret, whatever was ticked.
    confidentiality: stricter(entry.confidentiality ?? 'public', confidentialityOf(text, entry.subject)),
    subject: entry.subject ?? null,
    text,
    reporterId,
    contactKey,
    opdId: null,
    place: entry.place ?? null,
    occurredAt: entry.occurredAt ?? null,
    submittedAt: entry.submittedAt ?? null,
    createdAt: now,
    dueAt: dueAt(services.rules.calendar, now, services.rules.promisedDays),
    returnTo: null,
    lastInboundAt: now,
    lastAnswerAt: null,
    createdBy: options.actorId,
    flags: emergency ? ['emergency'] : [],
    version: 1,
    eventSeq: 0,
    eventHash: null,
    pending: [],
  };
  record(state, 'received', options.actorId, now, {
    message: messageId,
    channel: channelId,
    why: 'manual',
    reply: null,
  });
  await insertCases(client, [state], services.makeNumber);
  await insertMessages(client, [
    {
      id: messageId,
      caseId,
      contactKey,
      receivedAt: now,
      channelId,
      externalId,
      subject: entry.subject,
      text,
      attachments,
      automated: false,
      sentAt: entry.submittedAt?.toISOString(),
    },
  ]);
  await insertEvents(client, [state]);
  await notifyChanges(client, [state.id]);
  return state;
}

interface Accepted {
  readonly messageId: string;
  readonly channelId: string;
  readonly externalId: string;
  readonly contactKey: Buffer | null;
  readonly content: object;
  readonly now: Date;
}

/** The envelope keeps what was typed but for the identity, which is in the vault alone. */
async function insertAccepted(client: Queryable, accepted: Accepted): Promise<void> {
  const { messageId, channelId, externalId, contactKey, content, now } = accepted;
  const envelopeId = newId();
  await client.query(
    `INSERT INTO envelope (id, channel_id, received_at, method, target, headers, body)
     VALUES ($1, $2, $3, 'POST', '-', '{}', $4)`,
    [envelopeId, channelId, now.toISOString(), Buffer.from(JSON.stringify(content))],
  );
  await client.query(
    `INSERT INTO inbox (id, channel_id, event_key, contact_key, envelope_id, state, received_at, done_at, outcome)
     VALUES ($1, $2, $3, $4, $5, 'done', $6, $6, 'case_silent')`,
    [messageId, channelId, `m:${externalId}`, contactKey, envelopeId, now.toISOString()],
  );
}
