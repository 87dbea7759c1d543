/**
 * What the account's message list tells: whether an attempt got through, and what citizens wrote.
 * https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
 */
import type { Twilio } from 'twilio';
import type { MessageInstance, MessagePage } from 'twilio/lib/rest/api/v2010/account/message.js';
import type { Clock, Reconciliation, SendAttempt } from '../../../../src/core/channel.js';
import type { AttachmentRef, InboundMessage } from '../../../../src/core/message.js';
import { isAlphanumericSender, normalizePhone } from '../../../../src/core/phone.js';
import { normalizeLine, phoneAddress } from '../../phone.js';
import type { SmsLine } from '../../provider.js';
import { asChannelError } from './errors.js';

/** A message that the list lacks is believed not to exist only this long after the attempt. */
const LIST_DELAY_MS = 60_000;
/** The provider's clock and ours may differ by this much without either being known as wrong. */
const CLOCK_TOLERANCE_MS = 30_000;
const PAGE_SIZE = 100;
const MAX_PAGES = 50;
const DAY_MS = 86_400_000;

/** Put before the text on trial accounts. */
const TRIAL_PREFIX = 'Sent from your Twilio trial account - ';

/**
 * Whether the provider has the message of an attempt. Asked without the list's own date filter: that one
 * looks at the day of sending, which a queued message does not have yet. Failed messages count as sent: the
 * provider has taken them and reports on them.
 */
export async function reconcileAttempt(
  client: Twilio,
  attempt: SendAttempt,
  line: SmsLine,
): Promise<Reconciliation> {
  const found = await findRecent(client, attempt, line).catch((error: unknown) => {
    throw asChannelError(error);
  });
  if (!found) return { state: 'unknown', reason: 'the provider lists too many messages' };
  return judge(await unclaimed(found, attempt), attempt);
}

/** What went to the recipient since the attempt began; nothing where the list does not come to an end. */
async function findRecent(
  client: Twilio,
  attempt: SendAttempt,
  line: SmsLine,
): Promise<MessageInstance[] | undefined> {
  const to = attempt.message.to.value;
  const found: MessageInstance[] = [];
  const first = await client.messages.pageWithHttpInfo({ to, from: line.address, pageSize: PAGE_SIZE });
  const earliest = earliestCreation(attempt, first.headers, line.clock);

  let page: Listed | undefined = first.body;
  for (let pages = 1; page; pages++) {
    if (pages > MAX_PAGES) return undefined;
    const recent = page.instances.filter((message) => isFrom(earliest, message));
    found.push(...recent.filter((message) => isOutboundTo(message, to, line)));
    // Newest first: a whole page before the attempt ends the search.
    if (page.instances.length > 0 && recent.length === 0) break;
    page = await page.nextPage();
  }
  return found;
}

function judge(candidates: readonly MessageInstance[], attempt: SendAttempt): Reconciliation {
  const [only, ...others] = candidates.filter((message) => hasText(message, attempt.message.text));
  if (only && others.length === 0) return { state: 'sent', externalId: only.sid };
  if (only) return { state: 'unknown', reason: 'several messages at the provider fit' };
  if (candidates.some((message) => !message.body)) {
    return {
      state: 'unknown',
      reason: 'the provider has removed the text of a message that may be this one',
    };
  }
  if (attempt.now.getTime() - attempt.startedAt.getTime() < LIST_DELAY_MS) {
    return { state: 'unknown', reason: 'too early to believe that the provider does not have it' };
  }
  return { state: 'not_sent' };
}

async function unclaimed(
  found: readonly MessageInstance[],
  attempt: SendAttempt,
): Promise<MessageInstance[]> {
  // A message that moves to the next page while we read is listed twice.
  const bySid = new Map(found.map((message) => [message.sid, message]));
  const free: MessageInstance[] = [];
  for (const message of bySid.values()) {
    if (!(await attempt.isClaimed(message.sid))) free.push(message);
  }
  return free;
}

/** Widened by what the provider's clock differs from ours: a wrong clock must not hide a message. */
function earliestCreation(attempt: SendAttempt, headers: object, clock: Clock): number {
  const date = 'date' in headers ? headers.date : undefined;
  const providerNow = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  const skew = Number.isNaN(providerNow) ? 0 : providerNow - clock.now().getTime();
  return attempt.startedAt.getTime() + Math.min(skew, 0) - CLOCK_TOLERANCE_MS;
}

/** Unreadable times count as recent: a doubt must not look like an absence. */
function isFrom(earliest: number, message: MessageInstance): boolean {
  const at = timeOf(message.dateCreated) ?? timeOf(message.dateSent);
  return at === undefined || at >= earliest;
}

function isOutboundTo(message: MessageInstance, to: string, line: SmsLine): boolean {
  return message.direction !== 'inbound' && normalizePhone(message.to ?? '', line.region) === to;
}

function hasText(message: MessageInstance, text: string): boolean {
  const body = comparable(message.body ?? '');
  return body === comparable(text) || body === comparable(TRIAL_PREFIX + text);
}

function comparable(text: string): string {
  return text.replaceAll('\r\n', '\n').normalize('NFC').trimEnd();
}

/** Messages that citizens sent to the line between two times, newest first. */
export async function* listInbound(
  client: Twilio,
  line: SmsLine,
  apiUrl: string,
  since: Date,
  until: Date,
): AsyncIterable<InboundMessage> {
  // The list knows days in GMT only; the times are compared here.
  let page: Listed | undefined = await client.messages.page({
    to: line.address,
    dateSentAfter: new Date(Math.floor(since.getTime() / DAY_MS) * DAY_MS),
    dateSentBefore: new Date(Math.ceil(until.getTime() / DAY_MS) * DAY_MS),
    pageSize: PAGE_SIZE,
  });
  while (page) {
    for (const message of page.instances) {
      const at = timeOf(message.dateSent) ?? timeOf(message.dateCreated);
      if (at !== undefined && (at < since.getTime() || at > until.getTime())) continue;
      if (message.direction !== 'inbound' || !message.from) continue;
      yield await asInbound(client, message, line, apiUrl, at);
    }
    page = await page.nextPage();
  }
}

async function asInbound(
  client: Twilio,
  message: MessageInstance,
  line: SmsLine,
  apiUrl: string,
  at: number | undefined,
): Promise<InboundMessage> {
  return {
    type: 'message',
    channelId: line.channelId,
    externalId: message.sid,
    from: phoneAddress(message.from, line.region),
    to: { scheme: 'tel', value: normalizeLine(message.to, line.region) },
    text: message.body ?? '',
    attachments: Number(message.numMedia) > 0 ? await listMedia(client, message.sid, apiUrl) : [],
    automated: isAlphanumericSender(message.from),
    ...(at !== undefined && { sentAt: new Date(at).toISOString() }),
    receivedAt: line.clock.now().toISOString(),
  };
}

async function listMedia(client: Twilio, messageSid: string, apiUrl: string): Promise<AttachmentRef[]> {
  const media = await client.messages(messageSid).media.list({ limit: 100 });
  return media.map((one) => ({
    name: one.sid,
    contentType: one.contentType,
    url: apiUrl + one.uri.replace(/\.json$/, ''),
  }));
}

/** The SDK types these as Date; absent they are null, unreadable ones stay text. */
function timeOf(date: unknown): number | undefined {
  const at = date instanceof Date ? date.getTime() : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** What is needed of a page; the SDK types the following ones more generally. */
type Listed = Pick<MessagePage, 'instances' | 'nextPage'>;
