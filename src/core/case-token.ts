/**
 * A token that ties an answer to its case (in a mail's address or header): whoever shows it was written to
 * on that case. It is the tracking number and 80 bits of an HMAC over it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Keys } from './keys.js';
import { isTrackingNumber } from './tracking-number.js';

const HMAC_CHARACTERS = 20;

/** `1234567890-` and 20 lower-case hexadecimal digits: survives mail systems that fold case. */
export function makeCaseToken(keys: Pick<Keys, 'token'>, trackingNumber: string): string {
  return `${trackingNumber}-${signature(keys, trackingNumber)}`;
}

/** The tracking number of a token that we issued; null for any other text. */
export function readCaseToken(keys: Pick<Keys, 'token'>, token: string): string | null {
  const [trackingNumber = '', given = ''] = token.toLowerCase().split('-', 2);
  if (!isTrackingNumber(trackingNumber) || given.length !== HMAC_CHARACTERS) return null;
  const expected = Buffer.from(signature(keys, trackingNumber));
  const shown = Buffer.from(given);
  return shown.length === expected.length && timingSafeEqual(shown, expected) ? trackingNumber : null;
}

function signature(keys: Pick<Keys, 'token'>, trackingNumber: string): string {
  return createHmac('sha256', keys.token)
    .update(`case\0${trackingNumber}`)
    .digest('hex')
    .slice(0, HMAC_CHARACTERS);
}
