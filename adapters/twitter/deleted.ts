/**
 * Which posts their authors have deleted: https://docs.x.com/x-api/posts/get-posts-by-ids. X's compliance streams
 * are for Enterprise; a look-up tells the same of posts whose ids are known.
 */
import { z } from 'zod';
import { unreadableError } from './errors.js';
import type { XClient } from './client.js';
import type { KnownPost } from './cursor.js';

const AT_ONCE = 100;

const answer = z.looseObject({
  errors: z
    .array(
      z.looseObject({
        type: z.string().optional(),
        resource_id: z.string().optional(),
        value: z.string().optional(),
      }),
    )
    .optional(),
});

/**
 * Those of the posts that do not exist any more. A post that is only hidden from us (a locked account) is another
 * matter and stays. Throws ChannelError.
 */
export async function deletedOf(
  client: XClient,
  posts: readonly KnownPost[],
  signal: AbortSignal,
): Promise<KnownPost[]> {
  const gone = new Set<string>();
  for (let at = 0; at < posts.length; at += AT_ONCE) {
    const ids = posts.slice(at, at + AT_ONCE).map(([id]) => id);
    const { data } = await client.get('tweets', { ids: ids.join(',') }, { as: 'app', signal });
    const read = answer.safeParse(data);
    if (!read.success) throw unreadableError();
    for (const { type, resource_id, value } of read.data.errors ?? []) {
      if (type?.endsWith('/resource-not-found') === true) gone.add(resource_id ?? value ?? '');
    }
  }
  return posts.filter(([id]) => gone.has(id));
}
