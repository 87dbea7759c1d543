/**
 * Replies in Messenger and under comments.
 * Send API: https://developers.facebook.com/docs/messenger-platform/reference/send-api
 * Comments: https://developers.facebook.com/docs/graph-api/reference/object/comments
 */
import { ChannelError } from '../../src/core/channel-error.js';
import type { OutboundMessage, SendResult } from '../../src/core/channel.js';
import { isWindowClosed, unreadableError } from '../shared/meta/errors.js';
import type { GraphClient, GraphResult } from '../shared/meta/graph.js';
import { countCharacters } from '../shared/meta/measure.js';
import { idIn } from '../shared/meta/payload.js';
import { isMessengerId, metadataOf, PSID_SCHEME, USER_SCHEME } from './ids.js';
import { isPrivate, RESPONSE_WINDOW_MS } from './permission.js';
import type { FacebookSettings } from './settings.js';

/** https://developers.facebook.com/docs/messenger-platform/reference/send-api#message */
export const MESSENGER_LIMIT = 2_000;
/** https://www.facebook.com/help/ names no number; Graph refuses more with error 100. */
export const COMMENT_LIMIT = 8_000;

type ReplySettings = Pick<FacebookSettings, 'pageId' | 'commentReply' | 'humanAgent'>;

/** How a message goes out. Decided from the message alone, so that an attempt can be found again. */
export type ReplyWay =
  | { readonly way: 'messenger'; readonly psid: string }
  | { readonly way: 'comment'; readonly itemId: string }
  | { readonly way: 'private'; readonly itemId: string };

/** Throws ChannelError where there is no way. */
export function wayOf(message: OutboundMessage, settings: Pick<FacebookSettings, 'commentReply'>): ReplyWay {
  const { scheme, value } = message.to;
  if (scheme === PSID_SCHEME) return { way: 'messenger', psid: value };
  const itemId = scheme === USER_SCHEME ? answeredItem(message) : undefined;
  if (itemId === undefined)
    throw new ChannelError('rejected', 'there is no comment to answer', { retry: 'never' });
  if (!isPrivate(settings, message.confidentiality)) return { way: 'comment', itemId };
  if (message.automated && message.confidentiality !== undefined) {
    // There is one private reply to a comment: a machine must not use it up. To a command nobody else answers.
    throw new ChannelError('not_permitted', 'the one private reply is kept for a person', { retry: 'never' });
  }
  return { way: 'private', itemId };
}

/** The comment or post that is answered: the nearest reference that is no message of Messenger. */
export function answeredItem({ thread }: OutboundMessage): string | undefined {
  return thread?.references?.find((id) => !isMessengerId(id)) ?? thread?.conversationId;
}

/** Throws ChannelError. `now`: for the window that is surely over. */
export async function sendReply(
  graph: GraphClient,
  settings: ReplySettings,
  message: OutboundMessage,
  now: Date,
  signal: AbortSignal,
): Promise<SendResult> {
  const way = wayOf(message, settings);
  demandLength(message.text, way.way === 'comment' ? COMMENT_LIMIT : MESSENGER_LIMIT);
  switch (way.way) {
    case 'messenger':
      return sent(await sendInMessenger(graph, settings, message, way.psid, now, signal), 'message_id');
    case 'private': {
      const recipient = privateRecipient(way.itemId, settings.pageId);
      const body = { recipient, message: content(message), messaging_type: 'RESPONSE' };
      return sent(await graph.post(`${settings.pageId}/messages`, body, signal), 'message_id');
    }
    case 'comment':
      return sent(await graph.post(`${way.itemId}/comments`, { message: message.text }, signal), 'id');
  }
}

/**
 * RESPONSE within 24 hours of the person's last message. Later, up to 7 days, only what a person wrote, and
 * tagged as such. Meta's clock has the last word: where it says that the window is closed, nothing was sent.
 */
async function sendInMessenger(
  graph: GraphClient,
  { pageId, humanAgent }: ReplySettings,
  message: OutboundMessage,
  psid: string,
  now: Date,
  signal: AbortSignal,
): Promise<GraphResult> {
  const mayTag = humanAgent && !message.automated;
  const base = { recipient: { id: psid }, message: content(message) };
  const asAgent = () =>
    graph.post(`${pageId}/messages`, { ...base, messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' }, signal);
  const { lastInboundAt } = message;
  const isLate = lastInboundAt !== undefined && now.getTime() - lastInboundAt.getTime() >= RESPONSE_WINDOW_MS;
  if (isLate && mayTag) return await asAgent();
  try {
    return await graph.post(`${pageId}/messages`, { ...base, messaging_type: 'RESPONSE' }, signal);
  } catch (error) {
    if (!mayTag || !isWindowClosed(error)) throw error;
    return await asAgent();
  }
}

function demandLength(text: string, limit: number): void {
  if (countCharacters(text) <= limit) return;
  throw new ChannelError('rejected', `the text is longer than ${limit} characters`, { retry: 'never' });
}

function content(message: OutboundMessage): object {
  return { text: message.text, metadata: metadataOf(message.id) };
}

/** A visitor's own post has an id that begins with the page's, a comment one that begins with its post's number. */
function privateRecipient(itemId: string, pageId: string): object {
  return itemId.startsWith(`${pageId}_`) ? { post_id: itemId } : { comment_id: itemId };
}

function sent({ body }: GraphResult, name: string): SendResult {
  const externalId = idIn(body, name);
  // Without an id the message can be neither followed nor reconciled.
  if (externalId === undefined) throw unreadableError();
  return { externalId };
}
