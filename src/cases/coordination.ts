/** How transactions keep out of each other's way, and tell others that they are done. */
import { CHANGES_CHANNEL, type Queryable } from '../db/database.js';

/** Two messages of one sender, in whatever transactions, are handled one after the other. */
export async function lockContacts(
  client: Queryable,
  senders: readonly { readonly contactKey: Buffer }[],
): Promise<void> {
  if (senders.length === 0) return;
  const keys = distinctKeys(senders).map((key) => key.readBigInt64BE(0).toString());
  await client.query({
    name: 'contacts-lock',
    text: 'SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key',
    values: [keys],
  });
}

/** In the order in which locks are taken. */
export function distinctKeys(sent: readonly { readonly contactKey: Buffer }[]): Buffer[] {
  const keys = new Map(sent.map(({ contactKey }) => [contactKey.toString('latin1'), contactKey]));
  return [...keys.values()].sort((a, b) => a.compare(b));
}

/** Above so many ids the listeners are told to look for themselves; a payload holds fewer than 8,000 bytes. */
const NOTIFY_AT_MOST = 100;

/** Tells LISTENers which cases changed, when the transaction commits. */
export async function notifyChanges(client: Queryable, caseIds: readonly string[]): Promise<void> {
  if (caseIds.length === 0) return;
  const distinct = [...new Set(caseIds)];
  await client.query({
    name: 'changes-notify',
    text: 'SELECT pg_notify($1, $2)',
    values: [CHANGES_CHANNEL, distinct.length > NOTIFY_AT_MOST ? '*' : distinct.join(',')],
  });
}
