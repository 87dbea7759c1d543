/**
 * The clock of the city: working days, office hours, deadlines. Pure; a calendar is data with a version, so that a
 * past deadline stays explainable. Indonesia has no daylight saving: one offset is the whole time zone.
 */

/** Minutes after local midnight. */
export interface OfficeHours {
  readonly open: number;
  readonly close: number;
}

export interface Holiday {
  readonly name: string;
  /** `national` by decree or computed; `cuti_bersama`: collective leave of civil servants, by decree; `local`: the city's own. */
  readonly kind: 'national' | 'cuti_bersama' | 'local';
}

export interface WorkCalendar {
  /** Stored with each deadline. */
  readonly version: string;
  /** Minutes east of UTC; 540 for Asia/Jayapura. */
  readonly offsetMinutes: number;
  /** Index 0 is Sunday; null where the office is closed. */
  readonly officeHours: readonly (OfficeHours | null)[];
  /** By local date, `2026-12-24`. */
  readonly holidays: ReadonlyMap<string, Holiday>;
  /** Years whose holidays are in the calendar; outside of them only weekends are known. */
  readonly years: readonly number[];
}

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A calendar that never opens would loop for ever; no decree closes an office for a year. */
const LONGEST_SEARCH_DAYS = 3_660;

/** Days since 1970-01-01 in local time. */
type DayNumber = number;

/** Whether the office opens on the local day of that instant. */
export function isWorkingDay(calendar: WorkCalendar, at: Date): boolean {
  return hoursOf(calendar, dayOf(calendar, at)) !== null;
}

/**
 * Close of office on the Nth working day after receipt; the day of receipt does not count, whatever the hour.
 * @param days whole number, 1 or more.
 */
export function dueAt(calendar: WorkCalendar, receivedAt: Date, days: number): Date {
  if (!Number.isInteger(days) || days < 1) throw new RangeError('days must be a whole number from 1');
  let day = dayOf(calendar, receivedAt);
  let left = days;
  for (let searched = 0; searched < LONGEST_SEARCH_DAYS + days * 7; searched++) {
    const hours = hoursOf(calendar, ++day);
    if (hours && --left === 0) return instant(calendar, day, hours.close);
  }
  throw new RangeError('the calendar has no working days');
}

/** The instant at which so many minutes of office time have passed. With 0: now, or the next opening. */
export function addOfficeMinutes(calendar: WorkCalendar, from: Date, minutes: number): Date {
  if (!(minutes >= 0)) throw new RangeError('minutes must be 0 or more');
  let left = minutes * MINUTE;
  const first = dayOf(calendar, from);
  for (let day = first; day < first + LONGEST_SEARCH_DAYS; day++) {
    const hours = hoursOf(calendar, day);
    if (!hours) continue;
    const open = Math.max(instant(calendar, day, hours.open).getTime(), from.getTime());
    const room = instant(calendar, day, hours.close).getTime() - open;
    if (room <= 0) continue;
    if (left <= room) return new Date(open + left);
    left -= room;
  }
  throw new RangeError('the calendar has no working days');
}

/** Minutes of office time between two instants, fractions included; 0 where the second is not later. */
export function officeMinutesBetween(calendar: WorkCalendar, from: Date, to: Date): number {
  let total = 0;
  for (let day = dayOf(calendar, from); day <= dayOf(calendar, to); day++) {
    const hours = hoursOf(calendar, day);
    if (!hours) continue;
    const start = Math.max(instant(calendar, day, hours.open).getTime(), from.getTime());
    const end = Math.min(instant(calendar, day, hours.close).getTime(), to.getTime());
    if (end > start) total += end - start;
  }
  return total / MINUTE;
}

/** Working days from the day after `from` up to and with the day of `to`; 0 where `to` is not on a later day. */
export function workingDaysBetween(calendar: WorkCalendar, from: Date, to: Date): number {
  let count = 0;
  for (let day = dayOf(calendar, from) + 1; day <= dayOf(calendar, to); day++) {
    if (hoursOf(calendar, day)) count++;
  }
  return count;
}

/** RFC 3339 in local time with offset: `2026-11-23T08:00:00+09:00`; milliseconds only where there are some. */
export function toLocalIso(date: Date, calendar: Pick<WorkCalendar, 'offsetMinutes'>): string {
  const { offsetMinutes } = calendar;
  const local = new Date(date.getTime() + offsetMinutes * MINUTE).toISOString();
  const plain = local.endsWith('.000Z') ? local.slice(0, -5) : local.slice(0, -1);
  const away = Math.abs(offsetMinutes);
  return `${plain}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(away / 60))}:${two(away % 60)}`;
}

/** Local date, `2026-11-23`. */
export function toLocalDate(date: Date, calendar: Pick<WorkCalendar, 'offsetMinutes'>): string {
  return new Date(date.getTime() + calendar.offsetMinutes * MINUTE).toISOString().slice(0, 10);
}

/** Local date as citizens read it, `23-11-2026`: ten characters, the same in either language. */
export function toShortDate(date: Date, calendar: Pick<WorkCalendar, 'offsetMinutes'>): string {
  const [year, month, day] = toLocalDate(date, calendar).split('-');
  return `${day}-${month}-${year}`;
}

/** The instant of a local date and time of day: `('2026-11-23', 8 * 60)`. */
export function fromLocal(
  calendar: Pick<WorkCalendar, 'offsetMinutes'>,
  date: string,
  minutes: number,
): Date {
  return new Date(Date.parse(`${date}T00:00:00Z`) + (minutes - calendar.offsetMinutes) * MINUTE);
}

function dayOf(calendar: WorkCalendar, at: Date): DayNumber {
  return Math.floor((at.getTime() + calendar.offsetMinutes * MINUTE) / DAY);
}

function instant(calendar: WorkCalendar, day: DayNumber, minutes: number): Date {
  return new Date(day * DAY + (minutes - calendar.offsetMinutes) * MINUTE);
}

function hoursOf(calendar: WorkCalendar, day: DayNumber): OfficeHours | null {
  // 1970-01-01 was a Thursday.
  const hours = calendar.officeHours[(((day + 4) % 7) + 7) % 7] ?? null;
  return hours !== null && holidayDays(calendar).has(day) ? null : hours;
}

/** Deadlines are counted for every message: holidays are looked up by number, made once per calendar. */
const DAYS_OF = new WeakMap<WorkCalendar, ReadonlySet<DayNumber>>();

function holidayDays(calendar: WorkCalendar): ReadonlySet<DayNumber> {
  let days = DAYS_OF.get(calendar);
  if (!days) {
    days = new Set([...calendar.holidays.keys()].map((date) => Date.parse(`${date}T00:00:00Z`) / DAY));
    DAYS_OF.set(calendar, days);
  }
  return days;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
