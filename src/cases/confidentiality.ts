/** How strictly a case is kept, as its reporter chooses it: it can be raised at any time, never lowered by him. */
import type { Confidentiality } from '../core/case-life.js';
import { parseComplaint } from '../core/commands.js';

const STRICTNESS: Readonly<Record<Confidentiality, number>> = { public: 0, anonymous: 1, secret: 2 };

export function stricter(a: Confidentiality, b: Confidentiality): Confidentiality {
  return STRICTNESS[b] > STRICTNESS[a] ? b : a;
}

/** What leading keywords of text and subject ask for. */
export function confidentialityOf(text: string, subject?: string): Confidentiality {
  const ofText = parseComplaint(text).confidentiality;
  return subject === undefined ? ofText : stricter(ofText, parseComplaint(subject).confidentiality);
}
