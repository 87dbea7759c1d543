import { ChannelError } from '../../src/core/channel-error.js';
import type {
  AdapterContext,
  ChannelAdapter,
  ChannelHealth,
  OutboundMessage,
  ReplyMeasure,
  ReplyPermission,
  ReplyTarget,
  SendResult,
  WebhookReceiver,
} from '../../src/core/channel.js';
import type { AttachmentRef } from '../../src/core/message.js';
import { GraphClient } from '../shared/meta/graph.js';
import { measureCharacters } from '../shared/meta/measure.js';
import { metaReply, verifyMetaRequest } from '../shared/meta/signature.js';
import { WHATSAPP_CODES } from './errors.js';
import { parseWhatsappWebhook } from './inbound.js';
import { fetchWhatsappMedia } from './media.js';
import { whatsappPermission } from './permission.js';
import { createProbe } from './probe.js';
import { sendWhatsapp, TEXT_LIMIT } from './send.js';
import type { WhatsappSettings } from './settings.js';

/** A batch of statuses and texts of 4,096 characters, escaped. */
const MAX_WEBHOOK_BYTES = 8 * 1024 * 1024;

/**
 * A number of the WhatsApp Business Platform (Cloud API). It has no list of messages: there is nothing to pull,
 * to list or to reconcile with. What became of a lost attempt is told by its statuses, which carry our id.
 */
export class WhatsappAdapter implements ChannelAdapter {
  readonly kind = 'whatsapp';
  readonly webhook: WebhookReceiver;
  readonly probe: (signal: AbortSignal) => Promise<ChannelHealth>;
  readonly #settings: WhatsappSettings;
  readonly #context: AdapterContext;
  readonly #graph: GraphClient;

  constructor(settings: WhatsappSettings, context: AdapterContext) {
    const { channelId, clock } = context;
    const { appSecret, previousAppSecret, verifyToken, accessToken, apiUrl, apiVersion, phoneNumberId } =
      settings;
    this.#settings = settings;
    this.#context = context;
    this.#graph = new GraphClient({
      apiUrl,
      apiVersion,
      accessToken,
      appSecret,
      clock,
      meanings: WHATSAPP_CODES,
    });
    const appSecrets = previousAppSecret === undefined ? [appSecret] : [appSecret, previousAppSecret];
    const mediaUrl = (id: string) => `${apiUrl}/${apiVersion}/${encodeURIComponent(id)}`;
    this.webhook = {
      maxBodyBytes: MAX_WEBHOOK_BYTES,
      verify: (request) => verifyMetaRequest(request, { appSecrets, verifyToken }),
      parse: (request) => parseWhatsappWebhook(request, { channelId, phoneNumberId, mediaUrl }),
      reply: metaReply,
    };
    this.probe = createProbe({ graph: this.#graph, settings, clock });
  }

  measure(text: string): ReplyMeasure {
    return measureCharacters(text, TEXT_LIMIT, this.#context.replyCostIdr);
  }

  canReply(target: ReplyTarget, now: Date): ReplyPermission {
    return whatsappPermission(this.#settings.template !== undefined, target, now);
  }

  send(message: OutboundMessage, signal: AbortSignal): Promise<SendResult> {
    return sendWhatsapp(this.#graph, this.#settings, message, this.#context.clock.now(), signal);
  }

  async fetchAttachment(ref: AttachmentRef, signal: AbortSignal): Promise<Buffer> {
    if (!ref.url) throw new ChannelError('rejected', 'the attachment has no address', { retry: 'never' });
    const { apiUrl, accessToken } = this.#settings;
    return await fetchWhatsappMedia({ graph: this.#graph, apiUrl, accessToken }, ref.url, signal);
  }

  close(): Promise<void> {
    return this.#graph.close();
  }
}
