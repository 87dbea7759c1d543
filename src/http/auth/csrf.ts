/**
 * CSRF tokens of forms. Each page carries a fresh one, `nonce.hmac(secret, nonce)`, so that compressing a
 * page that also mirrors input cannot betray the secret (BREACH).
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export const CSRF_FIELD = '_csrf';

export function makeCsrfToken(secret: string): string {
  const nonce = randomBytes(12).toString('base64url');
  return `${nonce}.${mac(secret, nonce)}`;
}

export function isCsrfToken(secret: string, token: unknown): boolean {
  if (typeof token !== 'string') return false;
  const [nonce = '', given = ''] = token.split('.', 2);
  const expected = Buffer.from(mac(secret, nonce));
  const received = Buffer.from(given);
  return nonce !== '' && expected.length === received.length && timingSafeEqual(expected, received);
}

function mac(secret: string, nonce: string): string {
  return createHmac('sha256', secret).update(nonce).digest('base64url');
}
