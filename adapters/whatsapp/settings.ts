import { z } from 'zod';
import { metaAppShape, metaId } from '../shared/meta/settings.js';

/** An approved template with one parameter in its body: https://developers.facebook.com/docs/whatsapp/message-templates */
const templateSettings = z.object({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/, 'must be lower case letters, digits and _'),
  language: z.string().min(2).default('id'),
});

export const whatsappSettings = z.object({
  ...metaAppShape,
  /** Not the telephone number: its id in WhatsApp Manager → API setup. */
  phoneNumberId: metaId,
  /** Where given, the subscription of its webhook is looked after. */
  businessAccountId: metaId.optional(),
  /** Of a system user, with whatsapp_business_messaging. */
  accessToken: z.string().min(1),
  /** Sent instead of free text when 24 hours have passed. Absent: then there is no reply. */
  template: templateSettings.optional(),
});

export type WhatsappSettings = z.output<typeof whatsappSettings>;
