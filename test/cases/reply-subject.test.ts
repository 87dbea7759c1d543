import { expect, test } from '@jest/globals';
import { replySubject } from '../../src/cases/reply-subject.js';

test.each([
  ['Jalan berlubang', 'Jalan berlubang'],
  // The channel puts `Re:` before it, and knows how others write it.
  ['Bls: Jalan berlubang', 'Bls: Jalan berlubang'],
  ['a\r\nBcc: x@evil.example', 'a Bcc: x@evil.example'],
  [' \r\n ', null],
  ['', null],
  [undefined, null],
])('%p: %p', (given, expected) => {
  expect(replySubject(given)).toBe(expected);
});

test('is cut between characters', () => {
  expect(replySubject('😀'.repeat(300))).toBe('😀'.repeat(200));
});
