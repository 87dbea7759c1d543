/** What makes two mails the same one, and what ties a mail to earlier ones. */
import { createHash } from 'node:crypto';
import { readCaseTokenId } from '../message-ids.js';
import { decodeWords, type MailHeaders } from './headers.js';
import type { Part } from './parts.js';

/** In place of a Message-ID; it has no `@`, so that no reference of anybody can name it. */
export const NO_MESSAGE_ID = 'no-message-id';

/** Keys of the inbox are at most 500 characters; real ids have below 100. */
const MAX_ID = 250;
const ID = /^[\x21-\x3b\x3d\x3f-\x7e]+@[\x21-\x3b\x3d\x3f-\x7e]+$/;
/** More than is looked up, because tokens and repetitions are taken out. */
const MAX_REFERENCES = 50;
const HASH_CHARACTERS = 32;
const SPACE = 0x20;
const CARRIAGE_RETURN = 0x0d;

/** A Message-ID without brackets; undefined for what cannot be told from another (`<>`, `<@>`, prose). */
export function messageIdOf(value: string | undefined): string | undefined {
  const found = idsIn(value ?? '')[0] ?? value?.trim();
  return found !== undefined && found.length <= MAX_ID && ID.test(found) ? found : undefined;
}

export interface MailReferences {
  /** Ids of earlier mails, nearest first. */
  readonly ids: readonly string[];
  /** Tokens of cases that our own mails put there, nearest first; not verified. */
  readonly tokens: readonly string[];
}

/** In-Reply-To, then References from its end: RFC 5322, 3.6.4 puts the nearest last. */
export function referencesOf(headers: MailHeaders): MailReferences {
  const named = [
    ...headers.all('in-reply-to').flatMap(idsIn),
    ...headers.all('references').flatMap(idsIn).toReversed(),
  ].slice(0, MAX_REFERENCES * 2);
  const tokens = named.flatMap((id) => readCaseTokenId(id) ?? []);
  const ids = named.filter((id) => readCaseTokenId(id) === undefined && id.length <= MAX_ID && ID.test(id));
  return { ids: [...new Set(ids)].slice(0, MAX_REFERENCES), tokens: [...new Set(tokens)] };
}

/**
 * A hash of what the sender wrote. Not of the mail as it came: each way adds headers of its own, changes line
 * ends and encodes anew, and the same mail by two ways must be one.
 */
export function contentHash(root: Part): string {
  const hash = createHash('sha256');
  const add = (text: string | Buffer) => {
    const bytes = Buffer.from(text);
    hash.update(`${bytes.length}:`).update(bytes);
  };
  for (const name of ['from', 'date', 'subject'])
    add(decodeWords(root.headers.first(name) ?? '').replaceAll(/\s+/g, ' '));
  const addPart = (part: Part): void => {
    if (part.children.length > 0) return part.children.forEach(addPart);
    add(part.contentType);
    add(
      createHash('sha256')
        .update(part.contentType.startsWith('text/') ? settled(part.bytes) : part.bytes)
        .digest(),
    );
  };
  addPart(root);
  return hash.digest('hex').slice(0, HASH_CHARACTERS);
}

/** Without what mail servers change at the ends of lines and of the text. On bytes: it may be all of 50 MB. */
function settled(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] ?? 0) <= SPACE) end--;
  const kept = Buffer.allocUnsafe(end);
  let length = 0;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte !== CARRIAGE_RETURN) kept[length++] = byte;
  }
  return kept.subarray(0, length);
}

/** `<a@x> <b@x>`, with comments and rubbish between; some programs leave the brackets out. */
function idsIn(value: string): string[] {
  const bracketed = [...value.matchAll(/<\s*([^<>\s]{1,998})\s*>/g)].map((match) => match[1] ?? '');
  return bracketed.length > 0 ? bracketed : value.split(/[\s,]+/).filter((word) => word.includes('@'));
}
