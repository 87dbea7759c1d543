/**
 * Answers in public: https://docs.x.com/x-api/posts/create-post
 *
 * A long answer is a thread, and its id is that of its first post. When it breaks off in the middle, the posts that
 * are there must not be made again: the next attempt goes on behind them. It knows them from memory, or, after a
 * crash or in another process, from the account's own posts.
 */
import { z } from 'zod';
import { ChannelError } from '../../src/core/channel-error.js';
import type {
  Clock,
  OutboundMessage,
  Reconciliation,
  SendAttempt,
  SendResult,
} from '../../src/core/channel.js';
import type { Account } from './account.js';
import { ownPosts, type Budget } from './budget.js';
import { chainsOf, readOwnPost, type OwnPost } from './chain.js';
import type { XClient } from './client.js';
import { DUPLICATE_CONTENT, unreadableError } from './errors.js';
import { pagesOf } from './lists.js';
import { isId } from './snowflake.js';
import { MOST_POSTS, splitPosts } from './split.js';
import { linksOf } from './weighted.js';

/** A post that the list lacks is believed not to exist only this long after the attempt. */
const LIST_DELAY_MS = 60_000;
/** X's clock and ours may differ by this much without hiding a post. */
const CLOCK_TOLERANCE_MS = 15 * 60_000;
/** Replies are tried for a day. */
const TRIED_FOR_MS = 25 * 3_600_000;
const MOST_PAGES = 10;
const MOST_UNFINISHED = 1_000;
/** A refusal as a duplicate on these attempts may mean that an earlier one got through after all. */
const DOUBTFUL_ATTEMPTS = new Set([2, 3]);

const created = z.looseObject({ data: z.looseObject({ id: z.string().refine(isId) }) });

export interface ReplyParts {
  readonly client: XClient;
  readonly account: Account;
  readonly budget: Pick<Budget, 'refresh' | 'forbids' | 'spent'>;
  readonly clock: Clock;
  readonly allowLinks: boolean;
}

export class Replies {
  readonly #parts: ReplyParts;
  /** Posts of answers that broke off, by outbox id. */
  readonly #unfinished = new Map<string, readonly string[]>();

  constructor(parts: ReplyParts) {
    this.#parts = parts;
  }

  /** Throws ChannelError; `not_sent` also where a thread broke off, as the next attempt goes on behind it. */
  async send(message: OutboundMessage, signal: AbortSignal): Promise<SendResult> {
    const { budget } = this.#parts;
    const { target, posts } = this.#planOf(message);
    await budget.refresh(signal);
    const done = [...(await this.#doneOf(message, target, posts, signal))];
    if (budget.forbids(posts.slice(done.length))) throw overBudget();
    for (const text of posts.slice(done.length)) {
      const id = await this.#post(text, done.at(-1) ?? target, signal).catch((cause: unknown) => {
        this.#keep(message.id, done, cause);
        throw doubted(cause, message.attempt);
      });
      done.push(id);
      budget.spent(text);
    }
    this.#unfinished.delete(message.id);
    return { externalId: done[0] ?? '', segments: posts.length };
  }

  /** Looks the answer up among the account's own posts. Throws ChannelError. */
  async reconcile(attempt: SendAttempt, signal: AbortSignal): Promise<Reconciliation> {
    const { message, startedAt, now } = attempt;
    const target = targetOf(message);
    if (target === undefined) return { state: 'not_sent' };
    const posts = splitPosts(message.text);
    const own = await this.#ownSince(new Date(startedAt.getTime() - CLOCK_TOLERANCE_MS), signal);
    if (own === undefined) return { state: 'unknown', reason: 'X lists too many posts' };
    const free: string[][] = [];
    for (const chain of chainsOf(own, target, posts)) {
      if (!(await attempt.isClaimed(chain[0] ?? ''))) free.push(chain);
    }
    const [only, ...others] = free;
    if (others.length > 0) return { state: 'unknown', reason: 'several posts at X fit' };
    if (only?.length === posts.length) return { state: 'sent', externalId: only[0] ?? '' };
    if (now.getTime() - startedAt.getTime() < LIST_DELAY_MS) {
      return { state: 'unknown', reason: 'too early to believe that X does not have it' };
    }
    // Also where a part of the thread is there: the next attempt looks for it and goes on.
    this.#unfinished.delete(message.id);
    return { state: 'not_sent' };
  }

