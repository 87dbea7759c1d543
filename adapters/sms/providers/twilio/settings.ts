import { z } from 'zod';

/** https://www.twilio.com/docs/usage/api */
export const TWILIO_API_URL = 'https://api.twilio.com';

export const twilioSettings = z.object({
  accountSid: z.string().regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC followed by 32 hexadecimal digits'),
  authToken: z.string().min(1),
  /** Also accepted in signatures while the token is being rotated. */
  previousAuthToken: z.string().min(1).optional(),
  /** Another address speaks the same protocol: a stand-in, an edge location. No trailing slash needed. */
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .default(TWILIO_API_URL)
    .transform((url) => url.replace(/\/+$/, '')),
});

export type TwilioSettings = z.output<typeof twilioSettings>;
