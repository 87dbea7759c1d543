import { ChannelError } from '../../src/core/channel-error.js';
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
  WebhookReceiver,
} from '../../src/core/channel.js';
import type { AttachmentRef, InboundMessage } from '../../src/core/message.js';
import { GraphClient } from '../shared/meta/graph.js';
import { measureCharacters } from '../shared/meta/measure.js';
import { fetchMedia } from '../shared/meta/media.js';
import { metaReply, verifyMetaRequest } from '../shared/meta/signature.js';
import { findComments, findMessages, parsePulled, pulledRequest } from './history.js';
import { parsePageWebhook } from './inbound.js';
import { facebookPermission } from './permission.js';
import { createProbe } from './probe.js';
import { facebookPull, spanSince } from './pull.js';
import { reconcileReply } from './reconcile.js';
import { MESSENGER_LIMIT, sendReply } from './reply.js';
import type { FacebookSettings } from './settings.js';

/** 1000 events of Messenger's longest texts, escaped, would be more; Meta's real batches are far below. */
const MAX_WEBHOOK_BYTES = 8 * 1024 * 1024;

/** A Facebook page: its Messenger, and the comments under its posts. */
export class FacebookAdapter implements ChannelAdapter {
  readonly kind = 'facebook';
  readonly webhook: WebhookReceiver;
  readonly pull: PullReceiver;
  readonly probe: (signal: AbortSignal) => Promise<ChannelHealth>;
  readonly #settings: FacebookSettings;
  readonly #context: AdapterContext;
  readonly #graph: GraphClient;

  constructor(settings: FacebookSettings, context: AdapterContext) {
    const { channelId, clock } = context;
    const { appSecret, previousAppSecret, verifyToken, pageId, pageAccessToken, apiUrl, apiVersion } =
      settings;
    this.#settings = settings;
    this.#context = context;
    this.#graph = new GraphClient({ apiUrl, apiVersion, accessToken: pageAccessToken, appSecret, clock });
    const appSecrets = previousAppSecret === undefined ? [appSecret] : [appSecret, previousAppSecret];
    this.webhook = {
      maxBodyBytes: MAX_WEBHOOK_BYTES,
      verify: (request) => verifyMetaRequest(request, { appSecrets, verifyToken }),
      parse: (request) => parsePageWebhook(request, { channelId, pageId }),
      reply: metaReply,
    };
    this.pull = facebookPull({ graph: this.#graph, settings, channelId, clock });
    this.probe = createProbe({ graph: this.#graph, settings, clock });
  }

  /** By Messenger's limit, the smaller one: whether a comment is answered there is not known from the text. */
  measure(text: string): ReplyMeasure {
    return measureCharacters(text, MESSENGER_LIMIT, this.#context.replyCostIdr);
  }

  canReply(target: ReplyTarget, now: Date): ReplyPermission {
    return facebookPermission(this.#settings, target, now);
  }

  send(message: OutboundMessage, signal: AbortSignal): Promise<SendResult> {
    return sendReply(this.#graph, this.#settings, message, this.#context.clock.now(), signal);
  }

  reconcile(attempt: SendAttempt, signal: AbortSignal): Promise<Reconciliation> {
    const { clock } = this.#context;
    return reconcileReply({ graph: this.#graph, settings: this.#settings, clock }, attempt, signal);
  }

  async *list(since: Date, until: Date): AsyncIterable<InboundMessage> {
    const { channelId, clock } = this.#context;
    const { pageId, feedDays } = this.#settings;
    const { signal } = new AbortController();
    const span = spanSince(since, clock.now(), feedDays);
    for (const find of [findMessages, findComments]) {
      for await (const found of find(this.#graph, pageId, span, signal)) {
        const { events } = parsePulled(pulledRequest(found, clock.now()), { channelId, pageId });
        for (const event of events) if (event.type === 'message' && !isLater(event, until)) yield event;
      }
    }
  }

  /** Addresses of Meta's own file servers carry their permission in themselves; our token goes nowhere. */
  async fetchAttachment(ref: AttachmentRef, signal: AbortSignal): Promise<Buffer> {
    if (!ref.url) throw new ChannelError('rejected', 'the attachment has no address', { retry: 'never' });
    const { origin } = new URL(this.#settings.apiUrl);
    return await fetchMedia(ref.url, { origin, headers: {} }, signal);
  }

  close(): Promise<void> {
    return this.#graph.close();
  }
}

function isLater({ sentAt }: InboundMessage, until: Date): boolean {
  return sentAt !== undefined && Date.parse(sentAt) > until.getTime();
}
