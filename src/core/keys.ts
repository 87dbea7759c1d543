/** The keys of an installation, all derived from the one secret, so that no purpose shares a key with another. */
import { createHmac, hkdfSync } from 'node:crypto';
import type { Address } from './message.js';

export interface Keys {
  /** Blind index of addresses. */
  readonly index: Buffer;
  /** Wraps the keys of reporters (AES-256). */
  readonly wrap: Buffer;
  /** Signs tokens that leave the house (case tokens, links). */
  readonly token: Buffer;
}

/** `secret`: the 32 bytes of TABEA_SECRET_KEY. */
export function deriveKeys(secret: Buffer): Keys {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, 'tabea', purpose, 32));
  return { index: derive('blind-index'), wrap: derive('key-wrap'), token: derive('token') };
}

/** 20 hexadecimal digits (80 bits) over a text, for ids that leave the house and must not be forged. */
export function signText(keys: Pick<Keys, 'token'>, text: string): string {
  return createHmac('sha256', keys.token).update(`text\0${text}`).digest('hex').slice(0, 20);
}

/** Finds an address without reading it: 32 bytes, equal for equal scheme and value. */
export function contactKey(keys: Keys, address: Pick<Address, 'scheme' | 'value'>): Buffer {
  return createHmac('sha256', keys.index).update(`${address.scheme}\0${address.value}`).digest();
}
