/**
 * Looks now and then at what no webhook told us: Meta gives up after 36 hours, and unsubscribes a page whose
 * webhook fails for an hour. What is known already does no harm: it has the same id.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, InboundSink, PulledItem, PullReceiver, PullSource } from '../../src/core/channel.js';
import type { GraphClient } from '../shared/meta/graph.js';
import { isObject, timeIn } from '../shared/meta/payload.js';
import { findComments, findMessages, parsePulled, pulledRequest, type Found, type Span } from './history.js';
import type { FacebookSettings } from './settings.js';

/** Lists lag behind, and Meta's clock may differ from ours: each look goes back a little before the last one. */
const OVERLAP_MS = 10 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** Handed over in one transaction. */
const BATCH = 100;

export interface PullParts {
  readonly graph: GraphClient;
  readonly settings: Pick<FacebookSettings, 'pageId' | 'pollSeconds' | 'feedDays'>;
  readonly channelId: string;
  readonly clock: Clock;
}

type Find = (span: Span, signal: AbortSignal) => AsyncIterable<Found>;

export function facebookPull(parts: PullParts): PullReceiver {
  const { graph, settings, channelId } = parts;
  const { pageId } = settings;
  return {
    sources: [
      source(parts, 'messages', (span, signal) => findMessages(graph, pageId, span, signal)),
      source(parts, 'comments', (span, signal) => findComments(graph, pageId, span, signal)),
    ],
    // An async function, so that what it throws is a rejection.
    parse: async (request) => await Promise.resolve(parsePulled(request, { channelId, pageId })),
  };
}

/** Posts as old as that may have got new comments. */
export function spanSince(since: Date, now: Date, feedDays: number): Span {
  return { since, postsSince: new Date(Math.min(since.getTime(), now.getTime() - feedDays * DAY_MS)) };
}

function source({ settings, channelId, clock }: PullParts, name: string, find: Find): PullSource {
  const { pageId, pollSeconds, feedDays } = settings;

  async function look(since: Date, signal: AbortSignal): Promise<PulledItem[]> {
    const items: { readonly at: string; readonly pulled: PulledItem }[] = [];
    for await (const found of find(spanSince(since, clock.now(), feedDays), signal)) {
      const request = pulledRequest(found, clock.now());
      const pulled = { request, parsed: parsePulled(request, { channelId, pageId }) };
      items.push({ at: timeIn(found.item, 'created_time') ?? '', pulled });
    }
    // Lists have the newest first, and times are whole seconds; a case is opened by what was written first.
    return items
      .toReversed()
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
      .map(({ pulled }) => pulled);
  }

  /** The cursor goes with the last batch: before it, not everything up to there is handed over. */
  async function handOver(sink: InboundSink, items: readonly PulledItem[], cursor?: unknown): Promise<void> {
    for (let at = 0; at + BATCH < items.length; at += BATCH) await sink.accept(items.slice(at, at + BATCH));
    await sink.accept(items.slice(Math.max(0, Math.ceil(items.length / BATCH) - 1) * BATCH), cursor);
  }

  return {
    name,
    async run(sink, cursor, signal) {
      // At the very first start there is no past of ours; whoever wants the page's asks for a backfill.
      let since = sinceOf(cursor) ?? clock.now();
      while (!signal.aborted) {
        const startedAt = clock.now();
        const items = await look(new Date(since.getTime() - OVERLAP_MS), signal);
        await handOver(sink, items, { since: startedAt.toISOString() });
        since = startedAt;
        await sleep(pollSeconds * 1000, undefined, { signal }).catch(() => undefined);
      }
    },
    async backfill(sink, since, signal) {
      await handOver(sink, await look(since, signal));
    },
  };
}

function sinceOf(cursor: unknown): Date | undefined {
  const since = isObject(cursor) ? timeIn(cursor, 'since') : undefined;
  return since === undefined ? undefined : new Date(since);
}
