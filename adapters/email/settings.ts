/** What a mail channel reads of its configuration. */
import { z } from 'zod';

/** Absent and empty are the same: an address that is not used. */
const optionalUrl = (protocol: RegExp) =>
  z.union([z.literal(''), z.url({ protocol })]).transform((url) => (url === '' ? undefined : url));

/** XOAUTH2 instead of a password: a refresh token is exchanged for access tokens as they run out. */
const oauth2 = z.strictObject({
  tokenUrl: z.url({ protocol: /^https?$/ }),
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
  refreshToken: z.string().min(1),
});

/** A way in for a forwarder or an MX; also what the demo's mailbox delivers to. */
const reception = z.strictObject({
  /** `smtp://127.0.0.1:2525`. Empty: off. */
  url: optionalUrl(/^smtp$/).prefault(''),
  /** Recipients it takes; empty: the channel's own address. Everybody else's mail is refused: it is no relay. */
  recipients: z.array(z.email()).default([]),
  messagesPerMinute: z.number().int().min(1).default(120),
});

export const emailSettings = z
  .strictObject({
    /** `imaps://user:password@host:993`, one or several mailboxes; user and password percent-encoded. Empty: none. */
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
    smtpUrl: z.url({ protocol: /^smtps?$/ }),
    /** `tabea@ambon.example` or `Tabea Ambon <tabea@ambon.example>`. */
    from: z.string().min(3),
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
    message: 'a mail channel needs a way in: imapUrl or reception.url',
  });

export type EmailSettings = z.output<typeof emailSettings>;
