/** Answers by SMTP. https://www.rfc-editor.org/rfc/rfc5321 */
import type {
  Logger,
  OutboundMessage,
  Reconciliation,
  SendAttempt,
  SendResult,
} from '../../../src/core/channel.js';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { AccessTokens, SentFolder } from '../imap/index.js';
import type { EmailSettings } from '../settings.js';
import { composeMail, type ComposeContext } from './compose.js';
import { reconcileMail } from './reconcile.js';
import { createSmtpTransport } from './transport.js';

const FILING_TIMEOUT_MS = 60_000;
/** So long an end waits for copies that are being filed. */
const FILING_GRACE_MS = 5_000;

/** What a mail without files may take: the usual time of a channel. */
const BARE_MAIL_MS = 30_000;
/** Half a megabit a second: a busy line that is still one. A slower one cannot carry the largest answers. */
const SLOWEST_BYTES_PER_MS = 64;
/** Base64, with its line ends. */
const ENCODED_RATIO = 78 / 57;

/**
 * Milliseconds that sending one mail may take. Of the files that are allowed, not of those that are sent: the
 * pipeline has to know beforehand for how long an attempt may still be under way.
 */
export function mailSendLimitMs(maxAttachmentBytes: number): number {
  return BARE_MAIL_MS + Math.ceil((maxAttachmentBytes * ENCODED_RATIO) / SLOWEST_BYTES_PER_MS);
}

export interface MailSender {
  /** Throws ChannelError. `externalId` is the Message-ID without angle brackets. */
  send(message: OutboundMessage, signal: AbortSignal): Promise<SendResult>;
  reconcile(attempt: SendAttempt, signal: AbortSignal): Promise<Reconciliation>;
  /** Connects and logs in. Throws ChannelError. */
  verify(signal: AbortSignal): Promise<void>;
  /** Waits for copies that are being filed. */
  close(): Promise<void>;
}

export interface MailSenderOptions extends ComposeContext {
  readonly channelId: string;
  readonly smtpUrl: EmailSettings['smtpUrl'];
  /** Instead of the password in `smtpUrl`. */
  readonly tokens?: AccessTokens | undefined;
  /** Absent: no copies are kept, and a lost reply is for a person. */
  readonly sentFolder?: Pick<SentFolder, 'wantsCopies' | 'append' | 'find'> | undefined;
  readonly logger: Logger;
}

export function createMailSender(options: MailSenderOptions): MailSender {
  const { sentFolder, logger, channelId } = options;
  const transport = createSmtpTransport(options);
  const filing = new Set<Promise<void>>();
  const stop = new AbortController();

  /** After the answer and beside it: a full folder must not make a mail look as if it had not been sent. */
  function file(raw: Buffer): void {
    if (!sentFolder?.wantsCopies) return;
    const limit = AbortSignal.any([stop.signal, AbortSignal.timeout(FILING_TIMEOUT_MS)]);
    const work = sentFolder.append(raw, limit).catch((error: unknown) => {
      const code = error instanceof ChannelError ? error.code : 'fault';
      logger.warn({ channel: channelId, code }, 'A copy of a sent mail could not be filed');
    });
    filing.add(work);
    void work.finally(() => filing.delete(work));
  }

  return {
    async send(message, signal) {
      if (signal.aborted) throw givenUp();
      const mail = await composeMail(message, options);
      await transport.deliver(mail, signal);
      file(mail.raw);
      return { externalId: mail.messageId };
    },
    reconcile: (attempt, signal) =>
      reconcileMail(attempt, options.ids.make(attempt.message.id), sentFolder, signal),
    verify: (signal) => transport.verify(signal),
    async close() {
      transport.close();
      const timer = setTimeout(() => stop.abort(), FILING_GRACE_MS);
      await Promise.allSettled(filing);
      clearTimeout(timer);
    },
  };
}

function givenUp(): ChannelError {
  return new ChannelError('connection', 'The sending was given up before it began', {
    retry: 'backoff',
    providerCode: 'aborted',
  });
}
