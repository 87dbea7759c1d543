import type { Logger, PullSource } from '../../../src/core/channel.js';
import type { MailParser } from '../mail.js';
import type { EmailSettings } from '../settings.js';
import { reachMailboxes, type ReachOptions } from './reach.js';
import { FolderSource } from './source.js';

export interface ImapSourceOptions extends ReachOptions {
  readonly channelId: string;
  readonly parser: Pick<MailParser, 'parse'>;
  readonly logger: Logger;
}

/** One source for each folder of each mailbox. Throws ChannelError where a mailbox cannot be used. */
export function createImapSources(settings: EmailSettings, options: ImapSourceOptions): PullSource[] {
  const { parser, channelId, clock, logger } = options;
  return reachMailboxes(settings, options).flatMap((connect) =>
    settings.folders.map(
      (folder) => new FolderSource({ connect, folder, settings, parser, channelId, clock, logger }),
    ),
  );
}
