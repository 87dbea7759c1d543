import { expect, test } from '@jest/globals';
import { linksOf, weightOf } from '../../../adapters/twitter/weighted.js';

/** Figures and links of X's own library, twitter-text 3.1.0, `parseTweet` and `extractUrls`. */
const table: readonly [string, number, readonly string[]][] = [
  ['halo', 4, []],
  ['ambon.id', 23, ['ambon.id']],
  ['lapor.go.id', 23, ['lapor.go.id']],
  ['lihat lapor.go.id/x?y=1 ya', 32, ['lapor.go.id/x?y=1']],
  ['https://a.b', 11, []],
  ['http://ambon.go.id/lacak', 23, ['http://ambon.go.id/lacak']],
  ['(https://x.com/a)', 25, ['https://x.com/a']],
  ['a@b.com', 7, []],
  ['foo.com.', 24, ['foo.com']],
  ['padam.Kami', 10, []],
  ['https://localhost:8080/x', 24, []],
  ['no.1', 4, []],
  ['WWW.AMBON.GO.ID', 23, ['WWW.AMBON.GO.ID']],
  ['http://例え.jp', 23, ['http://例え.jp']],
  ['@a.com', 6, []],
  ['#a.com', 6, []],
  ['x_y.com', 7, []],
  ['_a.com', 6, []],
  ['/a.com', 6, []],
  ['a.b.c.id:80/x,', 24, ['a.b.c.id:80/x']],
  ['日本語', 6, []],
  ['e\u0301', 1, []],
  ['👩‍👩‍👧', 2, []],
  ['🇮🇩', 2, []],
  ['1️⃣', 2, []],
  ['🧑🏽', 2, []],
  ['☺', 2, []],
  ['☺️', 2, []],
  ['©', 1, []],
  ['①', 2, []],
  ['😀😀', 4, []],
  ['— ’', 3, []],
  ['', 0, []],
];

test.each(table)('%j weighs %d', (text, weight, links) => {
  expect(weightOf(text)).toBe(weight);
  expect(linksOf(text)).toEqual(links);
});

test('a hostile text ends', () => {
  const started = performance.now();
  for (const piece of ['a', 'a.', 'a-', 'https://', 'a_', '.', 'é', '👩‍']) weightOf(piece.repeat(20_000));
  // Half a second on a quiet machine; what backtracks would not end in a day.
  expect(performance.now() - started).toBeLessThan(30_000);
});
