import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';
import type { Address } from '../../src/core/message.js';

/** Indonesian mobile numbers in E.164, by far most of what comes in: nothing to do, nothing to look up. */
const INDONESIAN_MOBILE = /^\+628\d{8,11}$/;

/** Short codes (1708) have three to six digits and belong to no numbering plan. */
const SHORT_CODE = /^\d{3,6}$/;

/**
 * Own lines as they were once misprinted, in E.164. Applied to own lines only: the misprinted number is a
 * valid one and may be a citizen's.
 */
const MISPRINTED_LINES: ReadonlyMap<string, string> = new Map([
  // The city's decree prints 08114706999 once as 081114706999.
  ['+6281114706999', '+628114706999'],
]);

/**
 * Makes equal telephone numbers equal strings: E.164 with `+` where the number is one (`0812…` and
 * `62812…` become `+62812…`); short codes, alphanumeric sender ids and what cannot be read stay as they are.
 */
export function normalizePhone(value: string, region: CountryCode = 'ID'): string {
  const given = value.trim();
  if (INDONESIAN_MOBILE.test(given)) return given;
  if (SHORT_CODE.test(given) || isAlphanumericSender(given)) return given;
  const international = given.startsWith('00') ? `+${given.slice(2)}` : given;
  const asDialled = parsePhoneNumberFromString(international, region);
  if (asDialled?.isValid()) return asDialled.number;
  // A gateway may leave the plus away from a foreign number.
  const withPlus = international.startsWith('+') ? undefined : parsePhoneNumberFromString(`+${given}`);
  if (withPlus?.isValid()) return withPlus.number;
  // A number range newer than the library's tables.
  return asDialled?.isPossible() ? asDialled.number : given;
}

/** The number of a line of ours, as configured or as an inbound message names it, misprints corrected. */
export function normalizeLine(value: string, region: CountryCode = 'ID'): string {
  const normalized = normalizePhone(value, region);
  return MISPRINTED_LINES.get(normalized) ?? normalized;
}

/** A telephone number as an address of the contract. */
export function phoneAddress(value: string, region: CountryCode = 'ID'): Address {
  return { scheme: 'tel', value: normalizePhone(value, region) };
}

/** A sender that is a name (`PLN`, `whatsapp:…`): a machine, and not to be answered. */
export function isAlphanumericSender(value: string): boolean {
  return /[a-z]/i.test(value);
}
