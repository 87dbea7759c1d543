/**
 * What stands behind an SMS line and can be exchanged without the line, its cases or its replies noticing:
 * a web API (Twilio, an aggregator), a telephone with a SIM and a webhook, or an SMPP session, which has no
 * webhook and brings its own `pull`.
 */
import type { CountryCode } from 'libphonenumber-js/max';
import type { z } from 'zod';
import type { ChannelAdapter, Clock, Logger, OutboundMessage, SendResult } from '../../src/core/channel.js';

/** The line as its provider sees it. */
export interface SmsLine {
  readonly channelId: string;
  /** Normalised: E.164, a short code, or a sender id. */
  readonly address: string;
  /** Where numbers without a country code belong. */
  readonly region: CountryCode;
  /** No trailing slash. */
  readonly publicUrl: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What is the same over providers stays in the line (kind, price, opt-out); the rest is the provider's. */
export interface SmsProvider extends Pick<
  ChannelAdapter,
  'webhook' | 'statusWebhook' | 'pull' | 'reconcile' | 'list' | 'fetchAttachment' | 'probe' | 'close'
> {
  /** Longest text that is taken, in UTF-16 code units. */
  readonly maxCharacters: number;
  /** Throws ChannelError. */
  send(message: OutboundMessage, signal: AbortSignal): Promise<SendResult>;
}

/** One file or folder under `providers/`, one entry in the list of `index.ts`. */
export interface SmsProviderKind<Settings = unknown> {
  /** The word in `settings.provider`, and the name of the settings block. */
  readonly name: string;
  readonly settings: z.ZodType<Settings>;
  create(settings: Settings, line: SmsLine): SmsProvider;
}
