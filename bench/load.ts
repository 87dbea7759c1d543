/** What the load generator tells of a run. */
import { z } from 'zod';

export const loadResult = z.object({
  /** 2xx answers. */
  ok: z.number(),
  failed: z.number(),
  seconds: z.number(),
  /** Milliseconds. */
  p50: z.number(),
  p99: z.number(),
});
export type LoadResult = z.output<typeof loadResult>;
