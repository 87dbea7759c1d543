import type { ReplyMeasure } from '../../../src/core/channel.js';

/** As people count: an emoji of two code units is one. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** One message of at most so many characters, whatever its length. */
export function measureCharacters(text: string, limit: number, costIdr: number): ReplyMeasure {
  const used = countCharacters(text);
  const segments = used === 0 ? 0 : 1;
  return {
    segments,
    encoding: 'characters',
    used,
    left: Math.max(limit - used, 0),
    costIdr: segments * costIdr,
    fits: used <= limit,
  };
}
