/** The shapes of the REST API: they validate what comes in and describe it in the OpenAPI document. */
import { z } from 'zod';
import { CASE_ACTIONS, CASE_STATUSES, CASE_TYPES, CONFIDENTIALITIES } from '../../core/case-life.js';
import { FILES_AT_MOST } from '../../cases/reply-files.js';
import { REPLY_OBSTACLES } from '../../cases/reply-outlook.js';
import { OUTBOX_STATES } from '../../core/delivery-state.js';

const time = z.iso.datetime({ offset: true }).meta({ description: 'RFC 3339 with offset' });

export const trackingNumber = z.string().meta({
  description: 'Ten digits, the first 1–9, the last a check digit (Damm).',
  example: '5724161383',
});

export const attachment = z
  .object({
    name: z.string().meta({ description: '`lampiran-1.jpg` to those who may not see the reporter.' }),
    contentType: z.string(),
    size: z.number().int().nullable(),
    state: z.enum(['wanted', 'stored', 'failed']).meta({
      description:
        '`wanted`: still with the provider. `stored`: to be had at …/attachments/{its place, from 0}.',
    }),
  })
  .meta({ id: 'Attachment' });

export const message = z
  .object({
    id: z.string(),
    direction: z.enum(['in', 'out']),
    channelId: z.string(),
    externalId: z.string().nullable().meta({
      description:
        "The provider's id; null before it has one, and of an `in` to those who may not see the reporter.",
    }),
    subject: z.string().nullable(),
    text: z.string(),
    quoted: z.string().nullable().meta({ description: 'Quoted history and signature below `text`.' }),
    html: z.boolean().meta({ description: 'There is HTML beside the text.' }),
    withheld: z.boolean().meta({ description: 'Both are kept from this key: they may name the reporter.' }),
    attachments: z.array(attachment),
    automated: z.boolean().meta({ description: 'Written by a machine, theirs or ours.' }),
    delivery: z.enum(OUTBOX_STATES).nullable().meta({ description: 'Null for `in`.' }),
    error: z
      .string()
      .nullable()
      .meta({ description: 'Code of the last failure of an `out`; what it means is with `delivery`.' }),
    at: time,
  })
  .meta({ id: 'Message' });

export const event = z
  .object({
    seq: z.number().int(),
    kind: z.string(),
    actor: z.string(),
    at: time,
    data: z.unknown(),
    hash: z.string().meta({ description: 'Opaque: chains the event to the one before it.' }),
  })
  .meta({ id: 'Event' });

export const reporter = z
  .object({
    name: z.string().nullable(),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    address: z.string().nullable(),
  })
  .meta({ id: 'Reporter' });

const summaryShape = {
  trackingNumber,
  type: z.enum(CASE_TYPES),
  status: z.enum(CASE_STATUSES),
  channelId: z.string(),
  confidentiality: z.enum(CONFIDENTIALITIES),
  subject: z.string().nullable(),
  text: z.string(),
  reporter: reporter.nullable().meta({ description: 'Null to those who may not see it.' }),
  opd: z.string().nullable(),
  place: z.string().nullable(),
  createdAt: time,
  dueAt: time,
};

export const caseSummary = z.object(summaryShape).meta({ id: 'CaseSummary' });
const outlook = z
  .object({
    allowed: z.boolean(),
    until: time.nullable().meta({ description: 'The channel closes then; null: it stays open.' }),
    reason: z.enum(REPLY_OBSTACLES).nullable().meta({
      description:
        'Why an answer would not be sent; `respond` is possible all the same, and says so in `error`.',
    }),
    detail: z.string().nullable().meta({ description: "The channel's own words for people." }),
  })
  .meta({ id: 'ReplyOutlook', description: 'Whether an answer could go out now.' });

export const caseDetail = z
  .object({ ...summaryShape, messages: z.array(message), events: z.array(event), reply: outlook.nullable() })
  .meta({ id: 'Case' });

export const caseList = z
  .object({ items: z.array(caseSummary), nextCursor: z.string().nullable() })
  .meta({ id: 'CaseList' });

export const opdList = z
  .object({ items: z.array(z.object({ id: z.string(), name: z.string() })) })
  .meta({ id: 'OpdList' });

export const DEFAULT_LIMIT = 25;
export const LARGEST_LIMIT = 100;

export const listQuery = z.strictObject({
  channel: z.string().min(1).max(100).optional().meta({ description: 'Channel id.' }),
  status: z.enum(CASE_STATUSES).optional(),
  q: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Tracking number, or words of subject and text.' }),
  opd: z.string().min(1).max(100).optional().meta({ description: 'OPD id.' }),
  cursor: z.string().min(1).max(500).optional().meta({ description: 'nextCursor of the page before.' }),
  limit: z.coerce.number().int().min(1).max(LARGEST_LIMIT).default(DEFAULT_LIMIT),
});

const word = (most: number) => z.string().trim().min(1).max(most);

const handedIn = z
  .strictObject({
    name: word(255),
    contentType: word(255).regex(/^[\w.+-]+\/[\w.+-]+(;.*)?$/),
    base64: z.base64().max(28_000_000),
  })
  .meta({ id: 'NewAttachment' });

export const newCase = z
  .strictObject({
    channelId: word(100).meta({ description: 'The channel that the citizen used.' }),
    type: z.enum(CASE_TYPES).optional().meta({ description: 'Default: as the words say, else complaint.' }),
    reporter: z
      .strictObject({
        name: word(200).nullish(),
        phone: word(40).nullish(),
        email: word(254).nullish(),
        address: word(1_000).nullish(),
      })
      .nullish(),
    text: z
      .string()
      .max(100_000)
      .refine((text) => text.trim() !== '', 'must not be blank')
      .meta({ description: 'In the citizen’s words.' }),
    place: word(1_000).nullish(),
    occurredAt: time.nullish(),
    submittedAt: time.nullish().meta({ description: 'Date on the paper, time of the call.' }),
    confidentiality: z.enum(CONFIDENTIALITIES).optional().meta({ description: 'Default: public.' }),
    attachments: z.array(handedIn).max(20).nullish(),
  })
  .meta({ id: 'NewCase' });
export type NewCase = z.infer<typeof newCase>;

export const action = z.enum(CASE_ACTIONS);
export const moveBody = z
  .strictObject({
    note: z
      .string()
      .max(4_000)
      .nullish()
      .meta({ description: 'Needed by reject, request-info, return, reopen.' }),
    opd: z.string().max(100).nullish().meta({ description: 'OPD id; needed by dispose.' }),
    reply: z
      .string()
      .max(20_000)
      .nullish()
      .meta({ description: 'Words for the reporter; needed by respond.' }),
    attachments: z
      .array(handedIn)
      .max(FILES_AT_MOST)
      .nullish()
      .meta({ description: 'Files that go along; with respond only, and where the channel carries them.' }),
  })
  .meta({ id: 'Move' });

export const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });
