import { describe, expect, test } from '@jest/globals';
import {
  advance,
  firstCursor,
  isStale,
  readCursor,
  rescanCursor,
} from '../../../../adapters/email/imap/cursor.js';
import { sequenceSet } from '../../../../adapters/email/imap/folder.js';

const NOW = new Date('2026-11-23T01:00:00.000Z');
const state = { uidValidity: '18446744073709551615', highestUid: 40, saysNext: true };

describe('the position in a folder', () => {
  test('survives JSON, with a UIDVALIDITY that no number holds', () => {
    const first = firstCursor(state, NOW);
    expect(readCursor(JSON.parse(JSON.stringify(first)))).toEqual(first);
    expect(first).toMatchObject({ uidValidity: '18446744073709551615', lastUid: 0 });
    expect(readCursor(undefined)).toBeUndefined();
    expect(readCursor(null)).toBeUndefined();
  });

  test.each([[{}], [{ uidValidity: 7, lastUid: 1 }], ['x'], [{ ...firstCursor(state, NOW), lastUid: -1 }]])(
    'is refused as %j',
    (saved) => {
      expect(() => readCursor(saved)).toThrow(expect.objectContaining({ code: 'config' }));
    },
  );

  test('with since: everything up to now by date, then by UID', () => {
    const since = new Date('2026-11-01T00:00:00.000Z');
    let at = firstCursor(state, since);
    expect(at).toMatchObject({ lastUid: 0, scan: { since: since.toISOString(), upTo: 40 } });
    at = advance(at, 39, new Date('2026-11-20T00:00:00Z'), NOW);
    expect(at).toMatchObject({ lastUid: 39, scan: { upTo: 40 }, seenUntil: '2026-11-20T00:00:00.000Z' });
    at = advance(at, 40, undefined, NOW);
    expect(at).not.toHaveProperty('scan');
  });

  test('a server whose clock runs ahead does not hide what comes later', () => {
    const at = advance(firstCursor(state, NOW), 41, new Date('2030-01-01T00:00:00Z'), NOW);
    expect(at.seenUntil).toBe(NOW.toISOString());
    // Nor does one whose clock runs behind, or a mail that is filed late, turn it back.
    expect(advance(at, 42, new Date('2020-01-01T00:00:00Z'), NOW).seenUntil).toBe(NOW.toISOString());
  });

  test('UIDs mean nothing any more where UIDVALIDITY has changed, or where they have gone back', () => {
    const at = advance(firstCursor(state, NOW), 40, undefined, NOW);
    expect(isStale(at, state)).toBe(false);
    expect(isStale(at, { ...state, uidValidity: '7' })).toBe(true);
    expect(isStale(at, { ...state, highestUid: 39 })).toBe(true);
    // The last mail was expunged, on a server that does not say which UID comes next.
    expect(isStale(at, { ...state, highestUid: 39, saysNext: false })).toBe(false);
  });

  test('a rescan goes back a week, but never before what was ours at all', () => {
    const first = firstCursor(state, new Date('2026-11-01T00:00:00.000Z'));
    const at = advance(first, 40, new Date('2026-11-22T00:00:00.000Z'), NOW);
    const next = { uidValidity: '8', highestUid: 12, saysNext: true };
    expect(rescanCursor(at, next)).toEqual({
      uidValidity: '8',
      lastUid: 0,
      from: '2026-11-01T00:00:00.000Z',
      seenUntil: '2026-11-22T00:00:00.000Z',
      scan: { since: '2026-11-15T00:00:00.000Z', upTo: 12 },
    });
    expect(rescanCursor(first, next).scan?.since).toBe('2026-11-01T00:00:00.000Z');
  });

  test('UIDs are asked for in ranges', () => {
    expect(sequenceSet([1, 2, 3, 7, 9, 10])).toBe('1:3,7,9:10');
    expect(sequenceSet([5])).toBe('5');
  });
});
