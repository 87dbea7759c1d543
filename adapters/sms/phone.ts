/** Numbers of an SMS line: the lines of the city, and senders as addresses. */
import type { CountryCode } from 'libphonenumber-js/max';
import type { Address } from '../../src/core/message.js';
import { normalizePhone } from '../../src/core/phone.js';

/**
 * Own lines as they were once misprinted, in E.164. Applied to own lines only: the misprinted number is a
 * valid one and may be a citizen's.
 */
const MISPRINTED_LINES: ReadonlyMap<string, string> = new Map([
  // The city's decree prints 08114706999 once as 081114706999.
  ['+6281114706999', '+628114706999'],
]);

/** The number of a line of ours, as configured or as an inbound message names it, misprints corrected. */
export function normalizeLine(value: string, region: CountryCode = 'ID'): string {
  const normalized = normalizePhone(value, region);
  return MISPRINTED_LINES.get(normalized) ?? normalized;
}

/** A telephone number as an address of the contract. */
export function phoneAddress(value: string, region: CountryCode = 'ID'): Address {
  return { scheme: 'tel', value: normalizePhone(value, region) };
}
