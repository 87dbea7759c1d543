/** Random tokens that are shown once and stored as their SHA-256: 256 random bits need no slow hash. */
import { createHash, randomBytes } from 'node:crypto';

/** 43 characters, base64url. */
export function makeToken(): string {
  return randomBytes(32).toString('base64url');
}

export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
