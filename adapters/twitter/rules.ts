/**
 * What the stream tells of: rules that X keeps for the app, brought to exactly what is configured.
 * https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule
 */
import { z } from 'zod';
import { ChannelError } from '../../src/core/channel-error.js';
import type { XClient } from './client.js';
import { listError, unreadableError } from './errors.js';

const RULES = 'tweets/search/stream/rules';

const listed = z.looseObject({
  data: z.array(z.looseObject({ id: z.string(), value: z.string() })).optional(),
});
const changed = z.looseObject({
  errors: z.array(z.looseObject({ title: z.string().optional() })).optional(),
});

/** True where they had to be changed. Throws ChannelError. */
export async function ensureRules(
  client: XClient,
  { query, tag }: { readonly query: string; readonly tag: string },
  signal: AbortSignal,
): Promise<boolean> {
  const request = { as: 'app', signal } as const;
  try {
    const read = listed.safeParse((await client.get(RULES, {}, request)).data);
    if (!read.success) throw unreadableError();
    const { data: rules = [] } = read.data;
    const [ours] = rules.filter(({ value }) => value === query);
    // The app is the gateway's own: what somebody left there costs money with each post that it finds.
    const others = rules.filter((rule) => rule !== ours).map(({ id }) => id);
    if (others.length > 0) await client.post(RULES, { delete: { ids: others } }, request);
    if (ours === undefined)
      demandTaken((await client.post(RULES, { add: [{ value: query, tag }] }, request)).data);
    return ours === undefined || others.length > 0;
  } catch (error) {
    throw listError(error);
  }
}

/** A rule that is refused is told in the body of a success. */
function demandTaken(body: unknown): void {
  const read = changed.safeParse(body);
  const [problem] = (read.success ? read.data.errors : undefined) ?? [];
  // Another process of ours was quicker.
  if (problem === undefined || problem.title === 'DuplicateRule') return;
  throw new ChannelError('config', 'X does not take the query as a rule of the stream', {
    retry: 'backoff',
    providerCode: 'rule',
  });
}
