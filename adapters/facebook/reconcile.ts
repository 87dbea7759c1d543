/** Whether the page really wrote what an attempt wanted to write: asked of Graph's own lists. */
import type { Clock, Reconciliation, SendAttempt } from '../../src/core/channel.js';
import type { GraphClient } from '../shared/meta/graph.js';
import { idIn, objectIn, textIn } from '../shared/meta/payload.js';
import { itemsSince, messagesIn } from './history.js';
import { PSID_SCHEME } from './ids.js';
import { answeredItem } from './reply.js';

/** A message that the list lacks is believed not to exist only this long after the attempt. */
const LIST_DELAY_MS = 60_000;
/** Meta's clock and ours may differ by this much without either being known as wrong. */
const CLOCK_TOLERANCE_MS = 30_000;
/** Graph shows details of the last 20 messages of a conversation. */
const SHOWN_MESSAGES = 20;

export interface Lists {
  readonly graph: GraphClient;
  readonly pageId: string;
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
  return await judge(found, attempt, lists.pageId);
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
  // Both places, whatever the case is now: it may have become secret after the attempt.
  return underComment(lists, itemId, message.thread?.conversationId ?? itemId, since, signal);
}

async function inConversation(
  { graph, pageId }: Lists,
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

async function underComment(
  { graph }: Lists,
  itemId: string,
  topId: string,
  since: Date,
  signal: AbortSignal,
): Promise<Candidates> {
  const found: unknown[] = [];
  const order = { filter: 'stream', order: 'reverse_chronological', fields: 'id,created_time,from,message' };
  for await (const one of itemsSince(graph, `${topId}/comments`, order, since, signal)) found.push(one);
  const fields = `private_reply_conversation{messages.limit(${SHOWN_MESSAGES}){id,created_time,from,message}}`;
  const { body } = await graph.get(itemId, { fields }, signal, 'reply');
  return [...found, ...messagesIn(objectIn(body, 'private_reply_conversation'))];
}

async function judge(
  found: readonly unknown[],
  attempt: SendAttempt,
  pageId: string,
): Promise<Reconciliation> {
  const ids = new Set<string>();
  for (const one of found) {
    const id = idIn(one, 'id');
    const isOurs = idIn(objectIn(one, 'from'), 'id') === pageId && hasText(one, attempt.message.text);
    if (id !== undefined && isOurs && !(await attempt.isClaimed(id))) ids.add(id);
  }
  const [only, ...others] = ids;
  if (only !== undefined && others.length === 0) return { state: 'sent', externalId: only };
  if (only !== undefined) return unknown('several messages at the provider fit');
  if (attempt.now.getTime() - attempt.startedAt.getTime() < LIST_DELAY_MS) {
    return unknown('too early to believe that the provider does not have it');
  }
  return { state: 'not_sent' };
}

/** Widened by what Meta's clock differs from ours: a wrong clock must not hide a message. */
async function earliestCreation(
  { graph, pageId, clock }: Lists,
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
