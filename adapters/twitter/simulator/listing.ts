/** Lists of the played posts, newest first: https://docs.x.com/x-api/posts/search/integrate/paginate */
import type { Clock, RawReply } from '../../../src/core/channel.js';
import { idAt } from '../snowflake.js';
import type { PlayedPost, PlayedPosts } from './posts.js';
import { json, notFound, problem, withIncludes } from './wire.js';

const WEEK_MS = 7 * 86_400_000;

/** A token pins the posts that are older than the last one of its page. */
export function pageOf(
  posts: PlayedPosts,
  clock: Clock,
  query: URLSearchParams,
  fits: (post: PlayedPost) => boolean,
): RawReply {
  const sinceId = idOf(query.get('since_id'));
  const weekAgo = clock.now().getTime() - WEEK_MS;
  if (query.has('query') && sinceId !== undefined && sinceId < BigInt(idAt(weekAgo))) {
    return invalid("'since_id' must be a tweet id created after the last seven days.");
  }
  const start = timeOf(query.get('start_time'), Number.NEGATIVE_INFINITY);
  if (query.has('query') && query.has('start_time') && start < weekAgo) {
    return invalid("'start_time' must be on or after the last seven days.");
  }
  const end = timeOf(query.get('end_time'), Number.POSITIVE_INFINITY);
  const before = idOf((query.get('next_token') ?? query.get('pagination_token'))?.slice(1));
  const size = Math.min(Math.max(Number(query.get('max_results') ?? 10), 1), 100);
  const found = posts.visible().filter((post) => {
    const id = BigInt(post.id);
    const at = post.at.getTime();
    const inBounds = at >= start && at < end && id > (sinceId ?? 0n);
    return inBounds && (before === undefined || id < before) && fits(post);
  });
  const page = found.slice(0, size);
  const [first] = page;
  const last = page.at(-1);
  if (first === undefined || last === undefined) return json(200, { meta: { result_count: 0 } });
  const more = found.length > size ? { next_token: `b${last.id}` } : {};
  const meta = { result_count: page.length, newest_id: first.id, oldest_id: last.id, ...more };
  return json(200, { ...withIncludes(page, posts), meta });
}

export function lookUp(posts: PlayedPosts, ids: string): RawReply {
  const found: PlayedPost[] = [];
  const errors: object[] = [];
  for (const id of ids.split(',').filter((one) => /^[0-9]{1,19}$/.test(one))) {
    const post = posts.get(id);
    if (post && !post.isDeleted) found.push(post);
    else if (post !== undefined || !posts.isFromBefore(id)) errors.push(notFound(id));
  }
  const data = found.length > 0 ? withIncludes(found, posts) : {};
  return json(200, { ...data, ...(errors.length > 0 && { errors }) });
}

function invalid(detail: string): RawReply {
  return problem(400, 'Invalid Request', detail, { type: 'invalid-request' });
}

function idOf(text: string | null | undefined): bigint | undefined {
  return text !== null && text !== undefined && /^[0-9]{1,19}$/.test(text) ? BigInt(text) : undefined;
}

function timeOf(text: string | null, otherwise: number): number {
  const at = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? otherwise : at;
}
