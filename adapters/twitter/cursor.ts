/** Where a source of posts stands: JSON that the gateway keeps in one transaction with the posts. */
import { z } from 'zod';
import { idAt, isId, newerId, timeOfId } from './snowflake.js';

/**
 * Posts become visible to a search a moment after they were made, and not in their order; and our clock may be off.
 * What is read twice for it is known by its id, and X charges a post once a day.
 */
const POST_MARGIN_MS = 60_000;
const CLOCK_MARGIN_MS = 10 * 60_000;
/** So many posts are looked up again for their deletion, the newest; more would cost more than they are worth. */
const MOST_KNOWN = 300;
const KNOWN_FOR_MS = 7 * 86_400_000;

const id = z.string().refine(isId);

const shape = z.object({
  /** A search has shown that everything up to this id was handed over. Not the newest post: a stream proves nothing. */
  sinceId: id,
  /** Posts of the last days with their authors, oldest first. */
  known: z.array(z.tuple([id, id])),
  /** When they were looked up last. */
  checkedAt: z.iso.datetime(),
});

export type SourceCursor = z.infer<typeof shape>;
export type KnownPost = readonly [id: string, authorId: string];

/** Undefined at the very first start, and where it cannot be read. */
export function readCursor(value: unknown): SourceCursor | undefined {
  const read = shape.safeParse(value);
  return read.success ? read.data : undefined;
}

/** From now on, and some minutes before. */
export function firstCursor(now: Date): SourceCursor {
  return { sinceId: idAt(now.getTime() - CLOCK_MARGIN_MS), known: [], checkedAt: now.toISOString() };
}

/**
 * After a search that came to its end.
 * @param newestId of its first page; undefined where it found nothing.
 * @param askedAt when it began.
 */
export function searched(cursor: SourceCursor, newestId: string | undefined, askedAt: Date): SourceCursor {
  const byClock = idAt(askedAt.getTime() - CLOCK_MARGIN_MS);
  const byPost = newestId === undefined ? byClock : idAt(timeOfId(newestId) - POST_MARGIN_MS);
  return { ...cursor, sinceId: [cursor.sinceId, byPost, byClock].reduce(newerId) };
}

/** @param posts that were handed over, in any order. */
export function knowing(cursor: SourceCursor, posts: readonly KnownPost[], now: Date): SourceCursor {
  if (posts.length === 0) return cursor;
  const known = new Map([...cursor.known, ...posts].filter(([post]) => isRecent(post, now)));
  return { ...cursor, known: [...known].slice(-MOST_KNOWN) };
}

/** After a check: `gone` are not looked up again. */
export function checked(cursor: SourceCursor, gone: ReadonlySet<string>, now: Date): SourceCursor {
  const known = cursor.known.filter(([post]) => !gone.has(post) && isRecent(post, now));
  return { ...cursor, known, checkedAt: now.toISOString() };
}

function isRecent(post: string, now: Date): boolean {
  return timeOfId(post) > now.getTime() - KNOWN_FOR_MS;
}
