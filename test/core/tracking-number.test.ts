import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { findTrackingNumbers, isTrackingNumber, makeTrackingNumber } from '../../src/core/tracking-number.js';

const number = fc
  .integer({ min: 100_000_000, max: 999_999_999 })
  .map((body) => makeTrackingNumber(() => body));

describe('makeTrackingNumber', () => {
  test('ten digits, the first not 0, the last a check digit', () => {
    fc.assert(
      fc.property(number, (made) => {
        expect(made).toMatch(/^[1-9]\d{9}$/);
        expect(isTrackingNumber(made)).toBe(true);
      }),
    );
  });

  test("has the one check digit of Damm's table: 4 for 123456789", () => {
    const made = makeTrackingNumber(() => 123_456_789);
    const right = Array.from('0123456789').filter((last) => isTrackingNumber(`123456789${last}`));
    expect(right).toEqual([made.slice(-1)]);
    expect(made).toBe('1234567894');
  });

  test('asks the random source for the whole range', () => {
    const asked: number[][] = [];
    makeTrackingNumber((min, end) => {
      asked.push([min, end]);
      return min;
    });
    expect(asked).toEqual([[100_000_000, 1_000_000_000]]);
  });

  test('is not sequential: neighbours in time are no neighbours in number', () => {
    const made = Array.from({ length: 200 }, () => Number(makeTrackingNumber()));
    const near = made.filter((one, i) => i > 0 && Math.abs(one - (made[i - 1] ?? 0)) < 1000);
    expect(near.length).toBeLessThan(3);
    expect(new Set(made).size).toBe(200);
  });
});

describe('a mistyped number is recognised', () => {
  test('every single wrong digit', () => {
    fc.assert(
      fc.property(number, (right) => {
        for (let at = 0; at < 10; at++) {
          for (const digit of '0123456789') {
            if (digit === right[at]) continue;
            expect(isTrackingNumber(right.slice(0, at) + digit + right.slice(at + 1))).toBe(false);
          }
        }
      }),
    );
  });

  test('every swap of two neighbours', () => {
    fc.assert(
      fc.property(number, (right) => {
        for (let at = 0; at < 9; at++) {
          const [a, b] = [right[at] ?? '', right[at + 1] ?? ''];
          if (a === b) continue;
          expect(isTrackingNumber(right.slice(0, at) + b + a + right.slice(at + 2))).toBe(false);
        }
      }),
    );
  });

  test.each(['', '123456789', '12345678944', '0123456785', ' 1234567894', '1234567894\n', '123456789٤'])(
    '%j is none',
    (text) => {
      expect(isTrackingNumber(text)).toBe(false);
    },
  );
});

describe('findTrackingNumbers', () => {
  const good = '1234567894';
  const bad = '1234567895';

  test.each<[string, [string, boolean][]]>([
    [`nomor ${good}`, [[good, true]]],
    ['cek 123 456 7894 ya', [[good, true]]],
    ['123-456-7894', [[good, true]]],
    ['1234.567.894', [[good, true]]],
    ['123 - 456 - 7894.', [[good, true]]],
    ['1 2 3 4 5 6 7 8 9 4', [[good, true]]],
    ['123\u00a0456\u20117894', [[good, true]]],
    [`(${good})`, [[good, true]]],
    [bad, [[bad, false]]],
    ['123 456 7895', [[bad, false]]],
    [
      `${good} dan ${bad} dan ${good}`,
      [
        [good, true],
        [bad, false],
      ],
    ],
    [`${good} 2026`, [[good, true]]],
    [`tgl 23-11-2026 ${good}`, [[good, true]]],
    ['RT 12 123 456 7894', [[good, true]]],
    ['RT 12 123 456 7895', []],
    ['telp 08114706999', []],
    ['+6281200000001', []],
    ['+1234567894', []],
    ['0811475809', []],
    ['123\n4567894', []],
    ['a1234567894', []],
    ['1234567894x', []],
    ['12345678941', []],
    ['tanpa nomor', []],
    ['', []],
  ])('%j', (text, expected) => {
    expect(findTrackingNumbers(text).map((one) => [one.number, one.valid])).toEqual(expected);
  });

  test('finds a number however it is grouped', () => {
    fc.assert(
      fc.property(
        number,
        fc.array(fc.constantFrom('', '', ' ', '-', '.', ' - '), { minLength: 9, maxLength: 9 }),
        (made, separators) => {
          const typed = made
            .split('')
            .map((digit, at) => digit + (separators[at] ?? ''))
            .join('');
          expect(findTrackingNumbers(`Laporan ${typed}, tolong`)).toEqual([{ number: made, valid: true }]);
        },
      ),
    );
  });

  test('is quick on a text made to be slow', () => {
    const started = performance.now();
    findTrackingNumbers('12 '.repeat(20_000));
    findTrackingNumbers('1'.repeat(60_000));
    findTrackingNumbers('1 - '.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
