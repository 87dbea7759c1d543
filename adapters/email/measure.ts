import type { ReplyMeasure } from '../../src/core/channel.js';

/** Far above any answer; a text that is longer is a mistake, and would be slow to read for everybody. */
const LONGEST = 100_000;

/** A mail costs the city nothing and is one message, however long. */
export function measureMail(text: string): ReplyMeasure {
  return {
    segments: text === '' ? 0 : 1,
    encoding: 'characters',
    used: text.length,
    left: Math.max(0, LONGEST - text.length),
    costIdr: 0,
    fits: text.length <= LONGEST,
  };
}
