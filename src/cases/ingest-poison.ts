/** A message that fails alone: tried a few times, then put before a person with all that is known of it. */
import { newId } from '../core/ids.js';
import type { CaseServices } from './services.js';

/**
 * Counts a failed attempt; at the last one the row becomes `poison` and lies in quarantine, whence it can be
 * replayed after a mend. The sweeper brings back what may be tried again.
 * @param code of `dataErrorCode`: no text of the citizen.
 */
export async function recordFailure(
  services: CaseServices,
  inboxId: string,
  code: string,
): Promise<'failed' | 'poison'> {
  const { rules, database, logger } = services;
  const poisoned = await database.transaction(async (client) => {
    const { rows } = await client.query<{ state: string }>(
      `UPDATE inbox SET attempts = attempts + 1, outcome = $2,
         state = CASE WHEN attempts + 1 >= $3 THEN 'poison' ELSE 'new' END
       WHERE id = $1 AND state = 'new' RETURNING state`,
      [inboxId, code, rules.limits.ingestAttempts],
    );
    if (rows[0]?.state !== 'poison') return false;
    await client.query(
      `INSERT INTO quarantine (id, channel_id, kind, reason, received_at, method, target, headers, body, size, inbox_id)
       SELECT $2, i.channel_id, 'poison', $3, i.received_at, coalesce(e.method, '-'), coalesce(e.target, '-'),
         coalesce(e.headers, '{}'), convert_to(i.payload::text, 'UTF8'), octet_length(i.payload::text), i.id
       FROM inbox i LEFT JOIN envelope e ON e.id = i.envelope_id WHERE i.id = $1`,
      [inboxId, newId(), code],
    );
    return true;
  });
  if (poisoned) {
    logger.error(
      { inboxId, code },
      'A message cannot be taken in: it is in quarantine and waits for a person',
    );
  } else {
    logger.warn({ inboxId, code }, 'A message could not be taken in; it will be tried again');
  }
  return poisoned ? 'poison' : 'failed';
}
