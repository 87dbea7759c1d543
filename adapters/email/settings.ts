/** What a mail channel reads of its configuration. */
import { z } from 'zod';
import { readMailbox } from './addresses.js';

/**
 * An address that is not used is empty, or `none`: a variable of the environment that is empty counts as forgotten,
 * and what is forgotten must stop the start.
 */
const optionalUrl = (protocol: RegExp) =>
  z
    .union([z.enum(['', 'none']), z.url({ protocol })])
    .transform((url) => (url === '' || url === 'none' ? undefined : url));

/** `user:password` percent-encoded, as the library decodes it. */
const isDecodable = (url: string): boolean => {
  try {
    const { username, password } = new URL(url);
    return decodeURIComponent(username + password) !== '\0';
  } catch {
    return false;
  }
};

/** XOAUTH2 instead of a password: a refresh token is exchanged for access tokens as they run out. */
const oauth2 = z.strictObject({
  tokenUrl: z.url({ protocol: /^https?$/ }),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
  refreshToken: z.string().min(1),
});

/** A way in for a forwarder or an MX; also what the demo's mailbox delivers to. */
const reception = z.strictObject({
  /** `smtp://127.0.0.1:2525`. Empty or `none`: off. */
  url: optionalUrl(/^smtp$/).prefault(''),
  /** Recipients it takes; empty: the channel's address and that of `from`. Others are refused: it is no relay. */
  recipients: z.array(z.email()).default([]),
  messagesPerMinute: z.number().int().min(1).default(120),
});

export const emailSettings = z
  .strictObject({
    /** `imaps://user:password@host:993`, one or several mailboxes; user and password percent-encoded. Empty or `none`: none. */
    imapUrl: z.union([
      optionalUrl(/^imaps?$/).transform((url) => (url === undefined ? [] : [url])),
      z.array(z.url({ protocol: /^imaps?$/ })),
    ]),
    /** Folders of each mailbox that are read. */
    folders: z.array(z.string().min(1)).min(1).default(['INBOX']),
    /** The first start takes mail from this day on. Absent: from the hour of the first start on. */
    since: z.iso.date().optional(),
    /** Seconds between looks where the server cannot IDLE or does not tell. */
    pollSeconds: z.number().int().min(5).default(60),
    /** What is done with a mail after it is stored; by default nothing at all. */
    afterwards: z
      .strictObject({ markSeen: z.boolean().default(false), moveTo: z.string().min(1).optional() })
      .prefault({}),
    /** `smtps://user:password@host:465` or `smtp://…:587`. */
    smtpUrl: z
      .url({ protocol: /^smtps?$/ })
      .refine(isDecodable, 'user and password must be percent-encoded: % is written as %25'),
    /** `tabea@ambon.example` or `Tabea Ambon <tabea@ambon.example>`. */
    from: z
      .string()
      .refine((from) => readMailbox(from) !== undefined, 'must be an address, or: Name <address>'),
    oauth2: oauth2.optional(),
    /** Folder for copies of what we send; also where lost replies are looked for. Absent: no copies. */
    sentFolder: z.string().min(1).optional(),
    /** True where the server files copies by itself (Gmail does): they are looked for, not written. */
    serverFilesSent: z.boolean().default(false),
    maxMessageBytes: z
      .number()
      .int()
      .min(64 * 1024)
      .default(50 * 1024 * 1024),
    /** Files of one reply, together. */
    maxReplyAttachmentBytes: z
      .number()
      .int()
      .min(0)
      .default(10 * 1024 * 1024),
    reception: reception.prefault({}),
  })
  .refine((one) => one.imapUrl.length > 0 || one.reception.url !== undefined, {
    path: ['imapUrl'],
    message: 'a mail channel needs a way in',
    params: { words: 'names no way in: set IMAP_URL to a mailbox, or SMTP_LISTEN_URL for a reception' },
  });

export type EmailSettings = z.output<typeof emailSettings>;
