/** A text as posts of a thread, each within X's limit and numbered `(1/3)` at its end. Pure. */
import { linksOf, POST_LIMIT, weightOf } from './weighted.js';

/** A longer answer belongs into a mail. */
export const MOST_POSTS = 10;

interface Word {
  /** The white space before it. */
  readonly gap: string;
  readonly word: string;
  readonly weight: number;
}

/** Empty for an empty text. What stands between two posts of white space is dropped; nothing else is. */
export function splitPosts(text: string): string[] {
  const normal = text.normalize('NFC').trimEnd();
  if (normal === '') return text === '' ? [] : [text];
  if (weightOf(normal) <= POST_LIMIT) return [normal];
  // Two digits need more room than one, so the number of posts depends on itself.
  for (let digits = 1; ; digits++) {
    const parts = fill(normal, POST_LIMIT - ' (/)'.length - 2 * digits);
    if (String(parts.length).length > digits) continue;
    return parts.map((part, index) => `${part} (${index + 1}/${parts.length})`);
  }
}

function fill(text: string, room: number): string[] {
  const parts: string[] = [];
  let part = '';
  let used = 0;
  for (const { gap, word, weight } of wordsOf(text, room)) {
    const withGap = weight + (part === '' ? 0 : weightOf(gap));
    if (part !== '' && used + withGap > room) {
      parts.push(part);
      part = word;
      used = weight;
    } else {
      part += part === '' ? word : gap + word;
      used += withGap;
    }
  }
  return [...parts, part];
}

/** Emoji and links never span white space, so weights of words add up. A word that fits nowhere is cut. */
function* wordsOf(text: string, room: number): Generator<Word> {
  for (const [, gap = '', word = ''] of text.matchAll(/(\s*)(\S+)/gu)) {
    const weight = weightOf(word);
    if (weight <= room) yield { gap, word, weight };
    else yield* piecesOf(gap, word, room);
  }
}

const graphemes = new Intl.Segmenter('id', { granularity: 'grapheme' });

function* piecesOf(gap: string, word: string, room: number): Generator<Word> {
  // What is left of a link may be a shorter link, and so weigh more than its characters.
  const weigh = linksOf(word).length > 0 ? weightOf : undefined;
  let piece = '';
  let weight = 0;
  let before = gap;
  for (const { segment } of graphemes.segment(word)) {
    for (const unit of weightOf(segment) > room ? segment : [segment]) {
      const alone = weightOf(unit);
      const together = weigh?.(piece + unit) ?? weight + alone;
      if (Math.max(together, weight + alone) > room) {
        yield { gap: before, word: piece, weight };
        [piece, weight, before] = [unit, alone, ''];
      } else {
        piece += unit;
        weight = Math.max(together, weight + alone);
      }
    }
  }
  yield { gap: before, word: piece, weight };
}
