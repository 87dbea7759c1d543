/** Files, HTML and raw form of messages, for those who may see the case: the same condition as for the case itself. */
import type { Confidentiality } from '../core/case-life.js';
import { isTrackingNumber } from '../core/tracking-number.js';
import { maySeeReporter, visibleCases, type GuardedCase, type Viewer } from './policy.js';
import type { CaseServices } from './services.js';
import type { StoredAttachment } from './waiting-media.js';

/** Where a message is; both come out of an address and are not trusted. */
export interface MessagePlace {
  readonly trackingNumber: string;
  readonly messageId: string;
}

/** A file of a message. `blob` is undefined while the provider still has it, or where it was given up. */
export type MessageFile = Pick<StoredAttachment, 'name' | 'contentType' | 'blob' | 'contentId' | 'state'>;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const FARTHEST = 10_000;

export interface FoundFile extends MessageFile {
  /** It may name the reporter, whom the viewer may not see: only a picture is for him, and not under its name. */
  readonly veiled: boolean;
}

/** The file at that place of the message's list, in or out; null where there is none that the viewer may see. */
export async function findAttachment(
  services: CaseServices,
  place: MessagePlace,
  index: number,
  viewer: Viewer,
): Promise<FoundFile | null> {
  if (!isPlace(place) || !Number.isSafeInteger(index) || index < 0 || index > FARTHEST) return null;
  const visible = visibleCases(viewer, 4);
  const ofCase = `c.tracking_number = $1 AND ${visible.sql}`;
  const { rows } = await services.database.pool.query<FileRow>(
    `SELECT m.attachments -> $3::int AS file, true AS inbound, c.opd_id, c.created_by, c.confidentiality
     FROM message m JOIN cases c ON c.id = m.case_id WHERE m.id = $2 AND ${ofCase}
     UNION ALL
     SELECT o.attachments -> $3::int, false, c.opd_id, c.created_by, c.confidentiality
     FROM outbox o JOIN cases c ON c.id = o.case_id WHERE o.id = $2 AND ${ofCase}`,
    [place.trackingNumber, place.messageId, index, ...visible.values],
  );
  const [row] = rows;
  if (!row?.file) return null;
  return { ...row.file, veiled: row.inbound && !maySeeReporter(viewer, guarded(row)) };
}

interface CaseColumns {
  readonly opd_id: string | null;
  readonly created_by: string;
  readonly confidentiality: Confidentiality;
}

interface FileRow extends CaseColumns {
  readonly file: MessageFile | null;
  readonly inbound: boolean;
}

interface HtmlRow extends CaseColumns {
  readonly html: string | null;
  readonly attachments: readonly MessageFile[] | null;
}

export interface MessageHtml {
  /** SHA-256 (hex) in the blob store. */
  readonly blob: string;
  /** Among them what the HTML shows by `cid:`. */
  readonly files: readonly MessageFile[];
}

/** Null where the message has no HTML, or is none that the viewer may see; `hidden`: it may name the reporter. */
export async function findHtml(
  services: CaseServices,
  place: MessagePlace,
  viewer: Viewer,
): Promise<MessageHtml | 'hidden' | null> {
  if (!isPlace(place)) return null;
  const visible = visibleCases(viewer, 3);
  const { rows } = await services.database.pool.query<HtmlRow>(
    `SELECT m.html, m.attachments, c.opd_id, c.created_by, c.confidentiality FROM message m JOIN cases c ON c.id = m.case_id
     WHERE c.tracking_number = $1 AND m.id = $2 AND ${visible.sql}`,
    [place.trackingNumber, place.messageId, ...visible.values],
  );
  const [row] = rows;
  if (!row?.html) return null;
  return maySeeReporter(viewer, guarded(row)) ? { blob: row.html, files: row.attachments ?? [] } : 'hidden';
}

/** A message as it came, byte for byte. */
export interface RawMessage {
  readonly channelId: string;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly receivedAt: Date;
  /** Null where it lies in the blob store. */
  readonly body: Buffer | null;
  readonly bodyBlob: string | null;
}

interface RawRow extends CaseColumns {
  readonly channel_id: string;
  readonly method: string;
  readonly target: string;
  readonly headers: RawMessage['headers'];
  readonly received_at: Date;
  readonly body: Buffer | null;
  readonly body_blob: string | null;
}

/**
 * It holds the sender's address and name: `hidden` to those who may not see the reporter. What was taken back
 * is null, as what never was.
 */
export async function findRaw(
  services: CaseServices,
  place: MessagePlace,
  viewer: Viewer,
): Promise<RawMessage | 'hidden' | null> {
  if (!isPlace(place)) return null;
  const visible = visibleCases(viewer, 3);
  const { rows } = await services.database.pool.query<RawRow>(
    `SELECT e.channel_id, e.method, e.target, e.headers, e.received_at, e.body, e.body_blob,
       c.opd_id, c.created_by, c.confidentiality
     FROM message m JOIN cases c ON c.id = m.case_id JOIN inbox i ON i.id = m.id JOIN envelope e ON e.id = i.envelope_id
     WHERE c.tracking_number = $1 AND m.id = $2 AND m.withdrawn_at IS NULL AND ${visible.sql}`,
    [place.trackingNumber, place.messageId, ...visible.values],
  );
  const [row] = rows;
  if (!row) return null;
  if (!maySeeReporter(viewer, guarded(row))) return 'hidden';
  return {
    channelId: row.channel_id,
    method: row.method,
    target: row.target,
    headers: row.headers,
    receivedAt: row.received_at,
    body: row.body,
    bodyBlob: row.body_blob,
  };
}

function guarded(row: CaseColumns): GuardedCase {
  return { opdId: row.opd_id, createdBy: row.created_by, confidentiality: row.confidentiality };
}

/** The id of a message as it stands in an address. */
export function isMessageId(text: string): boolean {
  return UUID.test(text);
}

function isPlace({ trackingNumber, messageId }: MessagePlace): boolean {
  return isTrackingNumber(trackingNumber) && isMessageId(messageId);
}
