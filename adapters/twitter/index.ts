import type {
  AdapterContext,
  ChannelAdapter,
  ChannelHealth,
  OutboundMessage,
  PullReceiver,
  Reconciliation,
  ReplyMeasure,
  ReplyPermission,
  ReplyTarget,
  SendAttempt,
  SendResult,
} from '../../src/core/channel.js';
import type { ChannelKind } from '../../src/core/channel-kind.js';
import type { AttachmentRef, InboundMessage } from '../../src/core/message.js';
import { Account } from './account.js';
import { Budget } from './budget.js';
import { XClient } from './client.js';
import { listError } from './errors.js';
import { mentionsList, pagesOf, searchList } from './lists.js';
import { measurePosts } from './measure.js';
import { fetchMedia } from './media.js';
import { permissionOf } from './permission.js';
import { parseOrKeep, parsePost, pullRequest } from './posts.js';
import { Probe } from './probe.js';
import { Replies } from './replies.js';
import { queryOf, twitterSettings, type TwitterSettings } from './settings.js';
import { twitterSimulator } from './simulator.js';
import { ListSource, mentionsSource } from './source-list.js';
import type { SourceParts } from './source-parts.js';
import { STREAM_TIMING, StreamSource, type StreamTiming } from './source-stream.js';

/** Posts on X with the city's hashtag or its account's name, and answers to those who summon it. */
export const twitter: ChannelKind<TwitterSettings> = {
  kind: 'twitter',
  settings: twitterSettings,
  create: (settings, context) => new XChannel(settings, context),
  simulator: twitterSimulator,
};

export class XChannel implements ChannelAdapter {
  readonly kind = 'twitter';
  readonly pull: PullReceiver;
  readonly #settings: TwitterSettings;
  readonly #context: AdapterContext;
  readonly #client: XClient;
  readonly #account: Account;
  readonly #budget: Budget;
  readonly #replies: Replies;
  readonly #probe: Probe;

  constructor(settings: TwitterSettings, context: AdapterContext, timing: StreamTiming = STREAM_TIMING) {
    const { channelId, clock, logger } = context;
    this.#settings = settings;
    this.#context = context;
    const client = new XClient(settings, clock);
    const account = new Account(client, settings.accessToken);
    const limitCents = settings.monthlyBudgetCents;
    const budget = new Budget({ channelId, client, account, clock, logger, limitCents });
    const query = queryOf(settings, context.address);
    const { allowLinks, deletedHours, mode } = settings;
    this.#client = client;
    this.#account = account;
    this.#budget = budget;
    this.#replies = new Replies({ client, account, budget, clock, allowLinks });
    this.#probe = new Probe({ client, account, budget, mode, query, tag: channelId });
    const parts = { channelId, client, account, budget, clock, logger, deletedHours };
    this.pull = {
      sources: sourcesOf(settings, parts, query, timing),
      parse: async (request) => await Promise.resolve(parsePost(request, channelId)),
    };
  }

  measure(text: string): ReplyMeasure {
    const { allowLinks } = this.#settings;
    return measurePosts(text, { perPostIdr: this.#context.replyCostIdr, allowLinks });
  }

  canReply(target: ReplyTarget): ReplyPermission {
    const { enterprise } = this.#settings;
    return permissionOf(target, { enterprise, isBudgetSpent: () => this.#budget.forbids(['']) });
  }

  send(message: OutboundMessage, signal: AbortSignal): Promise<SendResult> {
    return this.#replies.send(message, signal);
  }

  reconcile(attempt: SendAttempt, signal: AbortSignal): Promise<Reconciliation> {
    return this.#replies.reconcile(attempt, signal);
  }

  async *list(since: Date, until: Date): AsyncIterable<InboundMessage> {
    const { signal } = new AbortController();
    const { clock, address, channelId } = this.#context;
    const accountId = await this.#account.id(signal);
    const lists = [searchList(queryOf(this.#settings, address))];
    if (this.#settings.mentionsSeconds > 0) lists.push(mentionsList(accountId));
    const told = new Set<string>();
    try {
      for (const list of lists) {
        const bounds = { now: clock.now(), until, signal };
        for await (const { payloads } of pagesOf(this.#client, list, { from: since }, bounds)) {
          for (const payload of payloads) {
            const request = pullRequest(`x:${list.name}`, payload, accountId, clock.now());
            for (const event of parseOrKeep(request, channelId).events) {
              if (event.type !== 'message' || told.has(event.externalId)) continue;
              told.add(event.externalId);
              yield event;
            }
          }
        }
      }
    } catch (error) {
      throw listError(error);
    }
  }

  fetchAttachment(ref: AttachmentRef, signal: AbortSignal): Promise<Buffer> {
    return fetchMedia(ref, this.#settings.apiUrl, signal);
  }

  probe(signal: AbortSignal): Promise<ChannelHealth> {
    return this.#probe.ask(signal);
  }
}

function sourcesOf(settings: TwitterSettings, parts: SourceParts, query: string, timing: StreamTiming) {
  const { mode, pollSeconds, mentionsSeconds } = settings;
  const search = () => Promise.resolve(searchList(query));
  const main =
    mode === 'stream'
      ? new StreamSource(parts, query, timing)
      : new ListSource(parts, 'search', search, pollSeconds * 1_000);
  return mentionsSeconds === 0 ? [main] : [main, mentionsSource(parts, mentionsSeconds * 1_000)];
}
