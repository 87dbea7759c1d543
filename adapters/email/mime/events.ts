/** From what a mail says to the events of the contract: whose it is, and what it is about. */
import type { LeftPart, Parsed, PutBlob } from '../../../src/core/channel.js';
import type {
  AttachmentRef,
  DeliveryReport,
  DeliveryState,
  InboundMessage,
  ThreadRef,
} from '../../../src/core/message.js';
import type { MailOrigin, MessageIds } from '../mail.js';
import { normalizeAddress } from './addresses.js';
import { NO_MESSAGE_ID } from './identity.js';
import { sentAt } from './mail-date.js';
import type { ReadMail } from './read-mail.js';
import type { MailReport, ReportOutcome } from './report.js';

export interface OwnMail {
  /** Normalised addresses under which the channel writes and is written to. */
  readonly addresses: ReadonlySet<string>;
  readonly messageIds: MessageIds;
}

const OWN_ADDRESS = 'own_address: it says that it is from our own address, and we did not send it';
const NO_SENDER = 'no_sender: no header names one';

export async function eventsOf(
  mail: ReadMail,
  origin: MailOrigin,
  own: OwnMail,
  putBlob: PutBlob,
): Promise<Parsed> {
  const report = mail.report && reportEvents(mail, mail.report, origin, own.messageIds);
  if (report) return report;
  if (isOwn(mail, own)) return ignored(mail, 'own_mail');
  if (isUnderOwnAddress(mail, own)) return rejected(mail, OWN_ADDRESS);
  const sender = mail.sender ?? envelopeSender(origin);
  if (sender === undefined) return rejected(mail, NO_SENDER);
  const html = mail.html && (await putBlob(Buffer.from(mail.html)));
  const sent = sentAt(mail.date, origin.receivedAt);
  const thread = threadOf(mail, own.messageIds);
  const to = mail.recipients.find((address) => own.addresses.has(address));
  const message: InboundMessage = {
    type: 'message',
    channelId: origin.channelId,
    externalId: externalIdOf(mail, origin),
    from: {
      scheme: 'mailto',
      value: sender.address,
      ...(sender.name !== undefined && { name: sender.name }),
    },
    ...(to !== undefined && { to: { scheme: 'mailto', value: to } }),
    ...(mail.subject !== undefined && mail.subject !== '' && { subject: mail.subject }),
    text: mail.text,
    ...(mail.quoted !== undefined && { quoted: mail.quoted }),
    ...(html !== undefined && { html }),
    attachments: await storeFiles(mail, putBlob),
    ...(thread && { thread }),
    automated: mail.automated,
    ...(!isAnswerToUs(mail, own.messageIds) && { unproven: true as const }),
    ...(sent !== undefined && { sentAt: sent }),
    receivedAt: origin.receivedAt.toISOString(),
  };
  return { events: [message], ignored: [], rejected: mail.left };
}

/**
 * Ours in the inbox again: a copy, a rule that sends it back, a list that we are on. X-Loop alone is no proof:
 * programs copy it into answers and forwarded mails, and those are somebody's words.
 */
function isOwn(mail: ReadMail, own: OwnMail): boolean {
  if (mail.messageId !== undefined && own.messageIds.read(mail.messageId) !== undefined) return true;
  return isUnderOwnAddress(mail, own) && mail.loops.some((address) => own.addresses.has(address));
}

/** Web forms write so, in a citizen's name, and so does who pretends to be us: a person tells them apart. */
function isUnderOwnAddress({ authors }: ReadMail, { addresses }: OwnMail): boolean {
  return authors.some((address) => addresses.has(address));
}

/** Only who got a mail of ours knows an id that we signed. */
function isAnswerToUs({ references }: ReadMail, messageIds: MessageIds): boolean {
  return references.some((id) => messageIds.read(id) !== undefined);
}

/** The same mail under the same id, by whatever way it comes; another one with its Message-ID is another. */
function externalIdOf(mail: ReadMail, origin: MailOrigin): string {
  const distinction = origin.gmailId === undefined ? mail.contentHash : `gm-${origin.gmailId}`;
  return `${mail.messageId ?? NO_MESSAGE_ID}:${distinction}`;
}

function threadOf(mail: ReadMail, messageIds: MessageIds): ThreadRef | undefined {
  const [caseToken] = mail.caseTokens;
  // As we gave them: on the way letters may have changed their case.
  const references = mail.references.map((id) => {
    const outboxId = messageIds.read(id);
    return outboxId === undefined ? id : messageIds.make(outboxId);
  });
  if (references.length === 0 && caseToken === undefined) return undefined;
  return {
    ...(references.length > 0 && { references }),
    ...(caseToken !== undefined && { caseToken }),
  };
}

async function storeFiles(mail: ReadMail, putBlob: PutBlob): Promise<AttachmentRef[]> {
  const stored: AttachmentRef[] = [];
  for (const { name, contentType, bytes, contentId } of mail.files) {
    const blob = await putBlob(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    stored.push({
      name,
      contentType,
      blob,
      size: bytes.byteLength,
      ...(contentId !== undefined && { contentId }),
    });
  }
  return stored;
}

/** RFC 5321, 4.4: the last word on who sent it, where no header says so. */
function envelopeSender({ envelopeFrom }: MailOrigin): { address: string; name?: string } | undefined {
  const address = envelopeFrom === undefined ? undefined : normalizeAddress(envelopeFrom);
  return address === undefined ? undefined : { address };
}

const STATES: Partial<Record<ReportOutcome, DeliveryState>> = {
  failed: 'failed',
  delivered: 'delivered',
  read: 'read',
};

/**
 * Only about a mail that we signed; anything else anybody can write. Undefined where it is not certain that a
 * machine reports at all: then it is a message.
 */
function reportEvents(
  mail: ReadMail,
  report: MailReport,
  origin: MailOrigin,
  messageIds: MessageIds,
): Parsed | undefined {
  const outboxId = report.ids.map((id) => messageIds.read(id)).find((id) => id !== undefined);
  if (outboxId === undefined) {
    return report.isProse ? undefined : ignored(mail, `foreign_${report.kind}`);
  }
  const state = STATES[report.outcome];
  if (state === undefined) return ignored(mail, report.outcome);
  const event: DeliveryReport = {
    type: 'delivery',
    channelId: origin.channelId,
    externalId: messageIds.make(outboxId),
    outboxId,
    state,
    ...(report.code !== undefined && state === 'failed' && { code: report.code }),
    at: origin.receivedAt.toISOString(),
  };
  return { events: [event], ignored: [], rejected: [] };
}

function ignored(mail: ReadMail, reason: string): Parsed {
  return { events: [], ignored: [left(mail, reason)], rejected: [] };
}

function rejected(mail: ReadMail, reason: string): Parsed {
  return { events: [], ignored: [], rejected: [left(mail, reason)] };
}

function left({ head }: ReadMail, reason: string): LeftPart {
  return { part: head, reason };
}
