/**
 * Lists of posts, newest first in pages: the recent search and the mentions of the account.
 * https://docs.x.com/x-api/posts/search/integrate/paginate
 */
import { unreadableError } from './errors.js';
import type { Identity, XClient } from './client.js';
import { POST_FIELDS, readPage, type PostPage } from './payload.js';
import { timeOfId } from './snowflake.js';

const PAGE_SIZE = 100;
const DAY_MS = 86_400_000;
/** The recent search reaches back seven days; a little less, as both clocks say differently what that is. */
export const SEARCH_REACH_MS = 7 * DAY_MS - 10 * 60_000;
/** `end_time` must lie so far in the past. */
const SETTLED_MS = 15_000;

export interface PostList {
  /** `search` or `mentions`: a label. */
  readonly name: string;
  readonly path: string;
  readonly as: Identity;
  readonly query: Readonly<Record<string, string>>;
  /** What the list still has. Undefined: it ends by number, not by age. */
  readonly reachMs?: number;
}

export function searchList(query: string): PostList {
  return {
    name: 'search',
    path: 'tweets/search/recent',
    as: 'app',
    query: { query },
    reachMs: SEARCH_REACH_MS,
  };
}

export function mentionsList(accountId: string): PostList {
  return { name: 'mentions', path: `users/${accountId}/mentions`, as: 'user', query: {} };
}

/** From where on a list is read. */
export type Start = { readonly sinceId: string } | { readonly from: Date };

/**
 * Page after page under the same start: X counts `since_id` with the first page, so that moving it on between
 * pages would skip posts. The caller may move on to the first page's `newestId` after the last page.
 * @param until exclusive. Throws ChannelError.
 */
export async function* pagesOf(
  client: XClient,
  list: PostList,
  start: Start,
  { now, until, signal }: { readonly now: Date; readonly until?: Date; readonly signal: AbortSignal },
): AsyncGenerator<PostPage> {
  let token: string | undefined;
  const bounds = { ...startOf(list, start, now), ...endOf(until, now) };
  do {
    const query = {
      ...POST_FIELDS,
      ...list.query,
      ...bounds,
      max_results: PAGE_SIZE,
      ...(token !== undefined && { [list.name === 'search' ? 'next_token' : 'pagination_token']: token }),
    };
    const { data } = await client.get(list.path, query, { as: list.as, signal });
    const page = readPage(data);
    if (page === undefined) throw unreadableError();
    yield page;
    token = page.nextToken;
  } while (token !== undefined);
}

/** True where part of what is missing is older than the list reaches. */
export function isOutOfReach(list: PostList, start: Start, now: Date): boolean {
  const from = 'from' in start ? start.from.getTime() : timeOfId(start.sinceId);
  return list.reachMs !== undefined && from < now.getTime() - list.reachMs;
}

/** An older start is answered with 400: https://docs.x.com/x-api/posts/search-recent-posts */
function startOf(list: PostList, start: Start, now: Date): Readonly<Record<string, string>> {
  const earliest = now.getTime() - (list.reachMs ?? Number.POSITIVE_INFINITY);
  if (isOutOfReach(list, start, now)) return { start_time: rfc3339(new Date(earliest)) };
  return 'from' in start ? { start_time: rfc3339(start.from) } : { since_id: start.sinceId };
}

function endOf(until: Date | undefined, now: Date): Readonly<Record<string, string>> {
  const isPast = until !== undefined && until.getTime() < now.getTime() - SETTLED_MS;
  return isPast ? { end_time: rfc3339(until) } : {};
}

/** X takes whole seconds. */
function rfc3339(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
