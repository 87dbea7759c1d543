/** Access tokens for XOAUTH2, from a refresh token: https://www.rfc-editor.org/rfc/rfc6749#section-6 */
import { z } from 'zod';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { Clock } from '../../../src/core/channel.js';
import type { EmailSettings } from '../settings.js';

/** Renewed so long before it runs out: a login must not race with the end of its token. */
const EARLY_MS = 2 * 60_000;
/** Where the answer does not say how long it lives. Google and Microsoft: an hour or a little more. */
const LIFETIME_S = 30 * 60;
const TIMEOUT_MS = 15_000;

const answer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().optional(),
  /** Microsoft hands out a new one each time. */
  refresh_token: z.string().min(1).optional(),
});

export interface AccessTokens {
  /** A token that still lives for a while. Throws ChannelError. */
  get(): Promise<string>;
  /** The server refuses it: the next `get` fetches another. */
  forget(token: string): void;
}

type OAuth2 = NonNullable<EmailSettings['oauth2']>;

export function createAccessTokens(settings: OAuth2, clock: Clock): AccessTokens {
  let refreshToken = settings.refreshToken;
  let current: { readonly token: string; readonly until: number } | undefined;
  let underWay: Promise<string> | undefined;

  async function renew(): Promise<string> {
    const got = await exchange({ ...settings, refreshToken });
    refreshToken = got.refresh_token ?? refreshToken;
    const lifetimeMs = (got.expires_in ?? LIFETIME_S) * 1000;
    current = { token: got.access_token, until: clock.now().getTime() + lifetimeMs - EARLY_MS };
    return got.access_token;
  }

  return {
    get: async () => {
      if (current !== undefined && clock.now().getTime() < current.until) return current.token;
      // Several folders that log in at once share one exchange.
      underWay ??= renew().finally(() => (underWay = undefined));
      return await underWay;
    },
    forget: (token) => {
      if (current?.token === token) current = undefined;
    },
  };
}

async function exchange(settings: OAuth2): Promise<z.output<typeof answer>> {
  const response = await fetch(settings.tokenUrl, {
    method: 'POST',
    // A redirect would carry the secrets to somewhere that nobody configured.
    redirect: 'error',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: settings.clientId,
      client_secret: settings.clientSecret,
      refresh_token: settings.refreshToken,
    }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new ChannelError('connection', 'The token server was not reached', { retry: 'backoff' });
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw tokenError(response.status, body);
  const read = answer.safeParse(body);
  if (read.success) return read.data;
  throw new ChannelError('bad_response', 'The token server answered without an access token', {
    retry: 'backoff',
  });
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
export function tokenError(status: number, body: unknown): ChannelError {
  const named = z.object({ error: z.string().regex(/^[\w.-]{1,60}$/) }).safeParse(body);
  const providerCode = named.success ? named.data.error : String(status);
  if (status === 429) {
    return new ChannelError('throttled', 'The token server asks for patience', {
      retry: 'backoff',
      providerCode,
    });
  }
  if (status >= 500) {
    return new ChannelError('connection', `The token server has a fault (${status})`, {
      retry: 'backoff',
      providerCode,
    });
  }
  const remedy =
    'check clientId and clientSecret, and let the mailbox give its consent again for a new refreshToken';
  return new ChannelError(
    'config',
    `The token server refuses the refresh token (${providerCode}): ${remedy}`,
    {
      retry: 'never',
      providerCode,
    },
  );
}
