/** Addresses of a mail, in one spelling each. */
import { domainToASCII } from 'node:url';
import { parseAddressHeader } from 'mailparser';
import type { MailHeaders } from './headers.js';

export interface HeaderMailbox {
  /** Normalised. */
  readonly address: string;
  /** As the sender gives it; not trusted. */
  readonly name?: string;
}

const MAX_ADDRESS = 320;
const MAX_NAME = 200;
/** One header may name thousands. */
const MAX_MAILBOXES = 200;

/**
 * Lower case, the domain in ASCII (`xn--…`): equal mailboxes are equal strings. RFC 5321 lets a server tell
 * `A@x` from `a@x`; none that people use does, and one citizen must not become two.
 */
export function normalizeAddress(text: string): string | undefined {
  const trimmed = text
    .trim()
    .replace(/^mailto:/i, '')
    .replaceAll(/^<|>$/g, '');
  const at = trimmed.lastIndexOf('@');
  if (at < 1 || trimmed.length > MAX_ADDRESS) return undefined;
  const local = trimmed.slice(0, at).normalize('NFC').toLowerCase();
  const domain = asciiDomain(trimmed.slice(at + 1));
  if (domain === undefined || /[\s\p{Cc}\p{Cs}<>,;:@()[\]\\]/u.test(local)) return undefined;
  return `${local}@${domain}`;
}

function asciiDomain(domain: string): string | undefined {
  const ascii = domainToASCII(domain.trim().replace(/\.$/, ''));
  return ascii !== '' && /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/.test(ascii) ? ascii : undefined;
}

/** The mailboxes of a header, those of groups too; what is none is left out. */
export function mailboxesOf(headers: MailHeaders, name: string): HeaderMailbox[] {
  const found: HeaderMailbox[] = [];
  for (const value of headers.all(name)) {
    for (const entry of parseAddressHeader(value, { flatten: true, decodePunycode: false }).value) {
      if (found.length >= MAX_MAILBOXES) return found;
      const address = normalizeAddress(entry.address ?? '');
      if (address === undefined) continue;
      const shown = nameOf(entry.name);
      found.push(shown === '' || shown === address ? { address } : { address, name: shown });
    }
  }
  return found;
}

/** The first mailbox of From, else Sender, else the Return-Path. Reply-To names nobody: anybody may write it. */
export function senderOf(headers: MailHeaders): HeaderMailbox | undefined {
  for (const name of ['from', 'sender', 'return-path']) {
    const [first] = mailboxesOf(headers, name);
    if (first !== undefined) return first;
  }
  return undefined;
}

const ADDRESSED = ['to', 'cc', 'delivered-to', 'x-original-to', 'envelope-to', 'x-forwarded-to'];

/** Whom the mail was for, by any header that says so. */
export function recipientsOf(headers: MailHeaders): string[] {
  return [...new Set(ADDRESSED.flatMap((name) => mailboxesOf(headers, name)).map((one) => one.address))];
}

function nameOf(name: string): string {
  return name
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME);
}
