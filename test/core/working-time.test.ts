import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readEnv } from '../../config/env.js';
import { loadConfig } from '../../config/load.js';
import {
  addOfficeMinutes,
  dueAt,
  fromLocal,
  isWorkingDay,
  officeMinutesBetween,
  toLocalDate,
  toLocalIso,
  toShortDate,
  workingDaysBetween,
  type WorkCalendar,
} from '../../src/core/working-time.js';

const ambon = loadConfig({ env: readEnv({}) }).calendar;
const due = (at: string, days = 5) => toLocalIso(dueAt(ambon, new Date(at), days), ambon);

describe('dueAt: close of office on the Nth working day after receipt', () => {
  test.each([
    // Monday; the fifth working day after it is the next Monday.
    ['2026-11-23T09:00:00+09:00', '2026-11-30T16:00:00+09:00'],
    ['2026-11-23T00:00:00+09:00', '2026-11-30T16:00:00+09:00'],
    ['2026-11-23T23:59:59.999+09:00', '2026-11-30T16:00:00+09:00'],
    // Midnight in Ambon is 15:00 UTC of the day before: the local day counts.
    ['2026-11-22T14:59:59Z', '2026-11-27T16:30:00+09:00'],
    ['2026-11-22T15:00:00Z', '2026-11-30T16:00:00+09:00'],
    // Saturday: the fifth working day is Friday, which closes later.
    ['2026-11-21T10:00:00+09:00', '2026-11-27T16:30:00+09:00'],
    // Christmas: 24 (cuti bersama) and 25 December, 1 January.
    ['2026-12-22T10:00:00+09:00', '2026-12-31T16:00:00+09:00'],
    ['2026-12-23T10:00:00+09:00', '2027-01-04T16:00:00+09:00'],
    // Nyepi, Idulfitri and their cuti bersama: 18–24 March.
    ['2026-03-17T10:00:00+09:00', '2026-03-31T16:00:00+09:00'],
    // A leap day is a working day (Tuesday, 29 February 2028; the calendar knows only weekends of that year).
    ['2028-02-25T10:00:00+09:00', '2028-03-03T16:30:00+09:00'],
    ['2028-02-29T10:00:00+09:00', '2028-03-07T16:00:00+09:00'],
  ])('%s → %s', (received, expected) => {
    expect(due(received)).toBe(expected);
  });

  test('agrees with counting day by day, and lies on the Nth working day', () => {
    const instant = fc.date({
      min: new Date('2026-01-01T00:00:00Z'),
      max: new Date('2027-12-01T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instant, fc.integer({ min: 1, max: 12 }), (received, days) => {
        const at = dueAt(ambon, received, days);
        expect(at.getTime()).toBeGreaterThan(received.getTime());
        expect(isWorkingDay(ambon, at)).toBe(true);
        expect(workingDaysBetween(ambon, received, at)).toBe(days);
        expect(addOfficeMinutes(ambon, at, 0).getTime()).toBeGreaterThan(at.getTime() - 1);
      }),
    );
  });

  test('refuses what is no count, and a calendar that never opens', () => {
    expect(() => dueAt(ambon, new Date(), 0)).toThrow(RangeError);
    expect(() => dueAt(ambon, new Date(), 1.5)).toThrow(RangeError);
    const never: WorkCalendar = { ...ambon, officeHours: [null, null, null, null, null, null, null] };
    expect(() => dueAt(never, new Date(), 5)).toThrow(RangeError);
    expect(() => addOfficeMinutes(never, new Date(), 5)).toThrow(RangeError);
  });
});

describe('isWorkingDay', () => {
  test.each([
    ['2026-11-23T12:00:00+09:00', true],
    ['2026-11-22T12:00:00+09:00', false],
    ['2026-12-24T12:00:00+09:00', false],
    ['2026-12-25T12:00:00+09:00', false],
    ['2026-12-23T15:30:00Z', false],
    ['2026-12-25T15:30:00Z', false],
    ['2026-12-27T15:30:00Z', true],
  ])('%s → %s', (at, expected) => {
    expect(isWorkingDay(ambon, new Date(at))).toBe(expected);
  });
});

describe('minutes of office time', () => {
  const add = (at: string, minutes: number) =>
    toLocalIso(addOfficeMinutes(ambon, new Date(at), minutes), ambon);

  test.each([
    ['2026-11-23T09:00:00+09:00', 5, '2026-11-23T09:05:00+09:00'],
    ['2026-11-23T15:58:00+09:00', 5, '2026-11-24T08:03:00+09:00'],
    ['2026-11-27T16:28:00+09:00', 5, '2026-11-30T08:03:00+09:00'],
    ['2026-11-21T12:00:00+09:00', 0, '2026-11-23T08:00:00+09:00'],
    ['2026-11-23T06:00:00+09:00', 480, '2026-11-23T16:00:00+09:00'],
    ['2026-12-23T15:59:00+09:00', 2, '2026-12-28T08:01:00+09:00'],
  ])('%s and %d minutes → %s', (from, minutes, expected) => {
    expect(add(from, minutes)).toBe(expected);
  });

  test('are counted back to what was added', () => {
    const instant = fc.date({
      min: new Date('2026-01-01T00:00:00Z'),
      max: new Date('2027-06-01T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instant, fc.integer({ min: 0, max: 5_000 }), (from, minutes) => {
        const end = addOfficeMinutes(ambon, from, minutes);
        expect(officeMinutesBetween(ambon, from, end)).toBeCloseTo(minutes, 3);
      }),
    );
  });

  test('are none where the end is not later', () => {
    const monday = new Date('2026-11-23T10:00:00+09:00');
    expect(officeMinutesBetween(ambon, monday, monday)).toBe(0);
    expect(officeMinutesBetween(ambon, monday, new Date('2026-11-20T10:00:00+09:00'))).toBe(0);
    expect(officeMinutesBetween(ambon, new Date('2026-11-20T16:00:00+09:00'), monday)).toBe(30 + 120);
    expect(() => addOfficeMinutes(ambon, monday, -1)).toThrow(RangeError);
    expect(() => addOfficeMinutes(ambon, monday, Number.NaN)).toThrow(RangeError);
  });
});

describe('local time', () => {
  test('is RFC 3339 with the offset, and the same instant', () => {
    expect(toLocalIso(new Date('2026-11-22T15:00:00Z'), ambon)).toBe('2026-11-23T00:00:00+09:00');
    expect(toLocalIso(new Date('2026-11-22T15:00:00.120Z'), ambon)).toBe('2026-11-23T00:00:00.120+09:00');
    expect(toLocalIso(new Date('2026-11-22T15:00:00Z'), { offsetMinutes: -210 })).toBe(
      '2026-11-22T11:30:00-03:30',
    );
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
        fc.integer({ min: -720, max: 840 }),
        (date, offsetMinutes) => {
          expect(Date.parse(toLocalIso(date, { offsetMinutes }))).toBe(date.getTime());
        },
      ),
    );
  });

  test('has the date of Ambon, and goes back to the instant', () => {
    const at = new Date('2028-02-28T15:30:00Z');
    expect(toLocalDate(at, ambon)).toBe('2028-02-29');
    expect(toShortDate(at, ambon)).toBe('29-02-2028');
    expect(fromLocal(ambon, '2028-02-29', 30)).toEqual(at);
  });
});

test('ten thousand deadlines take well under a second', () => {
  const started = performance.now();
  for (let i = 0; i < 10_000; i++) dueAt(ambon, new Date(1_795_000_000_000 + i * 100_000), 5);
  expect(performance.now() - started).toBeLessThan(500);
});
