/** Answers by SMTP. https://www.rfc-editor.org/rfc/rfc5321 */
import type {
  Logger,
  OutboundMessage,
  Reconciliation,
  SendAttempt,
  SendResult,
} from '../../../src/core/channel.js';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { SentFolder } from '../sent-folder.js';
import type { EmailSettings } from '../settings.js';
import { composeMail, type ComposeContext } from './compose.js';
import { reconcileMail } from './reconcile.js';
import { createSmtpTransport } from './transport.js';

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
  readonly smtp: Pick<EmailSettings, 'smtpUrl' | 'oauth2'>;
  /** Absent: no copies are kept, and a lost reply is for a person. */
  readonly sentFolder?: SentFolder | undefined;
  readonly logger: Logger;
}

export function createMailSender(options: MailSenderOptions): MailSender {
  const { sentFolder, logger, channelId } = options;
  const transport = createSmtpTransport(options.smtp);
  const filing = new Set<Promise<void>>();

  /** After the answer and beside it: a full folder must not make a mail look as if it had not been sent. */
  function file(raw: Buffer): void {
    if (sentFolder === undefined || sentFolder.serverFiles) return;
    const work = sentFolder.append(raw).catch((error: unknown) => {
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
      await Promise.allSettled(filing);
    },
  };
}

function givenUp(): ChannelError {
  return new ChannelError('connection', 'The sending was given up before it began', {
    retry: 'backoff',
    providerCode: 'aborted',
  });
}
