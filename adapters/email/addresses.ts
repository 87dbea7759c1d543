/** Addresses of mail: what can be written to, and what of a name may stand in a header. */
import addressparser from 'nodemailer/lib/addressparser';

export interface Mailbox {
  readonly address: string;
  readonly name: string;
}

// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/**
 * Narrower than RFC 5321: no quoted local part, no address literal, a domain with a dot. Nothing that passes can
 * end a command or a header early. Letters beyond ASCII are allowed (RFC 6531).
 */
const ADDRESS =
  /^[^\s\p{Cc}\p{Cf}"(),:;<>@[\\\]]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;
const LONGEST_ADDRESS = 254;
const LONGEST_NAME = 100;

export function isAddress(text: string): boolean {
  return text.length <= LONGEST_ADDRESS && ADDRESS.test(text) && !/^\.|\.\.|\.@/.test(text);
}

/** On one line: a name or subject with line breaks would become headers of its own. */
export function onOneLine(text: string): string {
  return text.replaceAll(CONTROLS, ' ').replaceAll(/ {2,}/g, ' ').trim();
}

/** A name fit for a header. */
export function displayName(name: string | undefined): string {
  return Array.from(onOneLine(name ?? ''))
    .slice(0, LONGEST_NAME)
    .join('')
    .trim();
}

/** `tabea@ambon.example` or `Tabea Ambon <tabea@ambon.example>`; undefined for anything else. */
export function readMailbox(text: string): Mailbox | undefined {
  const [only, ...others] = addressparser(text, { flatten: true });
  if (only?.address === undefined || others.length > 0 || !isAddress(only.address)) return undefined;
  return { address: only.address, name: displayName(only.name) };
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
