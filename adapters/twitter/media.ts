/** Pictures and videos of posts: public files on X's own servers, fetched without any token. */
import { ChannelError } from '../../src/core/channel-error.js';
import type { AttachmentRef } from '../../src/core/message.js';
import { safeFetch, SafeFetchError } from '../../src/ops/safe-fetch.js';

/** https://docs.x.com/x-api/media/quickstart/best-practices: videos may be 512 MB; a complaint needs no film. */
const MAX_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** @param apiUrl a stand-in may serve files itself. Throws ChannelError. */
export async function fetchMedia(ref: AttachmentRef, apiUrl: string, signal: AbortSignal): Promise<Buffer> {
  if (!ref.url) throw new ChannelError('rejected', 'the attachment has no address', { retry: 'never' });
  try {
    const trusted = { origin: new URL(apiUrl).origin, headers: {} };
    const file = await safeFetch(ref.url, { signal, maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS, trusted });
    return file.bytes;
  } catch (error) {
    throw mediaError(error);
  }
}

function mediaError(error: unknown): unknown {
  if (!(error instanceof SafeFetchError)) return error;
  const { failure, status = 0, message } = error;
  const providerCode = status > 0 ? { providerCode: String(status) } : {};
  if (status === 429) return new ChannelError('throttled', message, { retry: 'backoff', ...providerCode });
  if (failure === 'timeout' || failure === 'network' || status >= 500 || status === 408) {
    return new ChannelError('connection', message, { retry: 'backoff', ...providerCode });
  }
  return new ChannelError('rejected', message, { retry: 'never', ...providerCode });
}
