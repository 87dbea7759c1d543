/** A reply as it stands at X: one post, or several of which each answers the one before. Pure. */
import { z } from 'zod';
import { linksOf } from './weighted.js';

/** A post of our account, as far as a reply can be recognised by it. */
export interface OwnPost {
  readonly id: string;
  readonly text: string;
  /** The post that it answers. */
  readonly answers: string;
}

const shape = z.looseObject({
  data: z.looseObject({
    id: z.string(),
    text: z.string(),
    referenced_tweets: z.array(z.looseObject({ type: z.string(), id: z.string() })).optional(),
  }),
});

/** Undefined for posts that answer nobody. */
export function readOwnPost(payload: unknown): OwnPost | undefined {
  const read = shape.safeParse(payload);
  if (!read.success) return undefined;
  const { id, text, referenced_tweets = [] } = read.data.data;
  const answers = referenced_tweets.find(({ type }) => type === 'replied_to')?.id;
  return answers === undefined ? undefined : { id, text, answers };
}

/**
 * Every beginning of the reply that is there: ids of its posts, as many as were made. Several where the same words
 * answer the same post twice.
 */
export function chainsOf(own: readonly OwnPost[], target: string, posts: readonly string[]): string[][] {
  const [first = '', ...rest] = posts;
  return own
    .filter((post) => post.answers === target && isSameText(post.text, first))
    .map((post) => {
      const chain = [post.id];
      for (const text of rest) {
        const next = own.find((one) => one.answers === chain.at(-1) && isSameText(one.text, text));
        if (next === undefined) break;
        chain.push(next.id);
      }
      return chain;
    });
}

function isSameText(theirs: string, ours: string): boolean {
  const unescaped = theirs.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  return comparable(unescaped) === comparable(ours);
}

/** X puts the names of those that are answered in front, and its own short links in place of ours. */
function comparable(text: string): string {
  let rest = text.normalize('NFC').replace(/^(?:@\w{1,15}\s+)+/, '');
  for (const link of linksOf(rest)) rest = rest.replace(link, '\u0000');
  return rest.replaceAll(/\s+/g, ' ').trim();
}
