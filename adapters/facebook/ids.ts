/**
 * Two kinds of people, and how their ids are told apart. Meta gives one person one id in Messenger (PSID, per
 * page) and another one as the author of comments; it does not say that both are the same person, so we do not.
 */
import type { Address } from '../../src/core/message.js';

/** A person in Messenger. */
export const PSID_SCHEME = 'fb-psid';
/** The author of a comment or post. */
export const USER_SCHEME = 'fb-user';

export function psidAddress(value: string): Address {
  return { scheme: PSID_SCHEME, value };
}

/**
 * The author of a comment. Where Meta hides him (https://developers.facebook.com/docs/graph-api/reference/comment/,
 * `from`), the comment stands for him: it can be answered, and no two strangers become one person.
 */
export function authorAddress(author: { id: string; name?: string } | undefined, itemId: string): Address {
  if (author === undefined) return { scheme: USER_SCHEME, value: `comment:${itemId}` };
  return { scheme: USER_SCHEME, value: author.id, ...(author.name !== undefined && { name: author.name }) };
}

/** Ids of Messenger: `m_…`, long ago `mid.…`; and those that we make for a button without one. */
export function isMessengerId(id: string): boolean {
  return /^(m_|mid\.|postback:)/.test(id);
}

/** What we write into `metadata` of a message, so that its echo proves that it was sent. */
const METADATA = 'tabea:';

export function metadataOf(outboxId: string): string {
  return METADATA + outboxId;
}

/** The outbox id in the metadata of an echo; undefined where another app or a person at Meta's inbox wrote it. */
export function outboxIdIn(metadata: string | undefined): string | undefined {
  return metadata?.startsWith(METADATA) === true ? metadata.slice(METADATA.length) : undefined;
}