  #planOf(message: OutboundMessage): { target: string; posts: readonly string[] } {
    const target = targetOf(message);
    if (target === undefined) throw refused('there is no post that is answered', 'no_post');
    const posts = splitPosts(message.text);
    if (posts.length === 0) throw refused('the text is empty', 'empty');
    // Everybody reads along; where nobody says whose case it is, it may be a secret one.
    if ((message.confidentiality ?? 'secret') === 'secret') {
      throw new ChannelError('not_permitted', 'a secret case is not answered in public', {
        retry: 'never',
        providerCode: 'secret',
      });
    }
    if (posts.length > MOST_POSTS) throw refused('the text is too long for a thread', 'too_long');
    if (!this.#parts.allowLinks && linksOf(message.text).length > 0)
      throw refused('links are not allowed', 'link');
    // https://help.x.com/en/rules-and-policies/x-automation: no automatic answers to those who did not ask us.
    if (message.automated && message.thread?.addressed !== true) {
      throw new ChannelError('not_permitted', 'X forbids automatic answers to those who did not mention us', {
        retry: 'never',
        providerCode: 'automation',
      });
    }
    return { target, posts };
  }

  async #doneOf(
    message: OutboundMessage,
    target: string,
    posts: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const known = this.#unfinished.get(message.id);
    if (known !== undefined) return known;
    if (posts.length === 1 || message.attempt === 1) return [];
    const since = new Date(this.#parts.clock.now().getTime() - TRIED_FOR_MS);
    const own = await this.#ownSince(since, signal);
    const chains = chainsOf(own ?? [], target, posts);
    return chains.sort((a, b) => b.length - a.length)[0] ?? [];
  }

  async #post(text: string, answers: string, signal: AbortSignal): Promise<string> {
    const body = { text, reply: { in_reply_to_tweet_id: answers } };
    const { data } = await this.#parts.client.post('tweets', body, { as: 'user', signal });
    const read = created.safeParse(data);
    if (!read.success) throw unreadableError();
    return read.data.data.id;
  }

  /** Undefined where the list does not come to an end. */
  async #ownSince(from: Date, signal: AbortSignal): Promise<OwnPost[] | undefined> {
    const { client, account, clock } = this.#parts;
    const list = ownPosts(await account.id(signal));
    const own: OwnPost[] = [];
    let pages = 0;
    for await (const { payloads } of pagesOf(client, list, { from }, { now: clock.now(), signal })) {
      if (++pages > MOST_PAGES) return undefined;
      own.push(...payloads.flatMap((payload) => readOwnPost(payload) ?? []));
    }
    return own;
  }

  /** Where it is uncertain whether the last post was made, only X may tell how far the thread goes. */
  #keep(outboxId: string, done: readonly string[], cause: unknown): void {
    const isCertain = cause instanceof ChannelError && cause.certainty === 'not_sent';
    if (!isCertain || done.length === 0) {
      this.#unfinished.delete(outboxId);
      return;
    }
    this.#unfinished.set(outboxId, done);
    const [oldest] = this.#unfinished.keys();
    if (this.#unfinished.size > MOST_UNFINISHED && oldest !== undefined) this.#unfinished.delete(oldest);
  }
}

/** The citizen's post: the nearest reference. */
function targetOf({ thread }: OutboundMessage): string | undefined {
  const [nearest] = thread?.references ?? [];
  return isId(nearest) ? nearest : undefined;
}

function doubted(cause: unknown, attempt: number): unknown {
  const isDuplicate = cause instanceof ChannelError && cause.providerCode === DUPLICATE_CONTENT;
  if (!isDuplicate || !DOUBTFUL_ATTEMPTS.has(attempt)) return cause;
  return new ChannelError('rejected', cause.message, {
    retry: 'backoff',
    certainty: 'unknown',
    providerCode: DUPLICATE_CONTENT,
  });
}

function refused(words: string, providerCode: string): ChannelError {
  return new ChannelError('rejected', `not posted: ${words}`, { retry: 'never', providerCode });
}

function overBudget(): ChannelError {
  return new ChannelError('not_permitted', "the month's budget for replies on X is spent", {
    retry: 'never',
    providerCode: 'budget',
  });
}
