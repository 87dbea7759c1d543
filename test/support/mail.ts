/** A mail as the intake stores it: envelope, blobs and all, then taken in. */
import { uuidv7 } from 'uuidv7';
import { ingestBatch } from '../../src/cases/ingest.js';
import type { AttachmentRef, InboundMessage } from '../../src/core/message.js';
import { sms } from '../cases/support.js';
import type { HttpApp } from './http-app.js';

export interface MailFile extends Omit<AttachmentRef, 'blob' | 'size'> {
  readonly bytes: Buffer;
}

export interface GivenMail extends Partial<Omit<InboundMessage, 'attachments' | 'html'>> {
  readonly text: string;
  readonly html?: string;
  readonly files?: readonly MailFile[];
  readonly raw?: string;
}

export interface MailedCase {
  readonly number: string;
  readonly messageId: string;
  /** Address of the message, to be set behind `/console` or `/api/v1`. */
  readonly path: string;
}

let counter = 0;

/** Opens a case by mail, or joins one. */
export async function mailIn(app: HttpApp, mail: GivenMail): Promise<MailedCase> {
  const { html, files = [], raw, text, ...rest } = mail;
  counter += 1;
  const { putBlob } = app.deps;
  const attachments = await Promise.all(
    files.map(async ({ bytes, ...file }) => ({ ...file, size: bytes.length, blob: await putBlob(bytes) })),
  );
  const from = { scheme: 'mailto', value: `warga${counter}@surel.example`, name: 'Warga' };
  const message = sms(rest.from ?? from, text, 0, {
    channelId: 'email',
    externalId: `<${counter}@surel.example>`,
    ...rest,
    attachments,
    ...(html === undefined ? {} : { html: await putBlob(Buffer.from(html)) }),
  });
  const [id = ''] = await app.store.arrive(message);
  const envelopeId = uuidv7();
  await app.store.rows(
    `INSERT INTO envelope (id, channel_id, received_at, method, target, headers, body)
     VALUES ($1, 'email', now(), 'PULL', 'imap:INBOX;uid=1', '{"content-type":"message/rfc822"}', $2)`,
    [
      envelopeId,
      Buffer.from(raw ?? `From: ${message.from.value}\r\nSubject: ${message.subject}\r\n\r\n${text}`),
    ],
  );
  await app.store.rows('UPDATE inbox SET envelope_id = $2 WHERE id = $1', [id, envelopeId]);
  await ingestBatch(app.store.services, [id]);
  const [row] = await app.store.rows<{ tracking_number: string }>(
    'SELECT c.tracking_number FROM message m JOIN cases c ON c.id = m.case_id WHERE m.id = $1',
    [id],
  );
  const number = row?.tracking_number ?? '';
  return { number, messageId: id, path: `/cases/${number}/messages/${id}` };
}

/** The smallest picture of its kind: one pixel. */
export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
