import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { countSegments, measureSms } from '../../../adapters/sms/segments.js';

const price = { perSegmentIdr: 350, maxCharacters: 1_600 };

describe('countSegments', () => {
  test.each([
    ['nothing', '', 'GSM-7', 0, 0, 160],
    ['one letter', 'a', 'GSM-7', 1, 1, 159],
    ['160 letters', 'a'.repeat(160), 'GSM-7', 1, 160, 0],
    ['161 letters', 'a'.repeat(161), 'GSM-7', 2, 161, 145],
    ['306 letters', 'a'.repeat(306), 'GSM-7', 2, 306, 0],
    ['307 letters', 'a'.repeat(307), 'GSM-7', 3, 307, 152],
    ['80 extension characters', '€'.repeat(80), 'GSM-7', 1, 160, 0],
    ['81 extension characters', '€'.repeat(81), 'GSM-7', 2, 162, 143],
    // 152 of 153 septets, then an escape pair that goes to the next segment whole.
    ['an escape pair at the seam', `${'a'.repeat(152)}€${'a'.repeat(10)}`, 'GSM-7', 2, 164, 141],
    [
      'an escape pair that makes a third segment',
      `${'a'.repeat(152)}€${'a'.repeat(151)}a`,
      'GSM-7',
      3,
      306,
      152,
    ],
    ['every extension character', '\f^{}\\[~]|€', 'GSM-7', 1, 20, 140],
    ['line ends', 'a\r\nb', 'GSM-7', 1, 4, 156],
    ['a typographic quote', 'jum’at', 'UCS-2', 1, 6, 64],
    ['70 units', '’'.repeat(70), 'UCS-2', 1, 70, 0],
    ['71 units', '’'.repeat(71), 'UCS-2', 2, 71, 63],
    ['134 units', '’'.repeat(134), 'UCS-2', 2, 134, 0],
    ['135 units', '’'.repeat(135), 'UCS-2', 3, 135, 66],
    ['35 emoji', '😀'.repeat(35), 'UCS-2', 1, 70, 0],
    // 33 pairs fill 66 of 67 units; the 34th is not split.
    ['36 emoji', '😀'.repeat(36), 'UCS-2', 2, 72, 61],
    [
      '67 emoji need a third segment, though 134 units would fit in two',
      '😀'.repeat(67),
      'UCS-2',
      3,
      134,
      65,
    ],
    ['an escape character in UCS-2 costs one', '’[', 'UCS-2', 1, 2, 68],
    ['a lone surrogate', '\ud83d', 'UCS-2', 1, 1, 69],
    ['a tab, which GSM-7 does not have', '\t', 'UCS-2', 1, 1, 69],
    ['ESC itself', '\u001b', 'UCS-2', 1, 1, 69],
  ])('%s', (_name, text, encoding, segments, used, left) => {
    expect(countSegments(text)).toEqual({ encoding, segments, used, left });
  });

  const character = fc.oneof(
    fc.constantFrom('a', ' ', '€', '[', '’', '😀', '\ud83d', '\ude00', 'é', 'ê'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  );
  const text = fc.array(character, { maxLength: 400 }).map((characters) => characters.join(''));

  test('a longer text never needs fewer segments', () => {
    fc.assert(
      fc.property(text, character, (start, more) => {
        return countSegments(start + more).segments >= countSegments(start).segments;
      }),
    );
  });

  test('exactly what is said to be left still fits, and one more does not', () => {
    fc.assert(
      fc.property(text, (start) => {
        const { encoding, segments, left } = countSegments(start);
        const unit = encoding === 'GSM-7' ? 'a' : '’';
        const full = countSegments(start + unit.repeat(left));
        expect(full.segments).toBe(Math.max(segments, left > 0 ? 1 : 0));
        expect(full.left).toBe(0);
        expect(countSegments(start + unit.repeat(left + 1)).segments).toBe(full.segments + 1);
      }),
    );
  });

  test('segments hold the text, and no pair could be split to save one', () => {
    fc.assert(
      fc.property(text, (start) => {
        const { encoding, segments, used } = countSegments(start);
        const [single, part] = encoding === 'GSM-7' ? [160, 153] : [70, 67];
        if (segments > 1) {
          expect(used).toBeGreaterThan(single);
          expect(segments).toBeGreaterThanOrEqual(Math.ceil(used / part));
          // At most one unit of a segment stays empty.
          expect(segments).toBeLessThanOrEqual(Math.ceil(used / (part - 1)));
        } else expect(used).toBeLessThanOrEqual(single);
      }),
    );
  });
});

describe('measureSms', () => {
  test('costs each segment', () => {
    expect(measureSms('', price).costIdr).toBe(0);
    expect(measureSms('a'.repeat(160), price).costIdr).toBe(350);
    expect(measureSms('a'.repeat(161), price).costIdr).toBe(700);
  });

  test('knows what the provider refuses', () => {
    expect(measureSms('a'.repeat(1_600), price).fits).toBe(true);
    expect(measureSms('a'.repeat(1_601), price).fits).toBe(false);
  });
});
