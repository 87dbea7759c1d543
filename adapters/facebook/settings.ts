import { z } from 'zod';
import { metaAppShape, metaId } from '../shared/meta/settings.js';

export const facebookSettings = z.object({
  ...metaAppShape,
  pageId: metaId,
  /** Of a system user, so that it does not end with somebody's job. Never logged, never in an address. */
  pageAccessToken: z.string().min(1),
  /** How comments of public cases are answered. A secret or anonymous one is always answered privately. */
  commentReply: z.enum(['public', 'private']).default('public'),
  /** Whether Meta has granted the feature "Human Agent": then people may write for 7 days instead of 24 hours. */
  humanAgent: z.boolean().default(true),
  /** Pause between two looks at what no webhook told us. */
  pollSeconds: z.number().positive().default(900),
  /** Older posts of the page are not searched for new comments. */
  feedDays: z.number().int().positive().default(30),
});

export type FacebookSettings = z.output<typeof facebookSettings>;
