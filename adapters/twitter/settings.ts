import { z } from 'zod';

/** https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule: a rule is at most 1,024 characters. */
const LONGEST_QUERY = 1_024;

export const twitterSettings = z.object({
  /** App-only (OAuth 2.0): reads the stream and the search. */
  bearerToken: z.string().min(1),
  /** OAuth 1.0a user context of the city's account: posts, and reads its own mentions and posts. */
  appKey: z.string().min(1),
  appSecret: z.string().min(1),
  accessToken: z.string().min(1),
  accessSecret: z.string().min(1),
  /** Where the API is; another address is a stand-in. A path is kept in front of `/2/…`. */
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://api.x.com')
    .transform((url) => url.replace(/\/+$/, '')),
  /** `stream`: the filtered stream. `poll`: the recent search alone, for access without the stream. */
  mode: z.enum(['stream', 'poll']).default('stream'),
  /** In X's own search language. Default: the channel's address, without retweets. */
  query: z.string().min(1).max(LONGEST_QUERY).optional(),
  /** Seconds between two searches in mode `poll`. X charges what it finds, not the asking; 2 s are its limit. */
  pollSeconds: z.number().min(5).max(3_600).default(15),
  /** Seconds between two looks at the mentions of the account; 0 leaves them. */
  mentionsSeconds: z
    .number()
    .min(0)
    .max(3_600)
    .refine((seconds) => seconds === 0 || seconds >= 5, { error: 'must be 0 or at least 5' })
    .default(15),
  /** Hours between two checks whether posts of the last week were deleted; 0 leaves it. */
  deletedHours: z.number().min(0).max(168).default(24),
  /** The account has Enterprise access: it may answer without being summoned. */
  enterprise: z.boolean().default(false),
  /** A post with a link costs $0.20 instead of $0.015. */
  allowLinks: z.boolean().default(false),
  /** What replies may cost in a calendar month (UTC), in US cents; 0 is no limit. */
  monthlyBudgetCents: z.number().int().min(0).default(5_000),
});

export type TwitterSettings = z.infer<typeof twitterSettings>;

/** What is searched for, where the configuration does not say it in X's own words. */
export function queryOf(settings: Pick<TwitterSettings, 'query'>, address: string): string {
  return settings.query ?? `${address} -is:retweet`;
}
