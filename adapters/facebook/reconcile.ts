/** Whether the page really wrote what an attempt wanted to write: asked of Graph's own lists. */
import { ChannelError } from '../../src/core/channel-error.js';
import type { Clock, Reconciliation, SendAttempt } from '../../src/core/channel.js';
import type { GraphClient } from '../shared/meta/graph.js';
import { idIn, objectIn, textIn, timeIn } from '../shared/meta/payload.js';
import { isBefore, itemsSince, messagesIn } from './history.js';
import { PSID_SCHEME } from './ids.js';
import { isPrivate } from './permission.js';
import { answeredItem } from './reply.js';
import type { FacebookSettings } from './settings.js';

/** A message that the list lacks is believed not to exist only this long after the attempt. */
const LIST_DELAY_MS = 60_000;
/** Meta's clock and ours may differ by this much without either being known as wrong. */
const CLOCK_TOLERANCE_MS = 30_000;
/** Graph shows details of the last 20 messages of a conversation. */
const SHOWN_MESSAGES = 20;

export interface Lists {
  readonly graph: GraphClient;
  readonly settings: Pick<FacebookSettings, 'pageId' | 'commentReply'>;
  readonly clock: Clock;
}

/** What may be the attempt's message; undefined where the list does not tell. */
type Candidates = readonly unknown[] | undefined;

export async function reconcileReply(
  lists: Lists,
  attempt: SendAttempt,
  signal: AbortSignal,
): Promise<Reconciliation> {
  const earliest = await earliestCreation(lists, attempt, signal);
  const found = await candidates(lists, attempt, earliest, signal);
  if (found === undefined) return unknown('the provider does not list this conversation');
  return await judge(found, attempt, lists.settings.pageId);
}

function candidates(
  lists: Lists,
  { message }: SendAttempt,
  since: Date,
  signal: AbortSignal,
): Promise<Candidates> {
  if (message.to.scheme === PSID_SCHEME) return inConversation(lists, message.to.value, since, signal);
  const itemId = answeredItem(message);
  if (itemId === undefined) return Promise.resolve(undefined);
  const topId = message.thread?.conversationId ?? itemId;
  const wasPrivate = isPrivate(lists.settings, message.confidentiality);
  return aboutComment(lists.graph, { itemId, topId, wasPrivate, since }, signal);
}

async function inConversation(
  { graph, settings: { pageId } }: Lists,
  psid: string,
  since: Date,
  signal: AbortSignal,
): Promise<Candidates> {
  const query = { platform: 'messenger', user_id: psid, fields: 'id' };
  const { body } = await graph.get(`${pageId}/conversations`, query, signal, 'reply');
  const data = body['data'];
  if (!Array.isArray(data)) return undefined;
  const id = idIn(data[0], 'id');
  // He wrote to us: where there is no conversation the list is not what we take it for.
  if (id === undefined) return undefined;
  const found: unknown[] = [];
  const query2 = { fields: 'id,created_time,from,message' };
  for await (const one of itemsSince(graph, `${id}/messages`, query2, since, signal)) found.push(one);
  return found;
}

interface Place {
  readonly itemId: string;
  readonly topId: string;
  readonly wasPrivate: boolean;
  readonly since: Date;
}

/** Both below it and in Messenger, whatever the case is now: it may have become secret after the attempt. */
async function aboutComment(graph: GraphClient, place: Place, signal: AbortSignal): Promise<Candidates> {
  const found: unknown[] = [];
  const order = { filter: 'stream', order: 'reverse_chronological', fields: 'id,created_time,from,message' };
  for await (const one of itemsSince(graph, `${place.topId}/comments`, order, place.since, signal)) {
    found.push(one);
  }
  const told = await toldPrivately(graph, place, signal);
  return told && [...found, ...told];
}

/** Where Meta does not tell, that matters only if it would have been told privately. */
async function toldPrivately(
  graph: GraphClient,
  { itemId, wasPrivate, since }: Place,
  signal: AbortSignal,
): Promise<Candidates> {
  const fields = `private_reply_conversation{messages.limit(${SHOWN_MESSAGES}){id,created_time,from,message}}`;
  try {
    const { body } = await graph.get(itemId, { fields }, signal, 'reply');
    const messages = messagesIn(objectIn(body, 'private_reply_conversation'));
    return messages.filter((one) => !isBefore(timeIn(one, 'created_time'), since));
  } catch (error) {
    const isRefused =
      error instanceof ChannelError && (error.code === 'rejected' || error.code === 'not_permitted');
    if (!isRefused) throw error;
    return wasPrivate ? undefined : [];
  }
}

async function judge(
  found: readonly unknown[],
  attempt: SendAttempt,
  pageId: string,
): Promise<Reconciliation> {
  const ids = new Set<string>();
  let isVeiled = false;
  for (const one of found) {
    const id = idIn(one, 'id');
    isVeiled ||= await mayBeOurs(one, id, attempt, pageId);
    const isOurs = idIn(objectIn(one, 'from'), 'id') === pageId && hasText(one, attempt.message.text);
    if (id !== undefined && isOurs && !(await attempt.isClaimed(id))) ids.add(id);
  }
  const [only, ...others] = ids;
  if (only !== undefined && others.length === 0) return { state: 'sent', externalId: only };
  if (only !== undefined) return unknown('several messages at the provider fit');
  if (isVeiled) return unknown('the provider does not show the words of a message that may be this one');
  if (attempt.now.getTime() - attempt.startedAt.getTime() < LIST_DELAY_MS) {
    return unknown('too early to believe that the provider does not have it');
  }
  return { state: 'not_sent' };
}

/** A message whose words Graph keeps back: it shows those of the last 20 of a conversation only. */
async function mayBeOurs(
  one: unknown,
  id: string | undefined,
  attempt: SendAttempt,
  pageId: string,
): Promise<boolean> {
  if (textIn(one, 'message') !== undefined) return false;
  const author = idIn(objectIn(one, 'from'), 'id') ?? pageId;
  return author === pageId && (id === undefined || !(await attempt.isClaimed(id)));
}

/** Widened by what Meta's clock differs from ours: a wrong clock must not hide a message. */
async function earliestCreation(
  { graph, settings: { pageId }, clock }: Lists,
  attempt: SendAttempt,
  signal: AbortSignal,
): Promise<Date> {
  const { date } = await graph.get(pageId, { fields: 'id' }, signal, 'reply');
  const skew = date === undefined ? 0 : date.getTime() - clock.now().getTime();
  return new Date(attempt.startedAt.getTime() + Math.min(skew, 0) - CLOCK_TOLERANCE_MS);
}

function hasText(message: unknown, text: string): boolean {
  return comparable(textIn(message, 'message') ?? '') === comparable(text);
}

/** Meta trims, and writes line ends in its own way. */
function comparable(text: string): string {
  return text.replaceAll('\r\n', '\n').normalize('NFC').trim();
}

function unknown(reason: string): Reconciliation {
  return { state: 'unknown', reason };
}
