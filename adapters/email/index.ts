import type { AdapterContext, ChannelAdapter, PullSource } from '../../src/core/channel.js';
import type { ChannelKind } from '../../src/core/channel-kind.js';
import { domainOf, isAddress, readMailbox, type Mailbox } from './addresses.js';
import {
  createAccessTokens,
  createImapSources,
  createSentFolder,
  parseMail,
  probeImap,
  type ReachOptions,
} from './imap/index.js';
import type { MailParser } from './mail.js';
import { measureMail } from './measure.js';
import { makeMessageIds } from './message-ids.js';
import { createMailParser } from './mime/parser.js';
import { mailPermission } from './permission.js';
import { probeSmtp, worstOf } from './probe.js';
import { createReception } from './reception.js';
import { parseReceived, RECEPTION_TARGET } from './reception/received.js';
import { emailSettings, type EmailSettings } from './settings.js';
import { emailSimulator } from './simulator.js';
import { createMailSender, mailSendLimitMs } from './smtp/sender.js';

/** A mail address: read by IMAP or delivered to us by SMTP, answered by SMTP. */
export const email: ChannelKind<EmailSettings> = {
  kind: 'email',
  settings: emailSettings,
  create: createMailbox,
  simulator: emailSimulator,
};

function createMailbox(settings: EmailSettings, context: AdapterContext): ChannelAdapter {
  const { channelId, address, clock, logger } = context;
  const from = senderOf(settings);
  const ownAddresses = addressesOf(settings, address, from);
  const ids = makeMessageIds(context.sign, domainOf(from.address));
  const parser = createMailParser({
    ownAddresses,
    messageIds: ids,
    logger,
    limits: { maxMessageBytes: settings.maxMessageBytes },
  });
  const tokens = settings.oauth2 && createAccessTokens(settings.oauth2, clock);
  const reach: ReachOptions = { clock, tokens };
  const sentFolder = createSentFolder(settings, { ...reach, messageIds: ids });
  const sender = createMailSender({
    channelId,
    address,
    from,
    ids,
    maxAttachmentBytes: settings.maxReplyAttachmentBytes,
    now: () => clock.now(),
    smtpUrl: settings.smtpUrl,
    tokens,
    sentFolder,
    logger,
  });
  return {
    kind: email.kind,
    pull: {
      sources: sourcesOf(settings, context, { parser, reach, ownAddresses }),
      parse: (request, putBlob) =>
        (request.target === RECEPTION_TARGET ? parseReceived : parseMail)(
          parser,
          channelId,
          request,
          putBlob,
        ),
    },
    measure: measureMail,
    ...(settings.maxReplyAttachmentBytes > 0 && { maxAttachmentBytes: settings.maxReplyAttachmentBytes }),
    canReply: mailPermission,
    send: (message, signal) => sender.send(message, signal),
    sendLimitMs: mailSendLimitMs(settings.maxReplyAttachmentBytes),
    // Without a folder of sent mail nothing will ever tell: a lost reply then is before a person at once.
    ...(sentFolder && { reconcile: (attempt, signal) => sender.reconcile(attempt, signal) }),
    async probe(signal) {
      const sending = probeSmtp((given) => sender.verify(given), signal);
      const reading = settings.imapUrl.length > 0 ? [probeImap(settings, reach, signal)] : [];
      return worstOf(await Promise.all([sending, ...reading]));
    },
    async close() {
      await sender.close();
      await sentFolder?.close();
      await parser.close();
    },
  };
}

interface SourceParts {
  readonly parser: MailParser;
  readonly reach: ReachOptions;
  readonly ownAddresses: readonly string[];
}

function sourcesOf(
  settings: EmailSettings,
  { channelId, clock, logger }: AdapterContext,
  { parser, reach, ownAddresses }: SourceParts,
): PullSource[] {
  const sources = createImapSources(settings, { ...reach, channelId, parser, logger });
  const { url, recipients, messagesPerMinute } = settings.reception;
  if (url === undefined) return sources;
  const reception = createReception({
    channelId,
    url,
    recipients: recipients.length > 0 ? recipients : ownAddresses,
    messagesPerMinute,
    maxMessageBytes: settings.maxMessageBytes,
    parser,
    clock,
    logger,
  });
  return [...sources, reception];
}

/** Under which we write and are written to. The schema has read `from` already. */
function addressesOf(settings: EmailSettings, address: string, from: Mailbox): string[] {
  const all = [address, from.address, ...settings.reception.recipients];
  return [...new Set(all.filter((one) => isAddress(one)))];
}

function senderOf({ from }: EmailSettings): Mailbox {
  const mailbox = readMailbox(from);
  if (mailbox === undefined) throw new Error('the sender of the mail channel is no address');
  return mailbox;
}
