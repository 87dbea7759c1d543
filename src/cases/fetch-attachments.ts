/** Brings home what providers keep of a message: each attachment by itself, so that none waits for a bad one. */
import { ChannelError } from '../core/channel-error.js';
import type { ChannelAdapter, Clock, Logger } from '../core/channel.js';
import { verdictOf } from '../core/retry-policy.js';
import type { Database } from '../db/database.js';
import type { BlobStore } from '../intake/blobs.js';
import { claimMedia, settleMedia, type ClaimedMedia, type StoredAttachment } from './waiting-media.js';

export interface MediaServices {
  readonly database: Database;
  readonly blobs: Pick<BlobStore, 'put'>;
  /** By channel id. */
  readonly adapters: ReadonlyMap<string, Pick<ChannelAdapter, 'fetchAttachment'>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1), for the back-off; injectable for tests. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Attachments at once; each is held in memory whole, up to what its adapter allows (some 16 MB). */
const MESSAGES_AT_ONCE = 2;
/** Adapters have shorter limits of their own; this one is for those that forgot. */
const PATIENCE_MS = 60_000;
/** An attempt that ends neither well nor badly died with its process. */
const LEASE_MS = 2 * PATIENCE_MS;

/**
 * Fetches what is due of these messages and stores it; safe to repeat and to run in several processes.
 * What fails stays in its row: with the time of the next attempt, or as `failed` with the code. Throws only
 * where the database or the blob store fails, after everything else was tried; nothing is lost then.
 */
export async function fetchAttachments(
  services: MediaServices,
  messageIds: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...new Set(messageIds)];
  const failures: unknown[] = [];
  const lane = async () => {
    for (let id = waiting.shift(); id !== undefined && !signal.aborted; id = waiting.shift()) {
      await fetchOfMessage(services, id, signal, failures);
    }
  };
  await Promise.all(Array.from({ length: MESSAGES_AT_ONCE }, lane));
  if (failures.length > 0) throw failures[0];
}

async function fetchOfMessage(
  services: MediaServices,
  messageId: string,
  signal: AbortSignal,
  failures: unknown[],
): Promise<void> {
  // The time of the beginning: what fails now and is soon due again is another job's.
  const begun = services.clock.now();
  try {
    while (!signal.aborted) {
      const leaseUntil = new Date(services.clock.now().getTime() + LEASE_MS);
      const claimed = await claimMedia(services.database, messageId, begun, leaseUntil);
      if (!claimed) return;
      await fetchClaimed(services, claimed, signal).catch((error: unknown) => failures.push(error));
    }
  } catch (error) {
    failures.push(error);
  }
}

async function fetchClaimed(
  services: MediaServices,
  claimed: ClaimedMedia,
  signal: AbortSignal,
): Promise<void> {
  let bytes: Buffer;
  try {
    bytes = await fetchBytes(services, claimed, signal);
  } catch (error) {
    await settleFailure(services, claimed, error, signal);
    return;
  }
  // Where the disk fails the attachment stays claimed, and is tried again when the lease is over.
  await settleMedia(services.database, claimed, async ({ name, contentType, url }) => ({
    name,
    contentType,
    ...(url !== undefined && { url }),
    blob: await services.blobs.put(bytes),
    size: bytes.length,
    state: 'stored',
  }));
}

async function fetchBytes(
  { adapters }: MediaServices,
  { channelId, attachment }: ClaimedMedia,
  signal: AbortSignal,
): Promise<Buffer> {
  const adapter = adapters.get(channelId);
  if (!adapter) throw new ChannelError('config', 'the channel is not configured', { retry: 'backoff' });
  if (!adapter.fetchAttachment) {
    throw new ChannelError('rejected', 'the channel fetches no attachments', { retry: 'never' });
  }
  const deadline = new AbortController();
  const giveUp = () => deadline.abort();
  const timer = setTimeout(giveUp, PATIENCE_MS);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const { name, contentType, url, size } = attachment;
    const ref = { name, contentType, ...(url !== undefined && { url }), ...(size !== undefined && { size }) };
    return await adapter.fetchAttachment(ref, deadline.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

async function settleFailure(
  { database, clock, logger, random }: MediaServices,
  claimed: ClaimedMedia,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const now = clock.now();
  if (signal.aborted) {
    // We are told to stop: that says nothing about the attachment.
    await settleMedia(database, claimed, (one) => ({ ...one, dueAt: now.toISOString() }));
    return;
  }
  const { messageId, channelId, attempt, firstAt } = claimed;
  const { code, reason } = describe(error);
  const outcome = verdictOf(asFetchError(error), { number: attempt, firstAt }, now, random);
  const next = (one: StoredAttachment): StoredAttachment => {
    if (outcome.state !== 'pending') return { ...one, state: 'failed', code };
    return { ...one, code, dueAt: new Date(now.getTime() + outcome.afterMs).toISOString() };
  };
  if (!(await settleMedia(database, claimed, next))) return;
  const fields = { messageId, channelId, attempt, code, reason };
  if (outcome.state !== 'pending') logger.warn(fields, 'An attachment cannot be fetched and is given up');
  else if (code === 'config' && attempt === 1)
    logger.error(fields, 'Attachments wait until the configuration of their channel is right');
  else logger.debug(fields, 'An attachment could not be fetched; it will be tried again');
}

/** For the row and the log. The message of a stranger's error may quote an address; a ChannelError's does not. */
function describe(error: unknown): { readonly code: string; readonly reason: string } {
  if (error instanceof ChannelError) return { code: error.code, reason: error.message };
  return { code: 'bad_response', reason: error instanceof Error ? error.name : 'unknown' };
}

/** Fetching changes nothing at the provider: whatever is uncertain may simply be tried again. */
function asFetchError(error: unknown): ChannelError {
  if (!(error instanceof ChannelError)) {
    return new ChannelError('bad_response', 'the adapter failed', { retry: 'backoff', cause: error });
  }
  return new ChannelError(error.code, error.message, { retry: error.retry, cause: error });
}
