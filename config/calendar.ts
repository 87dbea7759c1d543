/** From `calendar.yaml` to the calendar that the core counts with. */
import type { Holiday, OfficeHours, WorkCalendar } from '../src/core/working-time.js';
import type { CalendarFile } from './schema.js';

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

export function makeCalendar(file: CalendarFile): WorkCalendar {
  const [hours, minutes] = file.utcOffset.slice(1).split(':').map(Number);
  const away = (hours ?? 0) * 60 + (minutes ?? 0);
  return {
    version: file.version,
    offsetMinutes: file.utcOffset.startsWith('-') ? -away : away,
    officeHours: WEEKDAYS.map((day) => parseHours(file.officeHours[day])),
    holidays: new Map(file.holidays.map(({ date, name, kind }): [string, Holiday] => [date, { name, kind }])),
    years: file.years,
  };
}

function parseHours(text: string | null): OfficeHours | null {
  if (text === null) return null;
  const [open = 0, close = 0] = text.split('-').map((time) => {
    const [hour = 0, minute = 0] = time.split(':').map(Number);
    return hour * 60 + minute;
  });
  return { open, close };
}

export function calendarProblems(file: CalendarFile, name: string): string[] {
  const problems: string[] = [];
  const dates = file.holidays.map((holiday) => holiday.date);
  for (const date of new Set(dates.filter((one, index) => dates.indexOf(one) !== index))) {
    problems.push(`${name}.holidays: ${date} is there twice`);
  }
  for (const date of dates.filter((one) => !file.years.includes(Number(one.slice(0, 4))))) {
    problems.push(`${name}.holidays: ${date} is in no year of the calendar`);
  }
  const hours = WEEKDAYS.map((day) => parseHours(file.officeHours[day]));
  if (hours.every((one) => one === null)) problems.push(`${name}.officeHours: the office never opens`);
  hours.forEach((one, index) => {
    if (one && one.close <= one.open)
      problems.push(`${name}.officeHours.${WEEKDAYS[index]}: closes before it opens`);
  });
  return problems;
}
