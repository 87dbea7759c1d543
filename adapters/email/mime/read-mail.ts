/** From raw bytes to what a mail says: everything that is slow or may fail, and nothing that needs a secret. */
import type { LeftPart } from '../../../src/core/channel.js';
import { mailboxesOf, normalizeAddress, recipientsOf, senderOf, type HeaderMailbox } from './addresses.js';
import { isAutomated, isAutoReply, isMailServer, isNullSender, isRobot } from './automated.js';
import { readBody, WHOLE_NAME } from './body.js';
import { pickFiles, type MailFile } from './files.js';
import { contentHash, messageIdOf, referencesOf } from './identity.js';
import type { MailHeaders } from './headers.js';
import type { MailLimits } from './limits.js';
import { readParts, type Part } from './parts.js';
import { splitQuoted } from './quoted.js';
import { readReport, type MailReport, type ReportSigns } from './report.js';
import { headOf } from '../head.js';
import { CASE_HEADER, LOOP_HEADER } from '../message-ids.js';

export interface ReadMail {
  /** The header block, bounded: stands for the whole mail in quarantine, where the raw is kept beside it. */
  readonly head: string;
  /** Without brackets; absent where it says nothing. */
  readonly messageId?: string;
  readonly contentHash: string;
  readonly references: readonly string[];
  /** Tokens of cases, likeliest first; not verified. */
  readonly caseTokens: readonly string[];
  readonly sender?: HeaderMailbox;
  /** Every mailbox of From. */
  readonly authors: readonly string[];
  readonly recipients: readonly string[];
  /** Values of X-Loop, lower case. */
  readonly loops: readonly string[];
  readonly subject?: string;
  /** The Date header as it came. */
  readonly date?: string;
  readonly automated: boolean;
  readonly text: string;
  readonly quoted?: string;
  readonly html?: Uint8Array;
  readonly files: readonly MailFile[];
  readonly left: readonly LeftPart[];
  readonly report?: MailReport;
}

const MAX_SUBJECT = 2_000;
const TOKEN = /^[1-9][0-9]{9}-[0-9a-f]{20}$/i;
const TOKEN_IN_ADDRESS = /\+([1-9][0-9]{9}-[0-9a-f]{20})@/;

/** @param isNullEnvelope the envelope sender is known and empty. Throws UnreadableMail beyond the bounds. */
export async function readMail(raw: Buffer, isNullEnvelope: boolean, limits: MailLimits): Promise<ReadMail> {
  const root = await readParts(raw, limits);
  const { headers } = root;
  const sender = senderOf(headers);
  const report = readReport(root, signsOf(headers, sender, isNullEnvelope));
  const messageId = messageIdOf(headers.first('message-id'));
  const subject = headers.text('subject')?.slice(0, MAX_SUBJECT);
  const date = headers.first('date');
  const references = referencesOf(headers);
  const recipients = recipientsOf(headers);
  return {
    head: headOf(raw).toString('utf8'),
    ...(messageId !== undefined && { messageId }),
    contentHash: contentHash(root),
    references: references.ids,
    caseTokens: [
      ...recipients.flatMap((one) => TOKEN_IN_ADDRESS.exec(one)?.[1] ?? []),
      ...references.tokens,
      ...headers
        .all(CASE_HEADER)
        .filter((value) => TOKEN.test(value))
        .map((value) => value.toLowerCase()),
    ],
    ...(sender && { sender }),
    authors: mailboxesOf(headers, 'from').map((one) => one.address),
    recipients,
    loops: headers.all(LOOP_HEADER).map((value) => normalizeAddress(value) ?? value.toLowerCase()),
    ...(subject !== undefined && { subject }),
    ...(date !== undefined && { date }),
    automated: isNullEnvelope || isAutomated(headers, sender?.address),
    // Prose may turn out to be a letter.
    ...(report === undefined || report.isProse ? await contentOf(root, limits) : NO_CONTENT),
    ...(report && { report }),
  };
}

function signsOf(
  headers: MailHeaders,
  sender: HeaderMailbox | undefined,
  isNullEnvelope: boolean,
): ReportSigns {
  const namesFailed = headers.has('x-failed-recipients');
  const isRobotic = (test: (address: string) => boolean) => sender !== undefined && test(sender.address);
  return {
    isFromRobot:
      isNullEnvelope || isNullSender(headers.first('return-path')) || namesFailed || isRobotic(isRobot),
    isFromServer: (namesFailed || isRobotic(isMailServer)) && !isAutoReply(headers),
  };
}

type Content = Pick<ReadMail, 'text' | 'quoted' | 'html' | 'files' | 'left'>;

const NO_CONTENT: Content = { text: '', files: [], left: [] };

async function contentOf(root: Part, limits: MailLimits): Promise<Content> {
  const body = await readBody(root, limits);
  const isLong = body.text.length > limits.maxTextCharacters;
  const split = splitQuoted(isLong ? body.text.slice(0, limits.maxTextCharacters) : body.text);
  const picked = pickFiles(body.files, limits);
  const whole = { name: `${WHOLE_NAME}.txt`, contentType: 'text/plain', bytes: Buffer.from(body.text) };
  return {
    text: split.text,
    ...(split.quoted !== undefined && { quoted: split.quoted }),
    ...(body.html !== undefined && { html: Buffer.from(body.html) }),
    files: isLong && !body.isCut ? [whole, ...picked.files] : picked.files,
    left: picked.left,
  };
}
