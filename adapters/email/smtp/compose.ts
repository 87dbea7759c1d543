/** An answer as a mail: bytes for the wire and for the folder of sent mail, and the envelope around them. */
import MailComposer from 'nodemailer/lib/mail-composer';
import type { OutboundAttachment, OutboundMessage } from '../../../src/core/channel.js';
import { ChannelError } from '../../../src/core/channel-error.js';
import { displayName, domainOf, isAddress, onOneLine, type Mailbox } from '../addresses.js';
import type { MessageIds } from '../mail.js';
import { CASE_HEADER, caseTokenId, LOOP_HEADER } from '../message-ids.js';
import { textAsHtml } from './html.js';
import { referencesOf } from './references.js';

const LONGEST_SUBJECT = 200;
/** What programs put before the subject of an answer, also Indonesian ones; once is enough. */
const ANSWER_PREFIXES = /^(?:(?:re|bls|balas|aw|antw|sv)(?:\[\d+\])?\s*:\s*)+/i;
const NO_SUBJECT = 'Laporan Anda';

/**
 * RFC 3834, section 5: says to other robots that nobody wrote this. X-Auto-Response-Suppress is Exchange's:
 * https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcmail/ced68690-498a-4567-9d14-5c01f974d8b1
 */
const AUTOMATIC_HEADERS = { 'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All' };

export interface ComposeContext {
  /** The address that citizens write to. */
  readonly address: string;
  readonly from: Mailbox;
  readonly ids: MessageIds;
  readonly maxAttachmentBytes: number;
  readonly now: () => Date;
}

export interface ComposedMail {
  /** Without angle brackets; the same for every attempt. */
  readonly messageId: string;
  readonly raw: Buffer;
  /** `from` is '' for the null sender. */
  readonly envelope: { readonly from: string; readonly to: string };
}

/** Throws ChannelError `rejected` for an address that cannot be written to and for files that are too large. */
export async function composeMail(message: OutboundMessage, context: ComposeContext): Promise<ComposedMail> {
  const to = message.to.value;
  if (message.to.scheme !== 'mailto' || !isAddress(to)) {
    throw refusal('the recipient is not a mail address', '5.1.3');
  }
  const attachments = await readAttachments(message.attachments ?? [], context.maxAttachmentBytes);
  const messageId = context.ids.make(message.id);
  const { inReplyTo, references } = threadHeaders(message, context);
  // Also where the mail that it answers has no Message-ID that a header could carry.
  const isAnswer = (message.thread?.references ?? []).length > 0;
  const composer = new MailComposer({
    from: context.from,
    to: { name: displayName(message.to.name), address: to },
    subject: subjectOf(message.subject, isAnswer),
    messageId: `<${messageId}>`,
    date: context.now(),
    ...(inReplyTo === undefined ? {} : { inReplyTo: `<${inReplyTo}>` }),
    ...(references.length === 0 ? {} : { references: references.map((id) => `<${id}>`).join(' ') }),
    headers: headersOf(message, context),
    text: message.text,
    html: textAsHtml(message.text),
    attachments,
    // Nothing of a message may make us read a file or load an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    messageId,
    raw: await composer.compile().build(),
    // RFC 3834, section 3.1: so that neither bounce nor auto-reply can come back and begin a loop.
    envelope: { from: message.automated ? '' : context.from.address, to },
  };
}

/** `Re: …` once, where it answers a mail; on one line; never empty. */
export function subjectOf(subject: string | undefined, isAnswer: boolean): string {
  const line = onOneLine(subject ?? '');
  const bare = line.replace(ANSWER_PREFIXES, '');
  const answer = isAnswer || bare !== line ? `Re: ${bare || NO_SUBJECT}` : bare || NO_SUBJECT;
  return Array.from(answer).slice(0, LONGEST_SUBJECT).join('');
}

function threadHeaders(message: OutboundMessage, { from }: ComposeContext) {
  const { inReplyTo, references } = referencesOf(message.thread);
  const token = message.thread?.caseToken;
  // First, as if it were the oldest: programs shorten the middle of References, and keep its ends.
  const marked =
    token === undefined ? references : [caseTokenId(token, domainOf(from.address)), ...references];
  return { inReplyTo, references: marked };
}

function headersOf(message: OutboundMessage, { address }: ComposeContext): Record<string, string> {
  const token = message.thread?.caseToken;
  return {
    [LOOP_HEADER]: onOneLine(address),
    ...(token === undefined ? {} : { [CASE_HEADER]: onOneLine(token) }),
    ...(message.automated ? AUTOMATIC_HEADERS : {}),
  };
}

async function readAttachments(files: readonly OutboundAttachment[], limit: number) {
  demandFits(
    files.reduce((sum, { size }) => sum + size, 0),
    limit,
  );
  const parts = await Promise.all(
    files.map(async (file) => ({
      filename: onOneLine(file.name),
      contentType: contentTypeOf(file),
      contentDisposition: 'attachment' as const,
      content: await read(file),
    })),
  );
  // What was announced is not what counts.
  demandFits(
    parts.reduce((sum, { content }) => sum + content.length, 0),
    limit,
  );
  return parts;
}

/** What cannot be read certainly was not sent; a file system may be well again. */
async function read(file: OutboundAttachment): Promise<Buffer> {
  try {
    return await file.read();
  } catch {
    throw new ChannelError('rejected', 'A file of the reply cannot be read', {
      retry: 'backoff',
      providerCode: 'attachment',
    });
  }
}

/** A type that is not one becomes bytes; parameters are left out: nothing of them is needed. */
function contentTypeOf({ contentType }: OutboundAttachment): string {
  const [type = ''] = contentType.split(';', 1);
  const known = /^[a-z]{1,40}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i.test(type.trim());
  // A mail as a part would be unpacked by the reader's program, headers and all.
  return known && !/^(?:message|multipart)\//i.test(type)
    ? type.trim().toLowerCase()
    : 'application/octet-stream';
}

function demandFits(bytes: number, limit: number): void {
  if (bytes > limit) throw refusal(`the files are larger than ${limit} bytes together`, '5.3.4');
}

function refusal(words: string, providerCode: string): ChannelError {
  return new ChannelError('rejected', `The mail cannot be sent: ${words}`, { retry: 'never', providerCode });
}
