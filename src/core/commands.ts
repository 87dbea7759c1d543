/** What a citizen means by the first words of a message: a command, or a complaint with leading keywords. */
import type { CaseType, Confidentiality } from './case-life.js';
import { isTrackingNumber } from './tracking-number.js';

export type Command =
  /** `number`: the digits as typed, separators out; `valid` false: mistyped, not to be looked up. */
  | { readonly kind: 'status'; readonly number: string; readonly valid: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'start' };

const HELP = /^(?:BANTUAN|HELP|INFO|INFORMASI|TANYA|STATUS|CEK)$/;
const STOP = /^(?:STOP|STOPALL|BERHENTI|UNSUBSCRIBE)$/;
const START = /^(?:START|MULAI|UNSTOP)$/;
const STATUS =
  /^(?:STATUS|CEK)(?:[ :#.-]+(?:NOMOR|NOMER|NO|ADUAN|PENGADUAN|LAPORAN|LAPOR|KASUS))*[ :#.-]*([0-9][0-9 .-]*)$/;
/** Nobody types a command longer than this; a longer text is not looked at twice. */
const LONGEST_COMMAND = 80;

/**
 * The command that the whole text is, in any case, with the separators and the punctuation that people type; null
 * for anything else. `Stop buang sampah di kali` is a complaint, not STOP.
 */
export function parseCommand(text: string): Command | null {
  if (text.length > LONGEST_COMMAND) return null;
  const plain = text
    .toUpperCase()
    .replaceAll(/[\s\u00a0]+/g, ' ')
    .replaceAll(/[\u2010-\u2015]/g, '-')
    .replaceAll(/^[ #*"'.<[(]+|[ #*"'.!?>\])]+$/g, '');
  if (HELP.test(plain)) return { kind: 'help' };
  if (STOP.test(plain)) return { kind: 'stop' };
  if (START.test(plain)) return { kind: 'start' };
  const digits = STATUS.exec(plain)?.[1]?.replaceAll(/\D/g, '');
  if (digits === undefined) return null;
  return { kind: 'status', number: digits, valid: isTrackingNumber(digits) };
}

export interface Complaint {
  readonly type: CaseType;
  readonly confidentiality: Confidentiality;
  /** The text without its leading keywords, trimmed; the message itself is stored untouched elsewhere. */
  readonly text: string;
}

type Keyword =
  | { readonly type: CaseType; readonly weak?: boolean }
  | { readonly confidentiality: Exclude<Confidentiality, 'public'> };

/** `weak`: says only that something is reported, so that a more exact word may follow (`LAPOR INFO …`). */
const KEYWORDS: Readonly<Record<string, Keyword>> = {
  lapor: { type: 'complaint', weak: true },
  laporpengaduan: { type: 'complaint', weak: true },
  aduan: { type: 'complaint' },
  pengaduan: { type: 'complaint' },
  info: { type: 'information' },
  informasi: { type: 'information' },
  tanya: { type: 'information' },
  aspirasi: { type: 'aspiration' },
  anonim: { confidentiality: 'anonymous' },
  rahasia: { confidentiality: 'secret' },
};

/** A word with an optional `#` before it and, after it, punctuation that ends it: `#LAPOR`, `Aduan:`, `info,`. */
const LEADING_WORD = /^[\s\u00a0]*#?(\p{L}+)(?:[\s\u00a0]*:|[,.;!/-]*(?=[\s\u00a0]|$)|(?=#))/u;

/**
 * Takes the leading keywords off a complaint, in any order and case. The stricter confidentiality wins, as hiding too
 * much can be put right; an exact type ends the search for types, so that `ADUAN info palsu` keeps its `info`.
 */
export function parseComplaint(text: string): Complaint {
  let rest = text;
  let type: CaseType | null = null;
  let exact = false;
  let confidentiality: Confidentiality = 'public';
  for (;;) {
    const match = LEADING_WORD.exec(rest);
    const word = match?.[1]?.toLowerCase() ?? '';
    const keyword = Object.hasOwn(KEYWORDS, word) ? KEYWORDS[word] : undefined;
    if (!match || !keyword) break;
    if ('confidentiality' in keyword) {
      if (confidentiality !== 'secret') confidentiality = keyword.confidentiality;
    } else {
      if (exact || (type !== null && keyword.weak === true)) break;
      type = keyword.type;
      exact = keyword.weak !== true;
    }
    rest = rest.slice(match[0].length);
  }
  return { type: type ?? 'complaint', confidentiality, text: rest.trim() };
}
