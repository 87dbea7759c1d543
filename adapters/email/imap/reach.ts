import type { ConnectionOptions } from 'node:tls';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { Clock } from '../../../src/core/channel.js';
import type { EmailSettings } from '../settings.js';
import { createAccessTokens, type AccessTokens } from './access-token.js';
import type { ConnectOptions } from './connect.js';
import { parseAccount } from './account.js';

export interface ReachOptions {
  readonly clock: Clock;
  /** Shared with sending, where it uses the same account. Default: made from the settings. */
  readonly tokens?: AccessTokens | undefined;
  /** For tests: a CA of their own, a shorter patience with a silent server. */
  readonly tls?: ConnectionOptions | undefined;
  readonly socketTimeoutMs?: number | undefined;
}

/** How each mailbox of the settings is reached. Throws ChannelError. */
export function reachMailboxes(settings: EmailSettings, options: ReachOptions): ConnectOptions[] {
  const { oauth2, maxMessageBytes } = settings;
  const tokens = options.tokens ?? (oauth2 && createAccessTokens(oauth2, options.clock));
  return settings.imapUrl.map((url) => {
    const account = parseAccount(url);
    if (account.password === undefined && tokens === undefined) {
      throw new ChannelError('config', 'imapUrl has no password, and there is no oauth2 either', {
        retry: 'never',
      });
    }
    const { tls, socketTimeoutMs } = options;
    return { account, tokens, maxMessageBytes, tls, socketTimeoutMs };
  });
}
