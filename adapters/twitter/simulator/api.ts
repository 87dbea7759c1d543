/** X's API in its wire format, without its stream and its faults. */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock, RawReply, RawRequest } from '../../../src/core/channel.js';
import type { TwitterSettings } from '../settings.js';
import { POST_LIMIT, weightOf } from '../weighted.js';
import { lookUp, pageOf } from './listing.js';
import type { PlayedPosts } from './posts.js';
import { matchesQuery } from './query.js';
import { StreamRules, type StreamRule } from './rules.js';
import { isSigned } from './signature.js';
import { asUser, json, problem } from './wire.js';

const WINDOW_S = 15 * 60;

const newPost = z.looseObject({
  text: z.string(),
  reply: z.looseObject({ in_reply_to_tweet_id: z.string().regex(/^[0-9]{1,19}$/) }).optional(),
});

export interface XApiParts {
  readonly settings: TwitterSettings;
  readonly posts: PlayedPosts;
  readonly clock: Clock;
  /** Ends the connections of the stream. */
  readonly endStreams: () => void;
}

export class XApi {
  readonly #parts: XApiParts;
  readonly #rules: StreamRules;

  constructor(parts: XApiParts) {
    this.#parts = parts;
    this.#rules = new StreamRules(parts.clock);
  }

  get rules(): readonly StreamRule[] {
    return this.#rules.all;
  }

  loseRules(): void {
    this.#rules.clear();
  }

  /** @param path without a query. */
  handle(request: RawRequest, path: string): RawReply {
    const isUser = isSigned(request, path, this.#parts.settings);
    if (!isUser && !this.isApp(request)) return problem(401, 'Unauthorized', 'Unauthorized');
    const reply = this.#route(request, path, isUser);
    return { ...reply, headers: { ...this.limits(299), ...reply.headers } };
  }

  isApp(request: RawRequest): boolean {
    const given = Buffer.from(String(request.headers['authorization'] ?? ''));
    const expected = Buffer.from(`Bearer ${this.#parts.settings.bearerToken}`);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  limits(remaining: number, resetS = WINDOW_S): Readonly<Record<string, string>> {
    return {
      'x-rate-limit-limit': '300',
      'x-rate-limit-remaining': String(remaining),
      'x-rate-limit-reset': String(Math.ceil(this.#parts.clock.now().getTime() / 1_000) + resetS),
    };
  }

  #route(request: RawRequest, path: string, isUser: boolean): RawReply {
    const { posts, clock, endStreams } = this.#parts;
    const { account } = posts;
    const query = new URLSearchParams(request.target.split('?', 2)[1] ?? '');
    switch (`${request.method} ${path}`) {
      case 'GET /2/tweets/search/recent':
        return pageOf(posts, clock, query, (one) => matchesQuery(query.get('query') ?? '', one));
      case `GET /2/users/${account.id}/mentions`:
        return pageOf(
          posts,
          clock,
          query,
          ({ author, mentions }) => author !== account && mentions.includes(account),
        );
      case `GET /2/users/${account.id}/tweets`:
        return pageOf(posts, clock, query, ({ author }) => author === account);
      case 'GET /2/users/me':
        return isUser ? json(200, { data: asUser(account) }) : forbiddenApp();
      case 'GET /2/tweets':
        return lookUp(posts, query.get('ids') ?? '');
      case 'POST /2/tweets':
        return isUser ? this.#create(request.body) : forbiddenApp();
      case 'GET /2/tweets/search/stream/rules':
        return this.#rules.list();
      case 'POST /2/tweets/search/stream/rules':
        return this.#rules.change(readJson(request.body));
      case 'DELETE /2/connections/filtered_stream':
      case 'DELETE /2/connections/all':
        endStreams();
        return json(200, { data: { terminated: true } });
    }
    const post = /^\/2\/tweets\/([0-9]+)$/.exec(path)?.[1];
    if (request.method === 'DELETE' && post !== undefined && isUser) return this.#delete(post);
    return problem(404, 'Not Found', 'Not Found');
  }

  #create(body: Buffer): RawReply {
    const { posts } = this.#parts;
    const read = newPost.safeParse(readJson(body));
    if (!read.success) {
      return problem(400, 'Invalid Request', 'One or more parameters to your request was invalid.');
    }
    const { text, reply } = read.data;
    if (weightOf(text) > POST_LIMIT) return problem(403, 'Forbidden', 'Your Tweet text is too long.');
    const answers = reply?.in_reply_to_tweet_id;
    const refusal = answers === undefined ? undefined : this.#refusal(answers);
    if (refusal !== undefined) return problem(403, 'Forbidden', refusal);
    const post = posts.add({ author: posts.account, text, ...(answers !== undefined && { answers }) });
    return json(201, { data: { id: post.id, text: post.text, edit_history_tweet_ids: [post.id] } });
  }

  /** The rule of the summons, since 23 February 2026: https://docs.x.com/changelog */
  #refusal(answers: string): string | undefined {
    const { posts } = this.#parts;
    const { account } = posts;
    const post = posts.get(answers);
    if (post === undefined && posts.isFromBefore(answers)) return undefined;
    if (post === undefined || post.isDeleted) {
      return 'You attempted to reply to a Tweet that is deleted or not visible to you.';
    }
    const quotesUs = post.quotes !== undefined && posts.get(post.quotes)?.author === account;
    if (post.author === account || post.mentions.includes(account) || quotesUs) return undefined;
    return (
      'Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged ' +
      'by the author of the post you are replying to.'
    );
  }

  #delete(id: string): RawReply {
    const { posts } = this.#parts;
    const post = posts.get(id);
    if (post === undefined || post.author !== posts.account) {
      return problem(403, 'Forbidden', 'You are not authorized to delete this Tweet.');
    }
    posts.remove(post);
    return json(200, { data: { deleted: true } });
  }
}

function forbiddenApp(): RawReply {
  const detail = 'Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.';
  return problem(403, 'Unsupported Authentication', detail, { type: 'unsupported-authentication' });
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
