/**
 * What Graph still has of what people wrote: for the poll, the backfill and the audit.
 * Conversations: https://developers.facebook.com/docs/messenger-platform/conversations
 * Feed and comments: https://developers.facebook.com/docs/graph-api/reference/page/feed
 */
import { UnparsableError, type Parsed, type RawRequest } from '../../src/core/channel.js';
import type { InboundMessage } from '../../src/core/message.js';
import type { GraphClient } from '../shared/meta/graph.js';
import {
  idIn,
  listIn,
  objectIn,
  PartSorter,
  readJsonBody,
  textIn,
  timeIn,
  type PartOutcome,
} from '../shared/meta/payload.js';
import { enclosedInComment, enclosedInHistory, withNotes } from './attachments.js';
import { authorAddress, psidAddress } from './ids.js';
import { authorIn, comment, threadOf } from './feed-changes.js';
import type { PageContext } from './messaging-events.js';

const PAGE_SIZE = 50;
const MESSAGE_FIELDS = 'id,created_time,from,to,message,attachments';
const COMMENT_FIELDS = 'id,created_time,from,message,parent{id},attachment';
const POST_FIELDS = 'id,created_time,updated_time,from,message';

/** One thing that a person wrote, as Graph lists it, and what is needed to read it alone. */
export interface Found {
  readonly kind: 'message' | 'comment' | 'post';
  readonly postId?: string;
  readonly item: unknown;
}

export interface Span {
  readonly since: Date;
  /** Posts that are older are not searched for comments. */
  readonly postsSince: Date;
}

/** Newest first, conversation by conversation; the page's own messages are left out. */
export async function* findMessages(
  graph: GraphClient,
  pageId: string,
  { since }: Span,
  signal: AbortSignal,
): AsyncGenerator<Found, void> {
  const query = { platform: 'messenger', fields: 'id,updated_time', limit: PAGE_SIZE };
  for await (const conversations of graph.pages(`${pageId}/conversations`, query, signal)) {
    for (const one of conversations) {
      // The newest come first: what follows is older still.
      if (isBefore(timeIn(one, 'updated_time'), since)) return;
      const id = idIn(one, 'id');
      if (id === undefined) continue;
      const messages = itemsSince(graph, `${id}/messages`, { fields: MESSAGE_FIELDS }, since, signal);
      for await (const item of messages) if (!isBy(pageId, item)) yield { kind: 'message', item };
    }
  }
}

/** Visitors' posts and everybody's comments; the page's own are left out. */
export async function* findComments(
  graph: GraphClient,
  pageId: string,
  { since, postsSince }: Span,
  signal: AbortSignal,
): AsyncGenerator<Found, void> {
  const seconds = Math.floor(postsSince.getTime() / 1000);
  const query = { fields: POST_FIELDS, since: seconds, limit: PAGE_SIZE };
  for await (const posts of graph.pages(`${pageId}/feed`, query, signal)) {
    for (const post of posts) {
      const postId = idIn(post, 'id');
      if (postId === undefined) continue;
      if (!isBy(pageId, post) && !isBefore(timeIn(post, 'created_time'), since))
        yield { kind: 'post', item: post };
      // A comment makes its post newer; one that did not change has no new comments.
      if (isBefore(timeIn(post, 'updated_time'), since)) continue;
      const order = { filter: 'stream', order: 'reverse_chronological', fields: COMMENT_FIELDS };
      const comments = itemsSince(graph, `${postId}/comments`, order, since, signal);
      for await (const item of comments) if (!isBy(pageId, item)) yield { kind: 'comment', postId, item };
    }
  }
}

/** Of a list with the newest first, until something is older. */
export async function* itemsSince(
  graph: GraphClient,
  path: string,
  query: Readonly<Record<string, string>>,
  since: Date,
  signal: AbortSignal,
): AsyncGenerator<unknown, void> {
  for await (const page of graph.pages(path, { ...query, limit: PAGE_SIZE }, signal)) {
    for (const item of page) {
      if (isBefore(timeIn(item, 'created_time'), since)) return;
      yield item;
    }
  }
}

/** A time that cannot be read is not before: a doubt must not look like an absence. */
export function isBefore(time: string | undefined, since: Date): boolean {
  // Graph's times are whole seconds.
  return time !== undefined && Date.parse(time) < Math.floor(since.getTime() / 1000) * 1000;
}

function isBy(pageId: string, item: unknown): boolean {
  return idIn(objectIn(item, 'from'), 'id') === pageId;
}

/** As a request of the contract: one item, so that each is kept, read and replayed for itself. */
export function pulledRequest(found: Found, receivedAt: Date): RawRequest {
  return {
    method: 'PULL',
    target: `facebook:${found.kind}`,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(found)),
    receivedAt,
  };
}

/** Pure. Throws UnparsableError. */
export function parsePulled(request: RawRequest, page: { channelId: string; pageId: string }): Parsed {
  const found = readJsonBody(request);
  const kind = textIn(found, 'kind');
  if (kind === undefined) throw new UnparsableError('kind is missing');
  const context = { ...page, receivedAt: request.receivedAt.toISOString() };
  const sorter = new PartSorter();
  sorter.take(found, () => readFound(kind, found['item'], textIn(found, 'postId'), context));
  return sorter.result();
}

function readFound(kind: string, item: unknown, postId: string | undefined, page: PageContext): PartOutcome {
  const externalId = idIn(item, 'id');
  if (externalId === undefined) return { rejected: 'id is missing' };
  if (kind === 'message') return readMessage(item, externalId, page);
  if (kind !== 'comment' && kind !== 'post') return { rejected: 'the kind is not known' };
  const author = authorIn(item);
  if (author?.id === page.pageId) return { ignored: "the page's own words" };
  const { attachments, notes } = enclosedInComment(item);
  const message = comment(page, {
    externalId,
    from: authorAddress(author, externalId),
    text: withNotes(textIn(item, 'message') ?? '', notes),
    attachments,
    thread: threadOf(externalId, postId, idIn(objectIn(item, 'parent'), 'id')),
    sentAt: timeIn(item, 'created_time'),
  });
  return { events: [message] };
}

function readMessage(item: unknown, externalId: string, page: PageContext): PartOutcome {
  const psid = idIn(objectIn(item, 'from'), 'id');
  if (psid === undefined) return { rejected: 'from.id is missing' };
  if (psid === page.pageId) return { ignored: "the page's own message" };
  const { attachments, notes } = enclosedInHistory(item);
  const sentAt = timeIn(item, 'created_time');
  const message: InboundMessage = {
    type: 'message',
    channelId: page.channelId,
    externalId,
    from: psidAddress(psid),
    to: psidAddress(page.pageId),
    text: withNotes(textIn(item, 'message') ?? '', notes),
    attachments,
    automated: false,
    ...(sentAt !== undefined && { sentAt }),
    receivedAt: page.receivedAt,
  };
  return { events: [message] };
}

/** The messages of a conversation that came along with something else. */
export function messagesIn(conversation: unknown): readonly unknown[] {
  return listIn(objectIn(conversation, 'messages'), 'data');
}
