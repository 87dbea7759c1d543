/** The part of X's search language that a hashtag channel uses: https://docs.x.com/x-api/posts/search/integrate/build-a-query */
import type { PlayedPost } from './posts.js';

/** Terms beside each other must all be true; `OR` parts the whole query. */
export function matchesQuery(query: string, post: PlayedPost): boolean {
  const ways = query.split(/\s+OR\s+/).map((way) => way.split(/\s+/).filter(Boolean));
  return ways.some((terms) => terms.every((term) => matchesTerm(term, post)));
}

function matchesTerm(term: string, post: PlayedPost): boolean {
  if (term.startsWith('-')) return !matchesTerm(term.slice(1), post);
  const wanted = term.replaceAll(/["()]/g, '').toLowerCase();
  if (wanted === 'is:retweet') return post.retweets !== undefined;
  if (wanted === 'is:reply') return post.answers !== undefined;
  if (wanted.startsWith('from:')) return post.author.username.toLowerCase() === wanted.slice('from:'.length);
  const words = post.text.toLowerCase().match(/[#@]?[\p{L}\p{M}\p{N}_]+/gu) ?? [];
  // A keyword finds the tag of the same name too, a tag only itself.
  return words.some((word) => word === wanted || (!/^[#@]/.test(wanted) && word === `#${wanted}`));
}
