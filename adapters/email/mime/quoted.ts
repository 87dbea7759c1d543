/**
 * Cuts a text into what its sender wrote now, and the history and signature below it. Works on lines and
 * looks at each a bounded number of times. No line is lost: both parts together hold them all.
 */
import { attributionEnd, isForward, isMobileSignature, isReplyBlock, isSeparator } from './quote-marks.js';

export interface SplitText {
  readonly text: string;
  readonly quoted?: string;
}

/** A signature is short; "--" far above the end is a line that somebody drew. */
const SIGNATURE_LINES = 20;
/** The telephone's own words stand at the very end. */
const MOBILE_LINES = 3;

/** `text` has line feeds only. What is left of the sender's own words may be nothing: then all is his. */
export function splitQuoted(text: string): SplitText {
  const lines = text.split('\n');
  const history = historyStart(lines);
  const own = lines.slice(0, history);
  const below = lines.slice(history);
  const answers = below.length > 0 ? answersBelow(below) : undefined;
  const kept = answers === undefined ? own : [...own, ...answers.own];
  const signature = signatureStart(kept);
  const words = joined(kept.slice(0, signature));
  if (words.trim() === '') return { text: joined(lines) };
  const quoted = joined([...kept.slice(signature), ...(answers?.quoted ?? below)]);
  return quoted.trim() === '' ? { text: words } : { text: words, quoted: quoted.replace(/^\n+/, '') };
}

/** The first line of what was written before; the number of lines where there is none. */
function historyStart(lines: readonly string[]): number {
  const quotes = closingQuotes(lines);
  for (let i = 0; i < lines.length; i++) {
    // What somebody passes on is what he wants to say: nothing below it is folded away.
    if (isForward(lines[i] ?? '')) return lines.length;
    if (isSeparator(lines[i] ?? '')) return i;
    if (isReplyBlock(lines, i)) return ruleAbove(lines, i);
    if (attributionEnd(lines, i) !== undefined) return i;
    if (i >= quotes) return i;
  }
  return lines.length;
}

/** Outlook draws a line above the headers of the mail that it quotes. */
function ruleAbove(lines: readonly string[], block: number): number {
  let above = block - 1;
  while (above > block - 3 && isBlank(lines[above])) above--;
  return /^\s*[_-]{10,}\s*$/.test(lines[above] ?? '') ? above : block;
}

/** Where quoted lines, two at least, go on to the end of the text without a line that says who wrote them. */
function closingQuotes(lines: readonly string[]): number {
  let start = lines.length;
  let quotes = 0;
  for (let i = lines.length - 1; i >= 0 && (isQuote(lines[i]) || isBlank(lines[i])); i--) {
    if (!isQuote(lines[i])) continue;
    quotes++;
    start = i;
  }
  return quotes > 1 ? start : lines.length;
}

/** Answers written between and below quoted lines. Undefined where the history is no block of `>` lines. */
function answersBelow(below: readonly string[]): { own: string[]; quoted: string[] } | undefined {
  const head = attributionEnd(below, 0) ?? -1;
  const first = below.findIndex((line, i) => i > head && !isBlank(line));
  if (first === -1 || !isQuote(below[first])) return undefined;
  const quoted = below.slice(0, first);
  const own: string[] = [];
  for (const line of below.slice(first)) (isQuote(line) ? quoted : own).push(line);
  return own.every(isBlank) ? undefined : { own, quoted };
}

function signatureStart(lines: readonly string[]): number {
  let last = lines.length;
  while (last > 0 && isBlank(lines[last - 1])) last--;
  const from = Math.max(0, last - SIGNATURE_LINES);
  for (let i = from; i < last; i++) {
    // RFC 3676, 4.3: "-- "; many lose the space. A lone "--" at the very top would leave nothing.
    if (/^--[ \u00A0]?$/.test(lines[i] ?? '')) return i;
  }
  for (let i = Math.max(0, last - MOBILE_LINES); i < last; i++) {
    if (isMobileSignature(lines[i] ?? '')) return i;
  }
  return lines.length;
}

function isQuote(line: string | undefined): boolean {
  return /^ ?>/.test(line ?? '');
}

function isBlank(line: string | undefined): boolean {
  return (line ?? '').trim() === '';
}

/** Line ends after the text belong to the format. */
function joined(lines: readonly string[]): string {
  let last = lines.length;
  while (last > 0 && lines[last - 1] === '') last--;
  return lines.slice(0, last).join('\n');
}
