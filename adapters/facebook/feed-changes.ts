/**
 * Comments under the page's posts, and what visitors write on the page.
 * https://developers.facebook.com/docs/graph-api/webhooks/reference/page/#feed
 */
import { createHash } from 'node:crypto';
import type { InboundMessage, ThreadRef } from '../../src/core/message.js';
import { idIn, isObject, objectIn, textIn, timeIn, type PartOutcome } from '../shared/meta/payload.js';
import { enclosedInChange, withNotes } from './attachments.js';
import { authorAddress } from './ids.js';
import type { PageContext } from './messaging-events.js';

/** What a visitor's own post can be. */
const POSTS: ReadonlySet<string> = new Set(['post', 'status', 'photo', 'video', 'share']);
/** A moderator hides and shows again; the words stay what they are. */
const NO_NEWS: ReadonlySet<string> = new Set(['hide', 'unhide', 'mute', 'block', 'unblock', 'follow']);

/** @param at time of the entry: tells two edits of one comment apart. */
export function readFeedChange(change: unknown, at: string, page: PageContext): PartOutcome {
  if (!isObject(change)) return { rejected: 'the change is not an object' };
  const field = textIn(change, 'field') ?? '';
  if (field !== 'feed') return { ignored: `field ${field.slice(0, 40)} is not taken` };
  const value = objectIn(change, 'value');
  const item = textIn(value, 'item') ?? '';
  if (item !== 'comment' && !POSTS.has(item)) {
    return item === ''
      ? { rejected: 'item is missing' }
      : { ignored: `item ${item.slice(0, 40)} is not taken` };
  }
  const externalId = idIn(value, item === 'comment' ? 'comment_id' : 'post_id');
  if (externalId === undefined) return { rejected: 'comment_id or post_id is missing' };
  const author = authorIn(value);
  if (author?.id === page.pageId) return { ignored: "the page's own words" };
  return readItem(value, { externalId, author, at }, page);
}

interface Item {
  readonly externalId: string;
  readonly author: { id: string; name?: string } | undefined;
  readonly at: string;
}

function readItem(value: unknown, { externalId, author, at }: Item, page: PageContext): PartOutcome {
  const { channelId, receivedAt } = page;
  const from = authorAddress(author, externalId);
  const verb = textIn(value, 'verb') ?? '';
  const { attachments, notes } = enclosedInChange(value);
  const text = withNotes(textIn(value, 'message') ?? '', notes);
  switch (verb) {
    case 'add':
      return {
        events: [
          comment(page, {
            externalId,
            from,
            text,
            attachments,
            thread: threadOf(externalId, idIn(value, 'post_id'), idIn(value, 'parent_id')),
            sentAt: timeIn(value, 'created_time'),
          }),
        ],
      };
    case 'edited':
    case 'edit': {
      const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
      const version = `${at}:${hash}`;
      return { events: [{ type: 'edit', channelId, externalId, version, from, text, receivedAt }] };
    }
    case 'remove':
    case 'delete':
      return { events: [{ type: 'withdrawal', channelId, of: 'message', externalId, from, receivedAt }] };
    default:
      return NO_NEWS.has(verb)
        ? { ignored: `${verb} changes no words` }
        : { rejected: 'the verb is not known' };
  }
}

export interface CommentFacts extends Pick<InboundMessage, 'externalId' | 'from' | 'text' | 'attachments'> {
  readonly thread: ThreadRef;
  readonly sentAt: string | undefined;
}

/** As a message of the contract; also of comments that were found by looking. */
export function comment(page: PageContext, { sentAt, ...facts }: CommentFacts): InboundMessage {
  return {
    type: 'message',
    channelId: page.channelId,
    ...facts,
    to: { scheme: 'fb-page', value: page.pageId },
    automated: false,
    ...(sentAt !== undefined && { sentAt }),
    receivedAt: page.receivedAt,
  };
}

/**
 * A comment under a post begins a conversation of its own: under one post of the city people complain of a
 * hundred things, and one person of two. What stands below a comment belongs to that comment.
 */
export function threadOf(
  itemId: string,
  postId: string | undefined,
  parentId: string | undefined,
): ThreadRef {
  const isAnswer = parentId !== undefined && parentId !== postId && parentId !== itemId;
  return isAnswer ? { conversationId: parentId, references: [parentId] } : { conversationId: itemId };
}

/** Undefined where Meta does not tell. */
export function authorIn(value: unknown): { id: string; name?: string } | undefined {
  const from = objectIn(value, 'from');
  const id = idIn(from, 'id');
  const name = textIn(from, 'name');
  return id === undefined ? undefined : { id, ...(name !== undefined && { name }) };
}
