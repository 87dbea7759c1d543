import { createHash } from 'node:crypto';
import { ChannelError } from '../../../src/core/channel-error.js';

/** One account at one server, as an `imapUrl` names it. */
export interface MailAccount {
  readonly host: string;
  readonly port: number;
  /** True: TLS from the first byte. Otherwise STARTTLS is demanded, except on this machine. */
  readonly secure: boolean;
  readonly user: string;
  /** Absent where access tokens are used. */
  readonly password: string | undefined;
  /**
   * Names the mailbox in leases, cursors and logs, without saying whose it is. The case of the user's letters does
   * not count, as it does not to mail servers: who writes it otherwise must not lose the cursor.
   */
  readonly name: string;
}

/** Throws ChannelError where it cannot be used; the error does not quote it. */
export function parseAccount(imapUrl: string): MailAccount {
  const url = new URL(imapUrl);
  const secure = url.protocol === 'imaps:';
  const host = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
  const user = decode(url.username);
  const password = decode(url.password);
  if (host === '' || user === '') throw unusable('it needs a host and a user: imaps://user:password@host');
  return {
    host,
    port: url.port === '' ? (secure ? 993 : 143) : Number(url.port),
    secure,
    user,
    password: password === '' ? undefined : password,
    name: `imap-${createHash('sha256').update(`${user.toLowerCase()}@${host}`).digest('hex').slice(0, 10)}`,
  };
}

export function isThisMachine({ host }: Pick<MailAccount, 'host'>): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw unusable('user and password must be percent-encoded');
  }
}

function unusable(why: string): ChannelError {
  return new ChannelError('config', `imapUrl cannot be used: ${why}`, { retry: 'never' });
}
