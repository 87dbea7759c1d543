/** Which mails an answer says that it answers. https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4 */
import type { ThreadRef } from '../../../src/core/message.js';

/**
 * Inbound external ids carry a hash of the content or Gmail's id behind the Message-ID: a reused Message-ID with
 * other content is another mail. No header of anybody's knows that.
 */
const DISTINCTION = /:(?:[0-9a-f]{8,64}|gm-\d+)$/;
// eslint-disable-next-line no-control-regex
const MESSAGE_ID = /^[^\s<>\u0000-\u001f\u007f]{1,240}@[^\s<>@\u0000-\u001f\u007f]{1,240}$/;
/** A long thread may name hundreds; the first and the nearest tie it together. */
const AT_MOST = 20;

export interface References {
  /** Without angle brackets. */
  readonly inReplyTo?: string;
  /** Oldest first, as in the header. */
  readonly references: readonly string[];
}

/** @param thread its references are external ids of ours and of the citizen's mails, nearest first. */
export function referencesOf(thread: ThreadRef | undefined): References {
  const nearestFirst = [
    ...new Set((thread?.references ?? []).map((id) => messageIdOf(id)).filter((id) => id !== undefined)),
  ];
  const [nearest] = nearestFirst;
  if (nearest === undefined) return { references: [] };
  const oldest = nearestFirst.length > AT_MOST ? nearestFirst.slice(-1) : [];
  const near = nearestFirst.slice(0, AT_MOST - oldest.length);
  return { inReplyTo: nearest, references: [...oldest, ...near.toReversed()] };
}

/** The Message-ID within an external id; undefined where the mail had none, or one that no header can carry. */
export function messageIdOf(externalId: string): string | undefined {
  const id = externalId.replace(DISTINCTION, '').replace(/^<(.*)>$/, '$1');
  return MESSAGE_ID.test(id) ? id : undefined;
}
