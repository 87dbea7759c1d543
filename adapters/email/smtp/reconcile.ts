import type { Reconciliation, SendAttempt } from '../../../src/core/channel.js';
import type { SentFolder } from '../imap/index.js';

/** A mail that the folder lacks is believed not to have been sent only so long after the attempt. */
const FOLDER_DELAY_MS = 60_000;
/** The mail server's clock and ours may differ by this much without either being known as wrong. */
const CLOCK_TOLERANCE_MS = 60 * 60_000;

/**
 * Whether the mail of an attempt left us. It is known by its Message-ID, which is made of the outbox id and the
 * same for every attempt: there is nothing to confuse it with.
 */
export async function reconcileMail(
  attempt: SendAttempt,
  messageId: string,
  folder: Pick<SentFolder, 'find'> | undefined,
  signal: AbortSignal,
): Promise<Reconciliation> {
  if (folder === undefined) {
    return { state: 'unknown', reason: 'without a folder of sent mail nothing tells whether it was sent' };
  }
  const since = new Date(attempt.startedAt.getTime() - CLOCK_TOLERANCE_MS);
  const found = await folder.find(messageId, since, signal);
  if (found === 'sent') {
    return (await attempt.isClaimed(messageId))
      ? { state: 'unknown', reason: 'that mail is already known as another reply' }
      : { state: 'sent', externalId: messageId };
  }
  if (found === 'unknown') {
    return { state: 'unknown', reason: 'the folder of sent mail does not have it, which proves nothing' };
  }
  if (attempt.now.getTime() - attempt.startedAt.getTime() < FOLDER_DELAY_MS) {
    return { state: 'unknown', reason: 'too early to believe that the server has not sent it' };
  }
  return { state: 'not_sent' };
}
