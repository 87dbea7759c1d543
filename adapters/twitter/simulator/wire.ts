/** Posts and problems in X's wire format: https://docs.x.com/x-api/fundamentals/data-dictionary */
import type { RawReply } from '../../../src/core/channel.js';
import type { PlayedPost, PlayedPosts } from './posts.js';
import type { PlayedUser } from './users.js';

const PROBLEMS = 'https://api.x.com/2/problems';

export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): RawReply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}

export interface ProblemDetails {
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly issue?: string;
}

export function problem(status: number, title: string, detail: string, more: ProblemDetails = {}): RawReply {
  const type = more.type === undefined ? 'about:blank' : `${PROBLEMS}/${more.type}`;
  const issue = more.issue === undefined ? {} : { connection_issue: more.issue };
  return json(status, { title, type, status, detail, ...issue }, more.headers);
}

export function notFound(id: string): object {
  return {
    value: id,
    detail: `Could not find tweet with ids: [${id}].`,
    title: 'Not Found Error',
    resource_type: 'tweet',
    parameter: 'ids',
    resource_id: id,
    type: `${PROBLEMS}/resource-not-found`,
  };
}

/** Posts with what they refer to, as every list and the stream have it. */
export function withIncludes(found: readonly PlayedPost[], posts: PlayedPosts) {
  const referred = found.flatMap(({ answers, quotes, retweets }) =>
    [answers, quotes, retweets].flatMap((id) => (id === undefined ? [] : (posts.get(id) ?? []))),
  );
  const users = new Map([...found, ...referred].map(({ author }) => [author.id, asUser(author)]));
  const tweets = referred.filter(({ isDeleted }) => !isDeleted).map(asPost);
  return {
    data: found.map(asPost),
    includes: { users: [...users.values()], ...(tweets.length > 0 && { tweets }) },
  };
}

function asPost(post: PlayedPost): object {
  const { id, author, text, at, conversationId, answers, quotes, retweets, mentions } = post;
  const references = [
    { type: 'replied_to', id: answers },
    { type: 'quoted', id: quotes },
    { type: 'retweeted', id: retweets },
  ].filter((one) => one.id !== undefined);
  const urls = [...text.matchAll(/https?:\/\/\S+/g)].map(([url]) => ({ url, expanded_url: url }));
  const named = mentions.map((user) => ({ id: user.id, username: user.username }));
  return {
    id,
    text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    author_id: author.id,
    created_at: at.toISOString(),
    conversation_id: conversationId,
    edit_history_tweet_ids: [id],
    ...(references.length > 0 && { referenced_tweets: references }),
    ...(named.length + urls.length > 0 && {
      entities: { ...(named.length > 0 && { mentions: named }), ...(urls.length > 0 && { urls }) },
    }),
  };
}

export function asUser({ id, username, name }: PlayedUser): object {
  return { id, username, name };
}
