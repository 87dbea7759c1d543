/**
 * Ids of our own mails. They are signed, so that a bounce or a receipt can be believed without a look into
 * the database, and so that nobody can make a reply "fail" whose id he has not seen.
 */
import { timingSafeEqual } from 'node:crypto';
import type { MessageIds } from './mail.js';

/** Header of our replies that carries the token of the case. */
export const CASE_HEADER = 'X-Tabea-Case';
/** Header of our mails by which we know them when they come back; its value is the channel's address. */
export const LOOP_HEADER = 'X-Loop';

/** Outbox ids are UUIDs; mail systems may change the case of the letters. */
const OWN_ID = /^([0-9a-z-]{1,64})\.([0-9a-f]{20})@[^@\s<>]{1,255}$/i;
const CASE_ID = /^tabea\.([1-9][0-9]{9}-[0-9a-f]{20})@[^@\s<>]{1,255}$/i;

/**
 * @param sign the short HMAC of the channel's context.
 * @param domain of the sender's address, ASCII.
 */
export function makeMessageIds(sign: (text: string) => string, domain: string): MessageIds {
  const host = domain.toLowerCase();
  return {
    make: (outboxId) => `${outboxId}.${sign(`mail:${outboxId}`)}@${host}`,
    // The domain is not looked at: a city that changes its own still gets the bounces of yesterday's mails.
    read: (messageId) => {
      const [, outboxId, shown] = OWN_ID.exec(messageId.trim().toLowerCase()) ?? [];
      if (outboxId === undefined || shown === undefined) return undefined;
      return isEqual(sign(`mail:${outboxId}`), shown) ? outboxId : undefined;
    },
  };
}

/**
 * An entry for the References of a reply, without angle brackets. Clients drop headers that they do not know,
 * but copy References into the answer (RFC 5322, 3.6.4): so the token comes back.
 */
export function caseTokenId(token: string, domain: string): string {
  return `tabea.${token}@${domain.toLowerCase()}`;
}

/** The token of such an entry, in lower case; its HMAC is not verified here: who uses it does. */
export function readCaseTokenId(messageId: string): string | undefined {
  return CASE_ID.exec(messageId.trim())?.[1]?.toLowerCase();
}

function isEqual(a: string, b: string): boolean {
  const [expected, shown] = [Buffer.from(a), Buffer.from(b)];
  return expected.length === shown.length && timingSafeEqual(expected, shown);
}
