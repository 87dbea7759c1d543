import { expect, test } from '@jest/globals';
import { makeEmergencyTest } from '../../src/core/emergency.js';

const isEmergency = makeEmergencyTest(['kebakaran', 'rumah terbakar', 'a+b (c)']);

test.each([
  ['Ada KEBAKARAN di Batu Merah!', true],
  ['kebakaran', true],
  ['rumah \n terbakar di Passo', true],
  ['pakai a+b (c) saja', true],
  ['alat pemadamkebakaran rusak', false],
  ['kebakaran2', false],
  ['rumah saya, terbakar matahari', false],
  ['', false],
])('%j → %s', (text, expected) => {
  expect(isEmergency(text)).toBe(expected);
});

test('without words nothing is one', () => {
  expect(makeEmergencyTest([])('kebakaran')).toBe(false);
});
