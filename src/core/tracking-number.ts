/**
 * Tracking numbers: ten digits that can be read out on the telephone and typed on a keypad. The first is
 * 1–9, the last a Damm check digit, so that every single mistyped digit and every swap of two neighbours
 * is recognised before any look-up. Random, so that nobody can count the city's cases or guess the next.
 */
import { randomInt } from 'node:crypto';

/** Totally anti-symmetric quasigroup of order 10: H. Michael Damm, dissertation (Marburg 2004). */
const DAMM = [
  [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
  [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
  [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
  [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
  [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
  [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
  [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
  [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
  [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
  [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
] as const;

const FIRST = 100_000_000;
const END = 1_000_000_000;

/** Damm's interim digit of a string of digits; 0 where the last of them is the right check digit. */
function dammDigit(digits: string): number {
  let interim = 0;
  for (let i = 0; i < digits.length; i++) interim = DAMM[interim]?.[digits.charCodeAt(i) - 48] ?? 0;
  return interim;
}

/**
 * A new tracking number. Whether it is free is for the store's unique index to say.
 * @param random whole number in [min, end); injectable for tests. Default: `crypto.randomInt`.
 */
export function makeTrackingNumber(random: (min: number, end: number) => number = randomInt): string {
  const body = String(random(FIRST, END));
  return body + String(dammDigit(body));
}

/** True for exactly ten digits, the first 1–9, with a right check digit; no separators. */
export function isTrackingNumber(text: string): boolean {
  return /^[1-9][0-9]{9}$/.test(text) && dammDigit(text) === 0;
}

/** Ten digits found in a text. `valid` false: it looks like a tracking number, but was mistyped. */
export interface FoundNumber {
  readonly number: string;
  readonly valid: boolean;
}

/** Digits in groups, as people type and dictate: `123 456 7890`, `123-4567.890`. No line breaks. */
const RUN = /(?<![\p{L}\p{N}+])\d+(?:[ \t\u00a0.\-\u2010-\u2015]{1,3}\d+)*(?![\p{L}\p{N}])/gu;
const LONGEST_RUN = 40;

/**
 * Every tracking number in a text, in order, without repeats, the separators taken out. A group of ten digits is
 * taken whole; otherwise neighbouring groups that make ten. Telephone numbers (leading 0 or +) are none.
 */
export function findTrackingNumbers(text: string): FoundNumber[] {
  const found = new Map<string, boolean>();
  for (const [run] of text.matchAll(RUN)) {
    for (const number of candidates(run.match(/\d+/g) ?? [])) found.set(number, isTrackingNumber(number));
  }
  return [...found].map(([number, valid]) => ({ number, valid }));
}

function candidates(groups: readonly string[]): string[] {
  const whole = groups.filter((group) => looksLikeOne(group));
  if (whole.length > 0) return whole;
  const all = groups.join('');
  if (looksLikeOne(all)) return [all];
  if (groups.length > LONGEST_RUN) return [];
  // A number beside other digits (a date, a house number): believed only with the right check digit.
  return groups.flatMap((_, start) => {
    const number = joinToTen(groups.slice(start));
    return number !== null && isTrackingNumber(number) ? [number] : [];
  });
}

function joinToTen(groups: readonly string[]): string | null {
  let joined = '';
  for (const group of groups) {
    if (group.length < 2) return null;
    joined += group;
    if (joined.length >= 10) break;
  }
  return joined.length === 10 ? joined : null;
}

function looksLikeOne(digits: string): boolean {
  return digits.length === 10 && digits.charCodeAt(0) !== 48;
}
