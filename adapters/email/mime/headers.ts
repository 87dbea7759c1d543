/** The headers of one part, in the order of the mail, by their lower-case names. */
import libmime from 'libmime';
import { guessText } from './charset.js';

export interface HeaderLine {
  /** Lower case. */
  readonly key: string;
  /** The line with its folding, one character for each byte. */
  readonly line: string;
}

/** Above it a value is cut: what a person writes into a header is far shorter. */
const MAX_VALUE_LENGTH = 16 * 1024;
const MAX_REPETITIONS = 100;

export class MailHeaders {
  readonly #lines: readonly HeaderLine[];

  constructor(lines: readonly HeaderLine[]) {
    this.#lines = lines;
  }

  /** Every value of a header, unfolded, raw 8-bit bytes decoded, encoded words left as they are. */
  all(name: string): string[] {
    const key = name.toLowerCase();
    return this.#lines
      .filter((line) => line.key === key)
      .slice(0, MAX_REPETITIONS)
      .map(({ line }) => valueOf(line));
  }

  /** The first value: the one that mail clients show where a header that may occur once is repeated. */
  first(name: string): string | undefined {
    return this.all(name)[0];
  }

  has(name: string): boolean {
    const key = name.toLowerCase();
    return this.#lines.some((line) => line.key === key);
  }

  /** As `first`, encoded words decoded (RFC 2047), also broken ones as well as that is possible. */
  text(name: string): string | undefined {
    const value = this.first(name);
    return value === undefined ? undefined : decodeWords(value);
  }
}

export function decodeWords(value: string): string {
  try {
    return libmime.decodeWords(value);
  } catch {
    return value;
  }
}

function valueOf(line: string): string {
  const value = line
    .slice(line.indexOf(':') + 1, MAX_VALUE_LENGTH)
    .replaceAll(/\r?\n(?=[ \t])/g, '')
    .replaceAll(/[\r\n]+/g, ' ')
    .trim();
  // eslint-disable-next-line no-control-regex -- ASCII is what needs no decoding
  return /^[\x00-\x7f]*$/.test(value) ? value : guessText(Buffer.from(value, 'latin1'));
}
