/**
 * Ids of posts carry the time of their making: https://docs.x.com/fundamentals/x-ids. They are wider than a
 * number of JavaScript is exact, so they stay text.
 */
const EPOCH_MS = 1_288_834_974_657n;
const SEQUENCE_BITS = 22n;

/** The smallest id that a post of this moment can have. */
export function idAt(ms: number): string {
  const since = BigInt(Math.floor(ms)) - EPOCH_MS;
  return String(since > 0n ? since << SEQUENCE_BITS : 0n);
}

/** Milliseconds since 1970 of a post, by X's clock. */
export function timeOfId(id: string): number {
  return Number((BigInt(id) >> SEQUENCE_BITS) + EPOCH_MS);
}

export function isId(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9]{1,19}$/.test(text);
}

export function newerId(a: string, b: string): string {
  return BigInt(a) >= BigInt(b) ? a : b;
}
