/** A mail as it lies in the mailbox, as the request that Tabea keeps; and back, for replay. */
import type { Parsed, PutBlob, RawRequest } from '../../../src/core/channel.js';
import { headOf } from '../head.js';
import { rejectedMail } from '../item-from.js';
import type { MailOrigin, MailParser } from '../mail.js';

/** Names of our own for what IMAP says beside the mail; only ever read from our own store. */
const GMAIL_ID = 'x-tabea-gmail-id';
/** INTERNALDATE as the server says it, also where its clock runs ahead. */
const ARRIVED = 'x-tabea-arrived';
const LEFT_OUT = 'x-tabea-left-out';

/** Why only the head of a mail, or nothing of it, was taken: it stays in the mailbox for a person. */
export type LeftOut = 'too_large' | 'unavailable';

const REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ['too_large', 'too_large: the mail is above the limit; only its head was kept, the rest is in the mailbox'],
  ['unavailable', 'unavailable: the mail server does not hand the mail out; look into the mailbox'],
]);

export interface Pulled {
  readonly folder: string;
  readonly uidValidity: string;
  readonly uid: number;
  /** The mail; its head where `leftOut`. */
  readonly bytes: Buffer;
  readonly arrived: Date | undefined;
  readonly gmailId: string | undefined;
  readonly leftOut?: LeftOut;
}

/** It counts from its arrival: after an outage of ours, deadlines have run and conversations have gone on. */
export function requestOf(mail: Pulled, now: Date): RawRequest {
  const target = `imap:${encodeURIComponent(mail.folder)};uidvalidity=${mail.uidValidity};uid=${mail.uid}`;
  return {
    method: 'PULL',
    target,
    headers: {
      'content-type': 'message/rfc822',
      ...(mail.gmailId !== undefined && { [GMAIL_ID]: mail.gmailId }),
      ...(mail.arrived !== undefined && { [ARRIVED]: mail.arrived.toISOString() }),
      ...(mail.leftOut !== undefined && { [LEFT_OUT]: mail.leftOut }),
    },
    body: bodyOf(mail, target),
    receivedAt: receivedAt(mail, now),
  };
}

/** A server whose clock runs ahead must not put a mail into the future. */
function receivedAt({ arrived }: Pulled, now: Date): Date {
  return arrived !== undefined && arrived < now ? arrived : now;
}

function bodyOf({ leftOut, bytes }: Pulled, target: string): Buffer {
  if (leftOut === undefined) return bytes;
  // Equal contents are one and the same to the store: where there is none, its place tells mails apart.
  return leftOut === 'unavailable' ? Buffer.from(target) : headOf(bytes);
}

/** Reads what `requestOf` made. Throws UnparsableError. */
export async function parseMail(
  parser: Pick<MailParser, 'parse'>,
  channelId: string,
  request: RawRequest,
  putBlob: PutBlob,
): Promise<Parsed> {
  const reason = REASONS.get(textOf(request, LEFT_OUT));
  if (reason !== undefined) return rejectedMail(request, reason);
  return await parser.parse(request.body, originOf(request, channelId), putBlob);
}

function originOf(request: RawRequest, channelId: string): MailOrigin {
  const gmailId = textOf(request, GMAIL_ID);
  return { channelId, receivedAt: request.receivedAt, ...(gmailId !== undefined && { gmailId }) };
}

function textOf(request: RawRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
