/** Hands posts over to the gateway: each once in a run, with the cursor that says so. */
import type { InboundSink, PulledItem } from '../../src/core/channel.js';
import {
  checked,
  firstCursor,
  knowing,
  readCursor,
  searched,
  type KnownPost,
  type SourceCursor,
} from './cursor.js';
import { deletedOf } from './deleted.js';
import { listError } from './errors.js';
import { isOutOfReach, pagesOf, type PostList, type Start } from './lists.js';
import { payloadId } from './payload.js';
import { parseOrKeep, pullRequest } from './posts.js';
import { timeOfId } from './snowflake.js';
import type { SourceParts } from './source-parts.js';

/** Posts that this run has handed over already: the stream and the search both tell of a post. */
const MOST_SEEN = 10_000;
const HOUR_MS = 3_600_000;
/** Without posts a cursor is saved now and then, so that a restart does not search for long. */
const SAVE_EVERY_MS = HOUR_MS;

export class Handover {
  readonly #parts: SourceParts;
  readonly #sink: InboundSink;
  readonly #accountId: string;
  readonly #seen = new Set<string>();
  #cursor: SourceCursor;
  /** Of the cursor that the gateway has; undefined where it has none. */
  #savedId: string | undefined;

  /** @param cursor as the gateway kept it; undefined at the very first start. */
  constructor(parts: SourceParts, sink: InboundSink, accountId: string, cursor: unknown) {
    this.#parts = parts;
    this.#sink = sink;
    this.#accountId = accountId;
    const kept = readCursor(cursor);
    this.#cursor = kept ?? firstCursor(parts.clock.now());
    this.#savedId = kept?.sinceId;
  }

  /** Posts as they come. The cursor stays where it is: what comes on a stream does not prove that nothing is missing. */
  async take(target: string, payloads: readonly unknown[]): Promise<void> {
    const { items, cursor } = this.#read(target, payloads);
    if (items.length > 0) await this.#sink.accept(items);
    this.#handedOver(payloads, cursor);
  }

  /** All that the list has since the cursor; moves it after the last page only. Throws ChannelError. */
  async fill(list: PostList, signal: AbortSignal): Promise<void> {
    const { client, clock, logger, channelId } = this.#parts;
    const start = { sinceId: this.#cursor.sinceId };
    const now = clock.now();
    if (isOutOfReach(list, start, now)) {
      logger.warn({ channel: channelId, source: list.name }, 'X does not tell what is older than seven days');
    }
    let newestId: string | undefined;
    try {
      for await (const { payloads, nextToken, ...page } of pagesOf(client, list, start, { now, signal })) {
        newestId ??= page.newestId;
        const target = `x:${list.name}`;
        if (nextToken === undefined) await this.#finish(target, payloads, newestId, now);
        else await this.take(target, payloads);
      }
    } catch (error) {
      throw listError(error);
    }
  }

  async #finish(
    target: string,
    payloads: readonly unknown[],
    newestId: string | undefined,
    askedAt: Date,
  ): Promise<void> {
    const { items, cursor } = this.#read(target, payloads);
    const next = searched(cursor, newestId, askedAt);
    const age = this.#savedId === undefined ? Infinity : timeOfId(next.sinceId) - timeOfId(this.#savedId);
    if (items.length > 0 || age >= SAVE_EVERY_MS) {
      await this.#sink.accept(items, next);
      this.#savedId = next.sinceId;
    }
    this.#handedOver(payloads, next);
  }

  /** Tells of posts that their authors have deleted, now and then. Throws ChannelError. */
  async checkDeleted(signal: AbortSignal): Promise<void> {
    const { deletedHours, client, clock } = this.#parts;
    const now = clock.now();
    const { known, checkedAt } = this.#cursor;
    const age = now.getTime() - Date.parse(checkedAt);
    if (deletedHours === 0 || (age >= 0 && age < deletedHours * HOUR_MS)) return;
    const gone = await deletedOf(client, known, signal);
    this.#parts.budget.read(known.length - gone.length, false);
    const items = gone.map(([id, author_id]) =>
      this.#itemOf('x:lookup', { withdrawn: { id, author_id } }, now),
    );
    const next = checked(this.#cursor, new Set(gone.map(([id]) => id)), now);
    await this.#sink.accept(items, next);
    this.#savedId = next.sinceId;
    this.#cursor = next;
  }

  /** Those that this run has not handed over, and the cursor that knows them. */
  #read(target: string, payloads: readonly unknown[]): { items: PulledItem[]; cursor: SourceCursor } {
    const now = this.#parts.clock.now();
    const here = new Set<string>();
    const fresh = payloads.filter((payload) => {
      const id = payloadId(payload);
      if (id === undefined) return true;
      const isNew = !this.#seen.has(id) && !here.has(id);
      here.add(id);
      return isNew;
    });
    this.#parts.budget.read(fresh.length, target === 'x:mentions');
    const items = fresh.map((payload) => this.#itemOf(target, payload, now));
    const posts = items.flatMap(({ parsed }) => parsed.events.flatMap(knownOf));
    return { items, cursor: knowing(this.#cursor, posts, now) };
  }

  #handedOver(payloads: readonly unknown[], cursor: SourceCursor): void {
    this.#cursor = cursor;
    for (const id of payloads.flatMap((payload) => payloadId(payload) ?? [])) {
      this.#seen.add(id);
      const [oldest] = this.#seen;
      if (this.#seen.size > MOST_SEEN && oldest !== undefined) this.#seen.delete(oldest);
    }
  }

  #itemOf(target: string, payload: unknown, receivedAt: Date): PulledItem {
    const request = pullRequest(target, payload, this.#accountId, receivedAt);
    return { request, parsed: parseOrKeep(request, this.#parts.channelId) };
  }
}

function knownOf(event: PulledItem['parsed']['events'][number]): KnownPost[] {
  return event.type === 'message' ? [[event.externalId, event.from.value]] : [];
}

/** Everything of a list since a date, without a cursor. Throws ChannelError. */
export async function handOverSince(
  parts: SourceParts,
  list: PostList,
  sink: InboundSink,
  start: Start,
  signal: AbortSignal,
): Promise<void> {
  const accountId = await parts.account.id(signal);
  const now = parts.clock.now();
  try {
    for await (const page of pagesOf(parts.client, list, start, { now, signal })) {
      const items = page.payloads.map((payload) => {
        const request = pullRequest(`x:${list.name}`, payload, accountId, now);
        return { request, parsed: parseOrKeep(request, parts.channelId) };
      });
      parts.budget.read(items.length, list.as === 'user');
      if (items.length > 0) await sink.accept(items);
    }
  } catch (error) {
    throw listError(error);
  }
}
