/** Times in people's words, in the city's time zone. */
import type { Language, Say } from './texts.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `24 Nov 2026 14.05` */
export function sayTime(at: string, language: Language, timeZone: string): string {
  return new Intl.DateTimeFormat(language === 'id' ? 'id-ID' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone,
  }).format(new Date(at));
}

/** `3 hari`; the largest unit that fits, rounded down. */
export function sayDuration(ms: number, say: Say): string {
  if (ms >= DAY) return say('time.days', { n: Math.floor(ms / DAY) });
  if (ms >= HOUR) return say('time.hours', { n: Math.floor(ms / HOUR) });
  return say('time.minutes', { n: Math.max(1, Math.floor(ms / MINUTE)) });
}

export function sayAge(at: string, now: Date, say: Say): string {
  const age = now.getTime() - Date.parse(at);
  return age < MINUTE ? say('time.now') : say('time.ago', { duration: sayDuration(age, say) });
}

export interface DueWords {
  readonly text: string;
  readonly state: 'late' | 'soon' | 'fine';
}

/** Calendar time to the deadline; `soon` in its last day. */
export function sayDue(dueAt: string, now: Date, say: Say): DueWords {
  const left = Date.parse(dueAt) - now.getTime();
  if (left < 0) return { text: say('time.overdue', { duration: sayDuration(-left, say) }), state: 'late' };
  return {
    text: say('time.left', { duration: sayDuration(left, say) }),
    state: left < DAY ? 'soon' : 'fine',
  };
}
