import type { ConnectionOptions } from 'node:tls';
import { ImapFlow } from 'imapflow';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { AccessTokens } from './access-token.js';
import { imapError } from './errors.js';
import { isThisMachine, type MailAccount } from './account.js';

const CONNECT_TIMEOUT_MS = 30_000;
/** A command that is not answered for so long has no server any more. A long SEARCH is quiet for a while. */
const SOCKET_TIMEOUT_MS = 120_000;
/** Re-IDLE: NAT gateways forget quiet connections long before the 29 minutes of RFC 2177. */
export const MAX_IDLE_MS = 9 * 60_000;
/** LOGOUT is a courtesy. */
const LOGOUT_MS = 1_000;

export interface ConnectOptions {
  readonly account: MailAccount;
  /** XOAUTH2 instead of the password. */
  readonly tokens: AccessTokens | undefined;
  /** Longest message that is fetched, in bytes. */
  readonly maxMessageBytes: number;
  /** For tests: a CA of their own, a shorter patience. */
  readonly tls?: ConnectionOptions | undefined;
  readonly socketTimeoutMs?: number | undefined;
}

/** A new connection, logged in: an ImapFlow instance cannot be used twice. Throws ChannelError. */
export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ImapFlow> {
  const { tokens, account } = options;
  if (tokens === undefined) return await login(options, { pass: account.password ?? '' }, signal);
  const token = await tokens.get();
  try {
    return await login(options, { accessToken: token }, signal);
  } catch (error) {
    // Revoked before its time, which happens: one more, from a fresh token, before a person is called.
    if (!(error instanceof ChannelError) || error.code !== 'config' || signal.aborted) throw error;
    tokens.forget(token);
    return await login(options, { accessToken: await tokens.get() }, signal);
  }
}

type Secret = { readonly pass: string } | { readonly accessToken: string };

async function login(options: ConnectOptions, secret: Secret, signal: AbortSignal): Promise<ImapFlow> {
  if (signal.aborted) throw givenUp();
  const { account, maxMessageBytes } = options;
  const client = new ImapFlow({
    host: account.host,
    port: account.port,
    secure: account.secure,
    // On the way to another machine no password travels unencrypted; undefined would fall back to cleartext.
    ...(account.secure ? {} : { doSTARTTLS: !isThisMachine(account) }),
    auth: { user: account.user, ...secret },
    tls: { minVersion: 'TLSv1.2', ...options.tls },
    // It would write addresses and folder contents.
    logger: false,
    disableAutoIdle: true,
    maxIdleTime: MAX_IDLE_MS,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: options.socketTimeoutMs ?? SOCKET_TIMEOUT_MS,
    // A server that ignores how much it was asked for must not fill the memory.
    maxLiteralSize: 2 * maxMessageBytes,
    maxResponseSize: 4 * maxMessageBytes,
    clientInfo: { name: 'Tabea' },
  });
  // Without a listener the event would end the process; the command under way rejects as well.
  client.on('error', () => undefined);
  const giveUp = () => client.close();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.close();
    throw signal.aborted ? givenUp() : imapError(error);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

export function givenUp(): ChannelError {
  return new ChannelError('connection', 'Mail server: given up', { retry: 'backoff' });
}

/** Says goodbye where somebody listens. Never throws, and never takes long. */
export async function disconnect(client: ImapFlow): Promise<void> {
  const patience = setTimeout(() => client.close(), LOGOUT_MS);
  try {
    if (client.usable) await client.logout();
  } catch {
    // Closed all the same.
  } finally {
    clearTimeout(patience);
    client.close();
  }
}
