/** Where a source of posts stands: JSON that the gateway keeps in one transaction with the posts. */
import { z } from 'zod';
import { overlapping, type Start } from './lists.js';
import { isId, newerId, timeOfId } from './snowflake.js';

/** At the first start, for the time between switching the channel on and its first look, with a clock that is off. */
const FIRST_REACH_MS = 10 * 60_000;
/** So many posts are looked up again for their deletion, the newest; more would cost more than they are worth. */
const MOST_KNOWN = 300;
const KNOWN_FOR_MS = 7 * 86_400_000;

const id = z.string().refine(isId);

const shape = z.object({
  /** Everything up to this post was handed over. Absent until there was one. */
  newestId: id.optional(),
  /** When the source was first run; RFC 3339. */
  from: z.iso.datetime(),
  /** Posts of the last days with their authors, oldest first. */
  known: z.array(z.tuple([id, id])),
  /** When they were looked up last. */
  checkedAt: z.iso.datetime(),
});

export type SourceCursor = z.infer<typeof shape>;
export type KnownPost = readonly [id: string, authorId: string];

/** A cursor that cannot be read is one of a first start: what is known already does no harm. */
export function readCursor(value: unknown, now: Date): SourceCursor {
  const read = shape.safeParse(value);
  if (read.success) return read.data;
  const from = new Date(now.getTime() - FIRST_REACH_MS).toISOString();
  return { from, known: [], checkedAt: now.toISOString() };
}

export function startOf({ newestId, from }: SourceCursor): Start {
  return newestId === undefined ? { from: new Date(from) } : overlapping(newestId);
}

/** @param posts that were handed over, in any order. */
export function movedOn(
  cursor: SourceCursor,
  newestId: string | undefined,
  posts: readonly KnownPost[],
  now: Date,
): SourceCursor {
  const newest = [cursor.newestId, newestId].filter((one) => one !== undefined);
  const known = new Map([...cursor.known, ...posts].filter(([post]) => isRecent(post, now)));
  return {
    ...cursor,
    ...(newest.length > 0 && { newestId: newest.reduce(newerId) }),
    known: [...known].slice(-MOST_KNOWN),
  };
}

/** After a check: `gone` are not looked up again. */
export function checked(cursor: SourceCursor, gone: ReadonlySet<string>, now: Date): SourceCursor {
  const known = cursor.known.filter(([post]) => !gone.has(post) && isRecent(post, now));
  return { ...cursor, known, checkedAt: now.toISOString() };
}

function isRecent(post: string, now: Date): boolean {
  return timeOfId(post) > now.getTime() - KNOWN_FOR_MS;
}
