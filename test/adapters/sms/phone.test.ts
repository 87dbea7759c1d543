import { describe, expect, test } from '@jest/globals';
import { normalizeLine } from '../../../adapters/sms/phone.js';
import { isAlphanumericSender, normalizePhone, readPhone } from '../../../src/core/phone.js';

describe('normalizePhone', () => {
  test.each([
    ['081200000011', '+6281200000011'],
    ['6281200000011', '+6281200000011'],
    ['+6281200000011', '+6281200000011'],
    ['006281200000011', '+6281200000011'],
    ['0812-0000-0011', '+6281200000011'],
    [' +62 812 0000 0011 ', '+6281200000011'],
    ['81200000011', '+6281200000011'],
    ['08114706999', '+628114706999'],
    ['0911311122', '+62911311122'],
    ['+14155550100', '+14155550100'],
    ['14155550100', '+14155550100'],
    ['1708', '1708'],
    ['110', '110'],
    ['98000', '98000'],
    ['PLN', 'PLN'],
    ['INFO-BMKG', 'INFO-BMKG'],
    ['whatsapp:+6281200000011', 'whatsapp:+6281200000011'],
    ['', ''],
    ['+', '+'],
    ['12', '12'],
  ])('%j is %j', (given, normalized) => {
    expect(normalizePhone(given)).toBe(normalized);
    expect(normalizePhone(normalized)).toBe(normalized);
  });

  test('numbers of another country are read by its plan', () => {
    expect(normalizePhone('4155550100', 'US')).toBe('+14155550100');
  });

  test("does not turn a citizen's number into the line that was once misprinted as his", () => {
    expect(normalizePhone('081114706999')).toBe('+6281114706999');
  });
});

describe('normalizeLine', () => {
  test.each([
    ['081114706999', '+628114706999'],
    ['+6281114706999', '+628114706999'],
    ['08114706999', '+628114706999'],
    ['1708', '1708'],
    ['constructor', 'constructor'],
  ])('%j is %j', (given, normalized) => {
    expect(normalizeLine(given)).toBe(normalized);
  });
});

test('a name is not a number that can be answered', () => {
  expect(isAlphanumericSender('PLN')).toBe(true);
  expect(isAlphanumericSender('1708')).toBe(false);
  expect(isAlphanumericSender('+6281200000011')).toBe(false);
});

test('readPhone gives E.164 or nothing', () => {
  expect(readPhone('0812 0000 0001')).toBe('+6281200000001');
  expect(readPhone('1708')).toBeNull();
  expect(readPhone('tidak tahu')).toBeNull();
});
