/**
 * Takes out of texts what names the reporter, for those who may not see him. Citizens sign their letters and
 * write their numbers into them; the text stays, who wrote it goes.
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { ReporterView } from './reporters.js';

export const HIDDEN_ADDRESS = '[alamat disembunyikan]';
export const HIDDEN_NAME = '[nama disembunyikan]';
export const HIDDEN_NUMBER = '[nomor disembunyikan]';

export type Mask = (text: string) => string;

/** For those who may see everything. */
export const unmasked: Mask = (text) => text;

/** Stand for what was taken out until all is taken out: the words in its place could be somebody's name. */
const MARKS = ['\uE000', '\uE001', '\uE002'] as const;
const [ADDRESS, NAME, NUMBER] = MARKS;
const WORDS: Readonly<Record<string, string>> = {
  [ADDRESS]: HIDDEN_ADDRESS,
  [NAME]: HIDDEN_NAME,
  [NUMBER]: HIDDEN_NUMBER,
};
const ANY_MARK = new RegExp(`[${MARKS.join('')}]`, 'g');

/** What an address is not made of; the look-behind lets each run of the others be read once. */
const BREAK = String.raw`\s<>()\[\]{},;:"'`;
const EMAIL = new RegExp(
  String.raw`(?:"[^"\n@]{1,64}"|(?<![^${BREAK}])[^${BREAK}]*[^${BREAK}@＠])[@＠][^${BREAK}@＠][^${BREAK}]*`,
  'gu',
);
const FULL_STOP = /[.!?…]+$/u;

/** A number of fewer digits is a short code that stands in many texts. */
const SHORTEST_NUMBER = 7;
/** Shorter words are too common to be taken for a part of a name. */
const SHORTEST_NAME = 3;
const SHORTEST_LITERAL = 4;
/** Parts of what people give as their name that name nobody. */
const COMMON = new Set(
  'ambon anonim anonymous bapak dan dari desa dinas haji hajjah ibu kantor kelurahan kota maluku negeri pak pemerintah saudara warga'.split(
    ' ',
  ),
);

/** E-mail addresses of anybody, and name, numbers and addresses of the reporter as far as he is known. */
export function maskFor(reporter: ReporterView | null): Mask {
  const { addresses, others } = reporter === null ? { addresses: [], others: [] } : ownPatterns(reporter);
  return (text) => {
    const plain = text.normalize('NFC').replaceAll(ANY_MARK, '');
    let masked = plain;
    for (const address of addresses) masked = masked.replaceAll(address, ADDRESS);
    masked = masked.replaceAll(EMAIL, hideAddress);
    for (const { pattern, mark } of others) masked = masked.replaceAll(pattern, mark);
    // Where there is nothing to hide, not a byte is touched.
    if (masked === plain) return text;
    return masked.replaceAll(ANY_MARK, (mark) => WORDS[mark] ?? '');
  };
}

function hideAddress(found: string): string {
  return ADDRESS + (FULL_STOP.exec(found)?.[0] ?? '');
}

function ownPatterns({ name, phone, email, address, contacts }: ReporterView) {
  const valuesOf = (isNumber: boolean) =>
    contacts.flatMap(({ scheme, value }) => ((scheme === 'tel') === isNumber ? value : []));
  const names = distinct([name, ...contacts.map((one) => one.name)]);
  const numbers = distinct([phone, ...valuesOf(true)]);
  const addresses = distinct([email, address, ...valuesOf(false)]);
  return {
    addresses: addresses.filter((one) => one.length >= SHORTEST_LITERAL).map((one) => literal(one)),
    others: [
      ...numbers.flatMap((one) => numberPattern(one) ?? []).map((pattern) => ({ pattern, mark: NUMBER })),
      ...names.flatMap((one) => namePatterns(one)).map((pattern) => ({ pattern, mark: NAME })),
    ],
  };
}

function distinct(values: readonly (string | null)[]): string[] {
  const known = values.flatMap((value) => value?.normalize('NFC').trim() ?? []);
  return [...new Set(known)].filter((value) => value !== '');
}

function namePatterns(name: string): RegExp[] {
  const parts = name.split(/[^\p{L}\p{N}\p{M}]+/u).filter((part) => part !== '');
  const isName = (part: string) => part.length >= SHORTEST_NAME && !COMMON.has(part.toLowerCase());
  // What only says that it is a citizen names nobody.
  if (!parts.some((part) => !COMMON.has(part.toLowerCase()))) return [];
  // The whole name first: of what is left, its longer words.
  const whole = name.length >= SHORTEST_NAME ? [literal(name)] : [];
  return [...whole, ...parts.filter(isName).map((part) => literal(part))];
}

/** In any case, on any number of lines, and not inside a longer word. */
function literal(words: string): RegExp {
  const pattern = words
    .split(/\s+/)
    .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
    .join(String.raw`\s+`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${pattern}(?![\p{L}\p{N}])`, 'giu');
}

/** `+62 812-3456-7890`, `0812 3456 7890`, `62812…`, `812.3456.7890`: between two digits up to three signs. */
function numberPattern(value: string): RegExp | null {
  const parsed = parsePhoneNumberFromString(value, 'ID');
  const national = parsed?.nationalNumber ?? value.replaceAll(/\D/g, '');
  if (national.length < SHORTEST_NUMBER) return null;
  const between = String.raw`[\s().\/\-\u2010-\u2015]{0,3}`;
  const country = parsed ? `(?:(?:\\+|00)?${spelled(parsed.countryCallingCode, between)}${between})?` : '';
  const trunk = String.raw`(?:\(?0${between})?`;
  return new RegExp(country + trunk + spelled(national, between), 'gu');
}

function spelled(digits: string, between: string): string {
  return digits.split('').join(between);
}
