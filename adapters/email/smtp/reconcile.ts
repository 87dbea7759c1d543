import type { Reconciliation, SendAttempt } from '../../../src/core/channel.js';
import type { SentFolder } from '../sent-folder.js';

/** A mail that the folder lacks is believed not to have been sent only so long after the attempt. */
const FOLDER_DELAY_MS = 60_000;
/** Clocks may differ, and the folder is searched by whole days. */
const SEARCH_BEFORE_MS = 24 * 60 * 60_000;

/**
 * Whether the mail of an attempt left us. It is known by its Message-ID, which is made of the outbox id and the
 * same for every attempt: there is nothing to confuse it with.
 */
export async function reconcileMail(
  attempt: SendAttempt,
  messageId: string,
  folder: SentFolder | undefined,
  signal: AbortSignal,
): Promise<Reconciliation> {
  if (folder === undefined) {
    return { state: 'unknown', reason: 'without a folder of sent mail nothing tells whether it was sent' };
  }
  const since = new Date(attempt.startedAt.getTime() - SEARCH_BEFORE_MS);
  if (await folder.find(messageId, since, signal)) {
    return (await attempt.isClaimed(messageId))
      ? { state: 'unknown', reason: 'that mail is already known as another reply' }
      : { state: 'sent', externalId: messageId };
  }
  if (!folder.serverFiles) {
    return {
      state: 'unknown',
      reason: 'copies are written by us, after the sending: an absence proves nothing',
    };
  }
  if (attempt.now.getTime() - attempt.startedAt.getTime() < FOLDER_DELAY_MS) {
    return { state: 'unknown', reason: 'too early to believe that the server has not sent it' };
  }
  return { state: 'not_sent' };
}
