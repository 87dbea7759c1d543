/** Files that Meta keeps, fetched without letting an address in a message point at us. */
import { ChannelError } from '../../../src/core/channel-error.js';
import { safeFetch, SafeFetchError, type SafeFetchOptions } from '../../../src/ops/safe-fetch.js';

/** Messenger takes up to 25 MB, WhatsApp documents up to 100: https://developers.facebook.com/docs/messenger-platform/send-messages/saving-assets */
const MAX_MEDIA_BYTES = 25 * 1024 * 1024;
const MEDIA_TIMEOUT_MS = 30_000;

/** Throws ChannelError. `trusted`: the only origin that sees these headers. */
export async function fetchMedia(
  url: string,
  trusted: SafeFetchOptions['trusted'],
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    const options = { signal, maxBytes: MAX_MEDIA_BYTES, timeoutMs: MEDIA_TIMEOUT_MS };
    return (await safeFetch(url, { ...options, ...(trusted && { trusted }) })).bytes;
  } catch (error) {
    throw mediaError(error);
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
