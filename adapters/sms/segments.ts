/**
 * How many SMS a text becomes. Pure and without imports at run time: the browser's counter uses it too.
 * Alphabet: 3GPP TS 23.038 section 6.2.1; concatenation: 3GPP TS 23.040 section 9.2.3.24.1.
 */
import type { ReplyMeasure } from '../../src/core/channel.js';

const GSM_BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
/** These cost two septets: an escape and the character. */
const GSM_EXTENSION = '\f^{}\\[~]|€';

/** A concatenated message gives six bytes of each segment to its header. */
const GSM_SINGLE = 160;
const GSM_PART = 153;
const UCS2_SINGLE = 70;
const UCS2_PART = 67;

/** Septets by UTF-16 code unit; every GSM-7 character is one unit. */
const SEPTETS: ReadonlyMap<number, 1 | 2> = new Map([
  ...Array.from(GSM_BASIC, (c) => [c.charCodeAt(0), 1] as const),
  ...Array.from(GSM_EXTENSION, (c) => [c.charCodeAt(0), 2] as const),
]);

export interface SegmentCount {
  readonly encoding: 'GSM-7' | 'UCS-2';
  readonly segments: number;
  /** Septets or UTF-16 code units of the text, without headers and filling. */
  readonly used: number;
  /** Units that still fit before another segment begins. */
  readonly left: number;
}

/**
 * Counts as the network does: neither an escape pair nor a surrogate pair is split over two segments, so
 * that a segment may end with a unit unused.
 */
export function countSegments(text: string): SegmentCount {
  const septets = gsmUnits(text);
  return septets
    ? pack(septets, 'GSM-7', GSM_SINGLE, GSM_PART)
    : pack(ucs2Units(text), 'UCS-2', UCS2_SINGLE, UCS2_PART);
}

export interface SmsPrice {
  /** Whole rupiah for one segment. */
  readonly perSegmentIdr: number;
  /** The provider refuses texts that are longer, in UTF-16 code units. */
  readonly maxCharacters: number;
}

/** What a reply costs, in the terms of the contract. */
export function measureSms(text: string, price: SmsPrice): ReplyMeasure {
  const count = countSegments(text);
  return {
    ...count,
    costIdr: count.segments * price.perSegmentIdr,
    fits: text.length <= price.maxCharacters,
  };
}

/** Cost of each indivisible piece in septets, or nothing where the text is not all GSM-7. */
function gsmUnits(text: string): number[] | undefined {
  const units: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const septets = SEPTETS.get(text.charCodeAt(i));
    if (septets === undefined) return undefined;
    units.push(septets);
  }
  return units;
}

/** Code points, each one or two units; a lone surrogate is one. */
function ucs2Units(text: string): number[] {
  return Array.from(text, (codePoint) => codePoint.length);
}

function pack(
  units: readonly number[],
  encoding: SegmentCount['encoding'],
  single: number,
  part: number,
): SegmentCount {
  const used = units.reduce((sum, unit) => sum + unit, 0);
  if (used <= single) return { encoding, segments: used === 0 ? 0 : 1, used, left: single - used };
  let segments = 1;
  let filled = 0;
  for (const unit of units) {
    if (filled + unit > part) {
      segments++;
      filled = 0;
    }
    filled += unit;
  }
  return { encoding, segments, used, left: part - filled };
}
