/**
 * What X costs the city in a calendar month (UTC), and the limit for replies. An adapter has no database: the replies
 * of the month are counted from the account's own posts, once a day, and from then on as they are sent. Reading
 * is counted since this process began, and never stopped: a complaint is worth more than half a cent.
 */
import { z } from 'zod';
import type { Clock, Logger } from '../../src/core/channel.js';
import type { Account } from './account.js';
import type { XClient } from './client.js';
import { pagesOf, type PostList } from './lists.js';
import { linksOf } from './weighted.js';

/** Thousandths of a US dollar, of October 2026: https://docs.x.com/x-api/getting-started/pricing */
export const PRICE = { read: 5, ownRead: 1, reply: 10, withLink: 200 } as const;

const RECOUNT_MS = 24 * 3_600_000;
/** After a count that failed. */
const TRY_AGAIN_MS = 10 * 60_000;
/** Each costs a tenth of a cent; a city that writes more should raise its eyebrows anyway. */
const MOST_PAGES = 10;

const ownPost = z.looseObject({
  data: z.looseObject({
    referenced_tweets: z.array(z.looseObject({ type: z.string() })).optional(),
    entities: z.looseObject({ urls: z.array(z.unknown()).optional() }).optional(),
  }),
});

export interface BudgetParts {
  readonly channelId: string;
  readonly client: XClient;
  readonly account: Account;
  readonly clock: Clock;
  readonly logger: Logger;
  /** US cents; 0 is no limit. */
  readonly limitCents: number;
}

export class Budget {
  readonly #parts: BudgetParts;
  #month = '';
  #replyMills = 0;
  #readMills = 0;
  #countAgainAt = 0;

  constructor(parts: BudgetParts) {
    this.#parts = parts;
  }

  /** Counts the month's replies at X where that was not done today. Never throws: a city must not fall silent for it. */
  async refresh(signal: AbortSignal): Promise<void> {
    this.#turn();
    const { limitCents, clock, logger, channelId } = this.#parts;
    const now = clock.now().getTime();
    if (limitCents === 0 || now < this.#countAgainAt || signal.aborted) return;
    try {
      this.#replyMills = Math.max(this.#replyMills, await this.#countAtProvider(signal));
      this.#countAgainAt = now + RECOUNT_MS;
    } catch {
      this.#countAgainAt = now + TRY_AGAIN_MS;
      logger.debug({ channel: channelId }, 'The replies of the month could not be counted at X');
    }
  }

  /** Posts were read. `isOwn`: as the account, and about it. */
  read(posts: number, isOwn: boolean): void {
    this.#turn();
    this.#readMills += posts * (isOwn ? PRICE.ownRead : PRICE.read);
  }

  /** A reply was posted. */
  spent(text: string): void {
    this.#turn();
    this.#replyMills += priceOf(text);
  }

  /** Whether these posts would go over the limit. */
  forbids(posts: readonly string[]): boolean {
    this.#turn();
    const { limitCents } = this.#parts;
    const more = posts.reduce((sum, text) => sum + priceOf(text), 0);
    return limitCents > 0 && this.#replyMills + more > limitCents * 10;
  }

  /** For operators. */
  words(): string {
    this.#turn();
    const dollars = (mills: number) => `$${(mills / 1_000).toFixed(2)}`;
    const { limitCents } = this.#parts;
    const limit = limitCents === 0 ? '' : ` of ${dollars(limitCents * 10)}`;
    return `replies of ${this.#month} about ${dollars(this.#replyMills)}${limit}, reading since the start about ${dollars(this.#readMills)}`;
  }

  #turn(): void {
    const month = this.#parts.clock.now().toISOString().slice(0, 7);
    if (month === this.#month) return;
    this.#month = month;
    this.#replyMills = 0;
    this.#countAgainAt = 0;
  }

  async #countAtProvider(signal: AbortSignal): Promise<number> {
    const { client, account, clock } = this.#parts;
    const list = ownPosts(await account.id(signal));
    const start = { from: new Date(`${this.#month}-01T00:00:00Z`) };
    let mills = 0;
    let pages = 0;
    for await (const { payloads } of pagesOf(client, list, start, { now: clock.now(), signal })) {
      for (const payload of payloads) mills += priceAtProvider(payload);
      if (++pages === MOST_PAGES) break;
    }
    return mills;
  }
}

/** What the account itself posted. */
export function ownPosts(accountId: string): PostList {
  return { name: 'own', path: `users/${accountId}/tweets`, as: 'user', query: {} };
}

function priceOf(text: string): number {
  return linksOf(text).length > 0 ? PRICE.withLink : PRICE.reply;
}

/** What the city's people post by hand costs nothing and cannot be told apart, unless it answers nobody. */
function priceAtProvider(payload: unknown): number {
  const read = ownPost.safeParse(payload);
  if (!read.success) return 0;
  const { referenced_tweets = [], entities } = read.data.data;
  if (!referenced_tweets.some(({ type }) => type === 'replied_to')) return 0;
  return (entities?.urls?.length ?? 0) > 0 ? PRICE.withLink : PRICE.reply;
}
