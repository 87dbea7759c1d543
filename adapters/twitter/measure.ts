import type { ReplyMeasure } from '../../src/core/channel.js';
import { MOST_POSTS, splitPosts } from './split.js';
import { linksOf, POST_LIMIT, weightOf } from './weighted.js';

export interface PostPrice {
  /** Whole rupiah. */
  readonly perPostIdr: number;
  readonly allowLinks: boolean;
}

/** Does not fit: more posts than a thread should have, or a link where none is allowed. */
export function measurePosts(text: string, { perPostIdr, allowLinks }: PostPrice): ReplyMeasure {
  const posts = splitPosts(text);
  const weights = posts.map(weightOf);
  return {
    segments: posts.length,
    encoding: 'characters',
    used: weights.reduce((sum, weight) => sum + weight, 0),
    left: posts.length === 0 ? POST_LIMIT : Math.max(0, POST_LIMIT - (weights.at(-1) ?? 0)),
    costIdr: posts.length * perPostIdr,
    fits: posts.length <= MOST_POSTS && (allowLinks || linksOf(text).length === 0),
  };
}
