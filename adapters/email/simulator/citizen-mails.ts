/** What leaves the mailbox of a played citizen: his mails, his absence note, and his provider's bounce. */
import { randomUUID } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { domainOf } from '../addresses.js';
import type { PlayedMail } from './mailboxes.js';

export interface OutgoingMail {
  readonly raw: Buffer;
  readonly messageId: string;
  /** '' for the null sender. */
  readonly from: string;
  readonly to: string;
}

export interface WrittenMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly at: Date;
  readonly answers?: Pick<PlayedMail, 'messageId' | 'references'> | undefined;
}

/** As a mail program writes it. */
export async function citizenMail(mail: WrittenMail): Promise<OutgoingMail> {
  return compose(mail, mail.from, {});
}

/** A robot without manners: it answers every mail, also automatic ones. RFC 3834 says what it should look at. */
export async function absenceNote(mail: WrittenMail): Promise<OutgoingMail> {
  return compose(mail, '', { 'Auto-Submitted': 'auto-replied', 'X-Autoreply': 'yes', Precedence: 'bulk' });
}

async function compose(
  { from, to, subject, text, at, answers }: WrittenMail,
  envelopeFrom: string,
  headers: Record<string, string>,
): Promise<OutgoingMail> {
  const messageId = newMessageId(from);
  const references = answers ? [...answers.references, answers.messageId] : [];
  const raw = await new MailComposer({
    from,
    to,
    subject,
    text,
    date: at,
    headers,
    messageId: `<${messageId}>`,
    ...(answers && { inReplyTo: `<${answers.messageId}>` }),
    ...(references.length > 0 && { references: references.map((id) => `<${id}>`).join(' ') }),
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
  return { raw, messageId, from: envelopeFrom, to };
}

export interface BouncedMail {
  readonly recipient: string;
  readonly returnPath: string;
  /** Header block of the mail that came back. */
  readonly head: string;
  readonly at: Date;
}

/** A report of a mail that was accepted first: https://www.rfc-editor.org/rfc/rfc3464 */
export function bounce({ recipient, returnPath, head, at }: BouncedMail): OutgoingMail {
  const domain = domainOf(recipient);
  const messageId = newMessageId(recipient);
  const boundary = `bounce-${randomUUID()}`;
  const lines = [
    `From: Mail Delivery System <MAILER-DAEMON@${domain}>`,
    `To: ${returnPath}`,
    'Subject: Undelivered Mail Returned to Sender',
    `Date: ${at.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${messageId}>`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Your message could not be delivered: the mailbox is closed.',
    '',
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns; mx.${domain}`,
    '',
    `Final-Recipient: rfc822; ${recipient}`,
    'Action: failed',
    'Status: 5.2.1',
    'Diagnostic-Code: smtp; 550 5.2.1 The mailbox is closed',
    '',
    `--${boundary}`,
    'Content-Type: text/rfc822-headers',
    '',
    head.trimEnd(),
    '',
    `--${boundary}--`,
    '',
  ];
  return { raw: Buffer.from(lines.join('\r\n')), messageId, from: '', to: returnPath };
}

function newMessageId(address: string): string {
  return `${randomUUID()}@${domainOf(address)}`;
}
