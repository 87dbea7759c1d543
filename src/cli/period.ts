/** Dates as a person gives them to a command. */
import { UserError } from '../core/errors.js';

/** RFC 3339, or a date alone. Throws UserError. */
export function readDate(text: string): Date {
  const date = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || Number.isNaN(date.getTime())) throw badPeriod();
  return date;
}

export function badPeriod(): UserError {
  return new UserError('bad_period', 'The period cannot be read.', {
    remedy: 'Give --from and --to as 2026-11-23 or 2026-11-23T08:00:00+09:00, the earlier first.',
  });
}
