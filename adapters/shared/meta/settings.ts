/** What every channel of Meta reads of its configuration. */
import { z } from 'zod';

/** https://developers.facebook.com/docs/graph-api/changelog */
export const GRAPH_VERSION = 'v26.0';
export const GRAPH_API_URL = 'https://graph.facebook.com';

export const metaAppShape = {
  /** App settings → Basic → App secret. Signs every webhook. */
  appSecret: z.string().min(1),
  /** Also accepted in signatures while the secret is being rotated. */
  previousAppSecret: z.string().min(1).optional(),
  /** A word of our own choice, entered beside the webhook's address. */
  verifyToken: z.string().min(1),
  /** Another address speaks the same protocol: a stand-in, a proxy. No trailing slash needed. */
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .default(GRAPH_API_URL)
    .transform((url) => url.replace(/\/+$/, '')),
  apiVersion: z
    .string()
    .regex(/^v\d+\.\d+$/, 'must look like v26.0')
    .default(GRAPH_VERSION),
};

/** An id of Meta's. YAML and environment may make a number of it. */
export const metaId = z
  .union([z.string(), z.number().int().positive().transform(String)])
  .refine((id) => /^\d+$/.test(id), 'must be digits only');
