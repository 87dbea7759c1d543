import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { measurePosts } from '../../../adapters/twitter/measure.js';
import { MOST_POSTS, splitPosts } from '../../../adapters/twitter/split.js';
import { POST_LIMIT, weightOf } from '../../../adapters/twitter/weighted.js';
import { longText } from './helpers.js';

const word = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-z]{1,12}$/) },
  { weight: 1, arbitrary: fc.constantFrom('😀', '👩‍👩‍👧', '日本語', 'lapor.go.id', 'Jl.', 'e\u0301sok', '🇮🇩🇮🇩') },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .map((text) => text.replaceAll(/\s/g, 'x') || 'x'),
  },
);
const text = fc
  .array(fc.tuple(fc.constantFrom(' ', '\n', '\n\n', '  '), word), { minLength: 1, maxLength: 400 })
  .map((words) => words.map(([gap, one]) => gap + one).join(''));

test('parts joined carry all words, and each is within the limit', () => {
  fc.assert(
    fc.property(text, (given) => {
      const parts = splitPosts(given);
      for (const part of parts) expect(weightOf(part)).toBeLessThanOrEqual(POST_LIMIT);
      const bare =
        parts.length === 1
          ? parts
          : parts.map((part, index) => part.replace(` (${index + 1}/${parts.length})`, ''));
      const words = (whole: string) => whole.split(/\s+/).filter(Boolean);
      expect(words(bare.join(' '))).toEqual(words(given.normalize('NFC')));
    }),
    { numRuns: 300 },
  );
});

test('a word longer than a post is cut, and nothing of it is lost', () => {
  for (const long of ['x'.repeat(1_000), '😀'.repeat(500), `${'a'.repeat(300)},b.co/${'c'.repeat(300)}`]) {
    const parts = splitPosts(long);
    for (const part of parts) expect(weightOf(part)).toBeLessThanOrEqual(POST_LIMIT);
    expect(parts.map((part) => part.replace(/ \(\d+\/\d+\)$/, '')).join('')).toBe(long);
  }
});

test.each([
  ['', 0],
  ['x'.repeat(280), 1],
  ['x'.repeat(281), 2],
  ['日'.repeat(140), 1],
  ['日'.repeat(141), 2],
  [' ', 1],
])('%j is so many posts', (given, posts) => {
  expect(splitPosts(given)).toHaveLength(posts);
});

test('two digits are reckoned with', () => {
  const parts = splitPosts(longText(12));
  expect(parts.length).toBeGreaterThan(9);
  expect(parts[0]).toMatch(/ \(1\/\d\d\)$/);
  expect(parts.at(-1)).toContain(`(${parts.length}/${parts.length})`);
});

test('measured as posts, in weighted characters, at the price of a post', () => {
  const price = { perPostIdr: 170, allowLinks: false };
  expect(measurePosts('Halo 😀', price)).toEqual({
    segments: 1,
    encoding: 'characters',
    used: 7,
    left: 273,
    costIdr: 170,
    fits: true,
  });
  expect(measurePosts(longText(3), price)).toMatchObject({ segments: 3, costIdr: 510, fits: true });
  expect(measurePosts(longText(MOST_POSTS + 2), price).fits).toBe(false);
  expect(measurePosts('Lihat lapor.go.id', price).fits).toBe(false);
  expect(measurePosts('Lihat lapor.go.id', { ...price, allowLinks: true }).fits).toBe(true);
});
