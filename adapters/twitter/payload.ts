/** Posts in X's wire format: https://docs.x.com/x-api/fundamentals/data-dictionary. Only what is read is demanded. */
import { z } from 'zod';
import { isId } from './snowflake.js';

const id = z.string().refine(isId, { error: 'not an id' });

const user = z.looseObject({ id, name: z.string().optional(), username: z.string().optional() });

const media = z.looseObject({
  media_key: z.string(),
  type: z.string().optional(),
  url: z.string().optional(),
  preview_image_url: z.string().optional(),
  variants: z
    .array(
      z.looseObject({
        url: z.string().optional(),
        content_type: z.string().optional(),
        bit_rate: z.number().optional(),
      }),
    )
    .optional(),
});

const entities = z.looseObject({
  mentions: z.array(z.looseObject({ id: id.optional(), username: z.string().optional() })).optional(),
});

const post = z.looseObject({
  id,
  text: z.string(),
  author_id: id,
  created_at: z.string().optional(),
  conversation_id: id.optional(),
  referenced_tweets: z.array(z.looseObject({ type: z.string(), id })).optional(),
  entities: entities.optional(),
  /** Of a post that is longer than 280 characters: its whole text and its mentions. */
  note_tweet: z.looseObject({ text: z.string(), entities: entities.optional() }).optional(),
  attachments: z.looseObject({ media_keys: z.array(z.string()).optional() }).optional(),
  /** Oldest first; each edit is a post of its own. */
  edit_history_tweet_ids: z.array(id).optional(),
});

/** One post with what it refers to, as the stream sends it. */
export const postPayload = z.looseObject({
  data: post,
  includes: z
    .looseObject({
      users: z.array(user).optional(),
      media: z.array(media).optional(),
      tweets: z.array(z.looseObject({ id, text: z.string(), author_id: id.optional() })).optional(),
    })
    .optional(),
});

export type PostPayload = z.infer<typeof postPayload>;
export type Post = z.infer<typeof post>;
export type Media = z.infer<typeof media>;

/** What every request for posts asks for, so that a post is the same wherever it comes from. */
export const POST_FIELDS = {
  'tweet.fields':
    'author_id,created_at,conversation_id,in_reply_to_user_id,referenced_tweets,entities,attachments,note_tweet,edit_history_tweet_ids',
  expansions: 'author_id,attachments.media_keys,referenced_tweets.id',
  'user.fields': 'name,username',
  'media.fields': 'type,url,preview_image_url,variants',
} as const;

/** A page of a list. Posts stay as they came: one that cannot be read must not hide the others. */
const page = z.looseObject({
  data: z.array(z.unknown()).optional(),
  includes: z
    .looseObject({
      users: z.array(z.unknown()).optional(),
      media: z.array(z.unknown()).optional(),
      tweets: z.array(z.unknown()).optional(),
    })
    .optional(),
  meta: z.looseObject({ newest_id: z.string().optional(), next_token: z.string().optional() }).optional(),
});

export interface PostPage {
  /** Newest first, each with what it refers to and nothing else. */
  readonly payloads: readonly unknown[];
  readonly newestId: string | undefined;
  readonly nextToken: string | undefined;
}

/** Undefined where it is no page at all. */
export function readPage(body: unknown): PostPage | undefined {
  const read = page.safeParse(body);
  if (!read.success) return undefined;
  const { data = [], includes = {}, meta = {} } = read.data;
  const { newest_id: newestId, next_token: nextToken } = meta;
  return {
    payloads: data.map((one) => withIncludes(one, includes)),
    newestId: isId(newestId) ? newestId : undefined,
    nextToken,
  };
}

interface Includes {
  readonly users?: unknown[] | undefined;
  readonly media?: unknown[] | undefined;
  readonly tweets?: unknown[] | undefined;
}

/** As the stream would have sent it. */
function withIncludes(data: unknown, { users, media: files, tweets }: Includes): unknown {
  const read = post.safeParse(data);
  if (!read.success) return { data };
  const { author_id, attachments, referenced_tweets = [] } = read.data;
  const named = (list: unknown[] | undefined, key: string, wanted: readonly string[]) =>
    (list ?? []).filter((one) => wanted.includes(fieldOf(one, key)));
  const kept = {
    users: named(users, 'id', [author_id]),
    media: named(files, 'media_key', attachments?.media_keys ?? []),
    tweets: named(
      tweets,
      'id',
      referenced_tweets.map((one) => one.id),
    ),
  };
  return { data, includes: kept };
}

function fieldOf(value: unknown, name: string): string {
  const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof field === 'string' ? field : '';
}

/** The id of a post in a payload that may be anything. */
export function payloadId(payload: unknown): string | undefined {
  const data: unknown =
    typeof payload === 'object' && payload !== null ? Reflect.get(payload, 'data') : undefined;
  const found = fieldOf(data, 'id');
  return isId(found) ? found : undefined;
}
