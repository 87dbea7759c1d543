/** Telephone numbers, in one form wherever they come from. */
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

/** Indonesian mobile numbers in E.164, by far most of what comes in: nothing to do, nothing to look up. */
const INDONESIAN_MOBILE = /^\+628\d{8,11}$/;

/** Short codes (1708) have three to six digits and belong to no numbering plan. */
const SHORT_CODE = /^\d{3,6}$/;

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

/** A sender that is a name (`PLN`, `whatsapp:…`): a machine, and not to be answered. */
export function isAlphanumericSender(value: string): boolean {
  return /[a-z]/i.test(value);
}

/** A number as people type it, in E.164; null where it is none that could be called. */
export function readPhone(text: string, region: CountryCode = 'ID'): string | null {
  const normalized = normalizePhone(text, region);
  return /^\+\d{6,15}$/.test(normalized) ? normalized : null;
}
