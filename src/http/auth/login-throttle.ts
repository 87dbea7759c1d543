/** Slows guessing of passwords: by account and address, and by address alone. Kept in memory, per process. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { tokenHash } from './secret-token.js';

export interface LoginThrottle {
  /** Seconds to wait before this attempt may be made; 0: now. Counts the attempt. */
  take(email: string, ip: string): Promise<number>;
  /** After a right password: the account's own count starts anew. */
  forgive(email: string, ip: string): Promise<void>;
}

export interface LoginLimits {
  /** Attempts on one account from one address in a quarter of an hour. */
  readonly perAccountAndIp: number;
  /** Attempts on one account from everywhere, in an hour: bounds a distributed guess, still lets its owner in later. */
  readonly perAccount: number;
  /** Attempts from one address, in a quarter of an hour: an office shares one. */
  readonly perIp: number;
}

export const LOGIN_LIMITS: LoginLimits = { perAccountAndIp: 5, perAccount: 50, perIp: 60 };

export function createLoginThrottle(limits: LoginLimits = LOGIN_LIMITS): LoginThrottle {
  const quarter = 15 * 60;
  const pair = new RateLimiterMemory({ points: limits.perAccountAndIp, duration: quarter });
  const account = new RateLimiterMemory({ points: limits.perAccount, duration: 3_600 });
  const ip = new RateLimiterMemory({ points: limits.perIp, duration: quarter });
  const pairKey = (email: string, address: string) => `${accountKey(email)}|${address}`;
  return {
    async take(email, address) {
      const waits = await Promise.all([
        consume(pair, pairKey(email, address)),
        consume(account, accountKey(email)),
        consume(ip, address),
      ]);
      return Math.max(...waits);
    },
    async forgive(email, address) {
      await pair.delete(pairKey(email, address));
    },
  };
}

// No address of a person stays readable in memory dumps.
function accountKey(email: string): string {
  return tokenHash(email.trim().toLowerCase()).toString('base64url');
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<number> {
  try {
    await limiter.consume(key);
    return 0;
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000));
    throw refusal;
  }
}
