/** Hands posts over to the gateway: each once in a run, with the cursor that says so. */
import type { InboundSink, PulledItem } from '../../src/core/channel.js';
import { movedOn, checked, startOf, readCursor, type KnownPost, type SourceCursor } from './cursor.js';
import { deletedOf } from './deleted.js';
import { listError } from './errors.js';
import { isOutOfReach, pagesOf, type PostList, type Start } from './lists.js';
import { payloadId } from './payload.js';
import { parseOrKeep, pullRequest } from './posts.js';
import type { SourceParts } from './source-parts.js';

/** Posts that this run has handed over already: the stream and the search both tell of a post. */
const MOST_SEEN = 10_000;
const HOUR_MS = 3_600_000;

export class Handover {
  readonly #parts: SourceParts;
  readonly #sink: InboundSink;
  readonly #accountId: string;
  readonly #seen = new Set<string>();
  #cursor: SourceCursor;

  /** @param cursor as the gateway kept it; undefined at the very first start. */
  constructor(parts: SourceParts, sink: InboundSink, accountId: string, cursor: unknown) {
    this.#parts = parts;
    this.#sink = sink;
    this.#accountId = accountId;
    this.#cursor = readCursor(cursor, parts.clock.now());
  }

  /** Posts as they come. Without `newestId` the cursor stays: more of the same gap follows. */
  async take(target: string, payloads: readonly unknown[], newestId?: string): Promise<void> {
    const fresh = payloads.filter((payload) => this.#isNew(payload));
    const now = this.#parts.clock.now();
    const items = fresh.map((payload) => this.#itemOf(target, payload, now));
    const posts = items.flatMap(({ parsed }) => parsed.events.flatMap(knownOf));
    const next = movedOn(this.#cursor, newestId, posts, now);
    const moves = newestId !== undefined && next.newestId !== this.#cursor.newestId;
    this.#parts.budget.read(fresh.length);
    if (items.length > 0 || moves) await this.#sink.accept(items, ...(newestId === undefined ? [] : [next]));
    this.#cursor = next;
    for (const id of fresh.flatMap((payload) => payloadId(payload) ?? [])) this.#remember(id);
  }

  /** All that the list has since the cursor; moves it after the last page only. Throws ChannelError. */
  async fill(list: PostList, signal: AbortSignal): Promise<void> {
    const { client, clock, logger, channelId } = this.#parts;
    const start = startOf(this.#cursor);
    const now = clock.now();
    if (isOutOfReach(list, start, now)) {
      logger.warn({ channel: channelId, source: list.name }, 'X does not tell what is older than seven days');
    }
    let newestId: string | undefined;
    try {
      for await (const page of pagesOf(client, list, start, { now, signal })) {
        newestId ??= page.newestId;
        const isLast = page.nextToken === undefined;
        await this.take(`x:${list.name}`, page.payloads, isLast ? newestId : undefined);
      }
    } catch (error) {
      throw listError(error);
    }
  }

  /** Tells of posts that their authors have deleted, now and then. Throws ChannelError. */
  async checkDeleted(signal: AbortSignal): Promise<void> {
    const { deletedHours, client, clock } = this.#parts;
    const now = clock.now();
    const { known, checkedAt } = this.#cursor;
    const age = now.getTime() - Date.parse(checkedAt);
    if (deletedHours === 0 || (age >= 0 && age < deletedHours * HOUR_MS)) return;
    const gone = await deletedOf(client, known, signal);
    this.#parts.budget.read(known.length - gone.length);
    const items = gone.map(([id, author_id]) =>
      this.#itemOf('x:lookup', { withdrawn: { id, author_id } }, now),
    );
    const next = checked(this.#cursor, new Set(gone.map(([id]) => id)), now);
    await this.#sink.accept(items, next);
    this.#cursor = next;
  }

  #itemOf(target: string, payload: unknown, receivedAt: Date): PulledItem {
    const request = pullRequest(target, payload, this.#accountId, receivedAt);
    return { request, parsed: parseOrKeep(request, this.#parts.channelId) };
  }

  #isNew(payload: unknown): boolean {
    const id = payloadId(payload);
    return id === undefined || !this.#seen.has(id);
  }

  #remember(id: string): void {
    this.#seen.add(id);
    const [oldest] = this.#seen;
    if (this.#seen.size > MOST_SEEN && oldest !== undefined) this.#seen.delete(oldest);
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
      parts.budget.read(items.length);
      if (items.length > 0) await sink.accept(items);
    }
  } catch (error) {
    throw listError(error);
  }
}
