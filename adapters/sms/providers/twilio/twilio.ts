import type { Twilio } from 'twilio';
import { ChannelError } from '../../../../src/core/channel-error.js';
import type {
  ChannelHealth,
  OutboundMessage,
  RawReply,
  Reconciliation,
  SendAttempt,
  SendResult,
  WebhookReceiver,
} from '../../../../src/core/channel.js';
import type { AttachmentRef, InboundMessage } from '../../../../src/core/message.js';
import { safeFetch, SafeFetchError } from '../../../../src/ops/safe-fetch.js';
import type { SmsLine, SmsProvider, SmsProviderKind } from '../../provider.js';
import { asChannelError, unreadableError } from './errors.js';
import { parseMessage, parseStatus } from './inbound.js';
import { listInbound, reconcileAttempt } from './messages.js';
import { MessageSender, sdkClient } from './sdk.js';
import { twilioSettings, type TwilioSettings } from './settings.js';
import { SignatureVerifier } from './signature.js';
import { TwilioTransport } from './transport.js';

/** https://www.twilio.com/docs/api/errors/21617 */
const MAX_CHARACTERS = 1_600;

/** A form of 25 parameters with the longest text, fully escaped, is below 40 KB. */
const MAX_WEBHOOK_BYTES = 256 * 1024;

/** MMS are at most 5 MB; other channels behind Twilio allow 16. */
const MAX_MEDIA_BYTES = 16 * 1024 * 1024;
const MEDIA_TIMEOUT_MS = 20_000;

/** An empty answer: Twilio sends nothing back by itself. https://www.twilio.com/docs/messaging/twiml */
const EMPTY_TWIML: RawReply = {
  status: 200,
  headers: { 'content-type': 'text/xml; charset=utf-8' },
  body: '<?xml version="1.0" encoding="UTF-8"?><Response/>',
};

/** Twilio, and whatever speaks its protocol. */
export const twilioProvider: SmsProviderKind<TwilioSettings> = {
  name: 'twilio',
  settings: twilioSettings,
  create: (settings, line) => new TwilioProvider(settings, line),
};

class TwilioProvider implements SmsProvider {
  readonly maxCharacters = MAX_CHARACTERS;
  readonly webhook: WebhookReceiver;
  readonly statusWebhook: WebhookReceiver;
  readonly #settings: TwilioSettings;
  readonly #line: SmsLine;
  readonly #transport: TwilioTransport;
  readonly #sender: MessageSender;

  constructor(settings: TwilioSettings, line: SmsLine) {
    this.#settings = settings;
    this.#line = line;
    this.#transport = new TwilioTransport(settings.apiUrl, line.clock);
    this.#sender = new MessageSender(settings, this.#transport);
    const { authToken, previousAuthToken } = settings;
    const tokens = previousAuthToken === undefined ? [authToken] : [authToken, previousAuthToken];
    const verifier = new SignatureVerifier(line.publicUrl, tokens);
    this.webhook = {
      maxBodyBytes: MAX_WEBHOOK_BYTES,
      verify: (request) => verifier.verify(request),
      parse: (request) => parseMessage(request, line),
      reply: () => EMPTY_TWIML,
    };
    this.statusWebhook = {
      maxBodyBytes: MAX_WEBHOOK_BYTES,
      verify: (request) => verifier.verify(request),
      parse: (request) => parseStatus(request, line),
    };
  }

  async send(message: OutboundMessage, signal: AbortSignal): Promise<SendResult> {
    const { channelId, address, publicUrl } = this.#line;
    const statusCallback = `${publicUrl}/webhooks/${channelId}/status?ref=${encodeURIComponent(message.id)}`;
    const sent = await this.#sender
      .create({ to: message.to.value, from: address, body: message.text, statusCallback }, signal)
      .catch((error: unknown) => {
        throw asChannelError(error);
      });
    // The SDK copies whatever came; without an id the message can be neither followed nor reconciled.
    if (typeof sent.sid !== 'string' || sent.sid === '') throw unreadableError();
    const segments = Number(sent.numSegments);
    return { externalId: sent.sid, ...(segments > 0 && { segments }) };
  }

  reconcile(attempt: SendAttempt, signal: AbortSignal): Promise<Reconciliation> {
    return reconcileAttempt(this.#client(signal), attempt, this.#line);
  }

  async *list(since: Date, until: Date): AsyncIterable<InboundMessage> {
    const client = this.#client(new AbortController().signal);
    try {
      yield* listInbound(client, this.#line, this.#settings.apiUrl, since, until);
    } catch (error) {
      throw asChannelError(error);
    }
  }

  async fetchAttachment(ref: AttachmentRef, signal: AbortSignal): Promise<Buffer> {
    if (!ref.url) throw new ChannelError('rejected', 'the attachment has no address', { retry: 'never' });
    const { accountSid, authToken, apiUrl } = this.#settings;
    const credentials = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
    try {
      const file = await safeFetch(ref.url, {
        signal,
        maxBytes: MAX_MEDIA_BYTES,
        timeoutMs: MEDIA_TIMEOUT_MS,
        trusted: { origin: new URL(apiUrl).origin, headers: { authorization: `Basic ${credentials}` } },
      });
      return file.bytes;
    } catch (error) {
      throw mediaError(error);
    }
  }

  async probe(signal: AbortSignal): Promise<ChannelHealth> {
    try {
      const account = await this.#client(signal).api.v2010.accounts(this.#settings.accountSid).fetch();
      if (account.status === 'active') return { state: 'ok', detail: 'Twilio account is active' };
      return { state: 'down', detail: 'Twilio account is not active: look into the Twilio console' };
    } catch (cause) {
      const error = asChannelError(cause);
      if (error.code === 'config') {
        return { state: 'down', detail: 'Twilio refuses the credentials: check accountSid and authToken' };
      }
      return { state: 'degraded', detail: error.message };
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  /** One client for each call: a list asks for page after page, all under the signal of its call. */
  #client(signal: AbortSignal): Twilio {
    return sdkClient(this.#settings, (request) => this.#transport.request(request, signal));
  }
}

/** A refused or missing file never comes; one that is late, or that our own token cannot open today, may. */
function mediaError(error: unknown): unknown {
  if (!(error instanceof SafeFetchError)) return error;
  const { failure, status = 0, byTrusted, message } = error;
  if (failure === 'timeout' || failure === 'network' || status >= 500 || status === 408) {
    return new ChannelError('connection', message, { retry: 'backoff' });
  }
  if (status === 429) return new ChannelError('throttled', message, { retry: 'backoff' });
  const refused = byTrusted && (status === 401 || status === 403);
  return new ChannelError(refused ? 'config' : 'rejected', message, {
    retry: refused ? 'backoff' : 'never',
    ...(status > 0 && { providerCode: String(status) }),
  });
}
