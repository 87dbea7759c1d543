/** A post as events. Pure: the same for the stream, the search, the mentions and a replay. */
import { z } from 'zod';
import { UnparsableError, type LeftPart, type Parsed, type RawRequest } from '../../src/core/channel.js';
import type {
  Address,
  AttachmentRef,
  InboundEvent,
  InboundMessage,
  ThreadRef,
} from '../../src/core/message.js';
import { postPayload, type Media, type Post, type PostPayload } from './payload.js';

export const X_SCHEME = 'x';
/** Who we are is no part of what X sends. */
const ACCOUNT_HEADER = 'x-account-id';

/** A post that was looked up and is not there any more. */
const withdrawn = z.object({ withdrawn: z.object({ id: z.string(), author_id: z.string() }) });

/** @param target says where from: `x:stream`, `x:search`. */
export function pullRequest(
  target: string,
  payload: unknown,
  accountId: string,
  receivedAt: Date,
): RawRequest {
  return {
    method: 'PULL',
    target,
    headers: { 'content-type': 'application/json', [ACCOUNT_HEADER]: accountId },
    body: Buffer.from(JSON.stringify(payload)),
    receivedAt,
  };
}

/** Throws UnparsableError where it is no post. */
export function parsePost(request: RawRequest, channelId: string): Parsed {
  const body = jsonOf(request.body);
  const receivedAt = request.receivedAt.toISOString();
  const gone = withdrawn.safeParse(body);
  if (gone.success) {
    const { id, author_id } = gone.data.withdrawn;
    const from = { scheme: X_SCHEME, value: author_id };
    const event = { type: 'withdrawal', channelId, of: 'message', externalId: id, from, receivedAt } as const;
    return { events: [event], ignored: [], rejected: [] };
  }
  const read = postPayload.safeParse(body);
  if (!read.success) throw new UnparsableError('This is not a post of X');
  const account = String(request.headers[ACCOUNT_HEADER] ?? '');
  const reason = ignoredFor(read.data.data, account);
  if (reason !== undefined) {
    return { events: [], ignored: [{ part: read.data.data.id, reason }], rejected: [] };
  }
  const { attachments, rejected } = attachmentsOf(read.data);
  return {
    events: eventsOf(read.data, { channelId, receivedAt, account, attachments }),
    ignored: [],
    rejected,
  };
}

/** As `parsePost`; what is no post has no events, and so is kept whole in quarantine. */
export function parseOrKeep(request: RawRequest, channelId: string): Parsed {
  try {
    return parsePost(request, channelId);
  } catch (error) {
    if (error instanceof UnparsableError) return { events: [], ignored: [], rejected: [] };
    throw error;
  }
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new UnparsableError('This is not JSON');
  }
}

function ignoredFor(post: Post, account: string): string | undefined {
  if (post.author_id === account) return 'own_post: posted by our own account';
  const isRetweet = post.referenced_tweets?.some(({ type }) => type === 'retweeted') ?? false;
  return isRetweet ? 'retweet: repeats a post of somebody else' : undefined;
}

interface Around {
  readonly channelId: string;
  readonly receivedAt: string;
  readonly account: string;
  readonly attachments: readonly AttachmentRef[];
}

function eventsOf(payload: PostPayload, around: Around): InboundEvent[] {
  const { data, includes } = payload;
  const [firstId = data.id] = data.edit_history_tweet_ids ?? [];
  const { channelId, receivedAt } = around;
  const from = addressOf(payload);
  const text = plain(data.note_tweet?.text ?? data.text);
  const quotedId = referenceOf(data, 'quoted');
  const quoted = includes?.tweets?.find(({ id }) => id === quotedId)?.text;
  const message: InboundMessage = {
    type: 'message',
    channelId,
    externalId: firstId,
    from,
    text,
    ...(quoted !== undefined && { quoted: plain(quoted) }),
    attachments: around.attachments,
    thread: threadOf(payload, around.account),
    automated: false,
    ...(isTime(data.created_at) && { sentAt: data.created_at }),
    receivedAt,
  };
  if (firstId === data.id) return [message];
  // Each version is a post of its own. The message comes along, as we may have seen no version before this one.
  return [
    message,
    { type: 'edit', channelId, externalId: firstId, version: data.id, from, text, receivedAt },
  ];
}

function addressOf({ data, includes }: PostPayload): Address {
  const author = includes?.users?.find(({ id }) => id === data.author_id);
  const handle = author?.username === undefined ? '' : `@${author.username}`;
  const name = author?.name === undefined ? handle : `${author.name} (${handle})`;
  return { scheme: X_SCHEME, value: data.author_id, ...(handle !== '' && { name }) };
}

function threadOf({ data, includes }: PostPayload, account: string): ThreadRef {
  const references = ['replied_to', 'quoted'].flatMap((type) => referenceOf(data, type) ?? []);
  const { conversation_id: conversationId } = data;
  const mentions = [...(data.entities?.mentions ?? []), ...(data.note_tweet?.entities?.mentions ?? [])];
  const quotedId = referenceOf(data, 'quoted');
  const quotesUs = includes?.tweets?.some((one) => one.id === quotedId && one.author_id === account) ?? false;
  return {
    ...(conversationId !== undefined && { conversationId }),
    ...(references.length > 0 && { references }),
    addressed: quotesUs || mentions.some(({ id }) => id === account),
  };
}

function referenceOf(post: Post, type: string): string | undefined {
  return post.referenced_tweets?.find((one) => one.type === type)?.id;
}

/** X escapes these three, and nothing else, in the text of a post. */
function plain(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function isTime(text: string | undefined): text is string {
  return text !== undefined && !Number.isNaN(Date.parse(text));
}

function attachmentsOf({ data, includes }: PostPayload): {
  attachments: AttachmentRef[];
  rejected: LeftPart[];
} {
  const attachments: AttachmentRef[] = [];
  const rejected: LeftPart[] = [];
  for (const key of data.attachments?.media_keys ?? []) {
    const media = includes?.media?.find((one) => one.media_key === key);
    const file = media && fileOf(media);
    if (file) attachments.push(file);
    else rejected.push({ part: key, reason: 'no_address: X names no address of this file' });
  }
  return { attachments, rejected };
}

/** A picture; of a video the version with the best picture, of which X says one at least. */
function fileOf(media: Media): AttachmentRef | undefined {
  const videos = (media.variants ?? []).filter(({ content_type }) => content_type === 'video/mp4');
  const [best] = videos.sort((a, b) => (b.bit_rate ?? 0) - (a.bit_rate ?? 0));
  const url = best?.url ?? media.url ?? media.preview_image_url;
  if (url === undefined) return undefined;
  const isVideo = best?.url !== undefined;
  const isPng = !isVideo && /[./=]png(?:$|[?&:])/i.test(url);
  const contentType = isVideo ? 'video/mp4' : isPng ? 'image/png' : 'image/jpeg';
  const extension = isVideo ? 'mp4' : isPng ? 'png' : 'jpg';
  return { name: `${media.media_key}.${extension}`, contentType, url };
}
