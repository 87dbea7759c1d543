/** Where a report says which mail it is about. */
import { mailboxesOf } from './addresses.js';
import type { Part } from './parts.js';

const MAX_IDS = 50;
const MAX_BYTES = 256 * 1024;

const NAMED =
  /^[>| \t]{0,20}(?:X-)?(?:Original-)?(?:Message|Envelope)-ID[ \t]{0,5}:\s{0,20}<?\s{0,5}([^<>\s]{3,400})/gim;
const OUR_VERP = /\+([0-9a-z-]{1,64}\.[0-9a-f]{20})@(.+)$/;

/** Of enclosed mails only the header that names it: further down stand the ids of the mails that it answers. */
const ENCLOSED = /^(?:message\/(?:rfc822|global)|(?:text|message)\/(?:rfc822|global)-headers)$/;

/**
 * Of a report with a part for machines, the likeliest first: what it gives back of the mail, then its own headers,
 * in which it answers the mail.
 */
export function reportedIds(root: Part, leaves: readonly Part[]): string[] {
  const own = [
    ...root.headers.all('x-original-message-id'),
    ...root.headers.all('in-reply-to'),
    ...root.headers.all('references'),
  ].flatMap((value) => [...value.matchAll(/<\s*([^<>\s]{3,400})\s*>/g)].map((match) => match[1] ?? ''));
  return [...new Set([...returnedIds(root, leaves), ...own])].slice(0, MAX_IDS);
}

/**
 * What it gives back of the mail: what the machine part names (RFC 8098, 3.2.5; RFC 3464, 2.2.1 where an ENVID was
 * given), the returned headers, the address that it came to, lines of the text. Every answer names the mail in its
 * own headers, a note of absence too: they say nothing of a bounce.
 */
export function returnedIds(root: Part, leaves: readonly Part[]): string[] {
  const machine = leaves.filter((leaf) =>
    /^message\/.*(?:status|notification|report)$/.test(leaf.contentType),
  );
  const enclosed = leaves.filter((leaf) => ENCLOSED.test(leaf.contentType));
  const written = leaves.filter(
    (leaf) => leaf.contentType === 'text/plain' || leaf.contentType === 'text/html',
  );
  const verp = ['to', 'delivered-to', 'x-original-to', 'envelope-to']
    .flatMap((name) => mailboxesOf(root.headers, name))
    .flatMap(({ address }) => {
      const [, signed, domain] = OUR_VERP.exec(address) ?? [];
      return signed === undefined || domain === undefined ? [] : [`${signed}@${domain}`];
    });
  const ids = [
    ...machine.flatMap((leaf) => namedIn(leaf)),
    ...enclosed.flatMap((leaf) => namedIn(leaf).slice(0, 1)),
    ...verp,
    ...written.flatMap((leaf) => namedIn(leaf)),
  ];
  return [...new Set(ids)].slice(0, MAX_IDS);
}

function namedIn(part: Part): string[] {
  const text = part.bytes
    .subarray(0, MAX_BYTES)
    .toString('latin1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  return [...text.matchAll(NAMED)].slice(0, MAX_IDS).map((match) => match[1] ?? '');
}
