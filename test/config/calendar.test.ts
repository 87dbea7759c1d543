import { describe, expect, test } from '@jest/globals';
import Holidays from 'date-holidays';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../../config/root.js';
import { calendarSchema } from '../../config/schema.js';

const file = calendarSchema.parse(parse(readFileSync(join(projectRoot(), 'config/calendar.yaml'), 'utf8')));
const of = (year: number, kind?: string) =>
  file.holidays.filter((one) => one.date.startsWith(`${year}-`) && (kind === undefined || one.kind === kind));
const computed = (year: number) =>
  new Holidays('ID')
    .getHolidays(year)
    .filter((one) => one.type === 'public')
    .map((one) => one.date.slice(0, 10));

describe('2026, by the decree', () => {
  test('17 national holidays and 8 days of cuti bersama', () => {
    expect(of(2026, 'national')).toHaveLength(17);
    expect(of(2026, 'cuti_bersama').map((one) => one.date)).toEqual([
      '2026-02-16',
      '2026-03-18',
      '2026-03-20',
      '2026-03-23',
      '2026-03-24',
      '2026-05-15',
      '2026-05-28',
      '2026-12-24',
    ]);
    expect(of(2026).every((one) => one.source === 'decree')).toBe(true);
  });

  test('computed holidays are in it; the decree has Easter and the second day of Idulfitri beside them', () => {
    const ours = of(2026).map((one) => one.date);
    expect(computed(2026).filter((date) => !ours.includes(date))).toEqual([]);
    const national = of(2026, 'national').map((one) => one.date);
    expect(national.filter((date) => !computed(2026).includes(date))).toEqual(['2026-03-22', '2026-04-05']);
  });
});

test('2027 is computed and says so, until the decree is put in', () => {
  expect(file.provisionalYears).toEqual([2027]);
  expect(of(2027).every((one) => one.source === 'computed')).toBe(true);
  const ours = of(2027).map((one) => one.date);
  expect(computed(2027).filter((date) => !ours.includes(date))).toEqual([]);
  expect(ours.filter((date) => !computed(2027).includes(date))).toEqual(['2027-03-28']);
});

test('holidays are in order', () => {
  const dates = file.holidays.map((one) => one.date);
  expect(dates).toEqual([...dates].sort());
});
