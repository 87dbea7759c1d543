/**
 * The store. PostgreSQL is the truth; everything else may be wiped.
 *
 * Ids are UUIDv7 made in the application, so that new rows go to the end of their index and order by
 * id is order by time. Tables on the path of every message carry as few indexes as they can bear.
 * They have no foreign keys either (docs/adr/0008).
 * Hot statements are written in SQL beside their callers; the schema is their one description.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  char,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
/** Compared byte by byte, whatever the locale of the server: quicker, and a range of it is a prefix. */
const bytesText = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });
const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' });
const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/** What a provider sent, byte for byte. One row a request; kept for replay and proof, deleted by erasure. */
export const envelope = pgTable('envelope', {
  id: uuid('id').primaryKey(),
  channelId: text('channel_id').notNull(),
  receivedAt: at('received_at').notNull(),
  method: text('method').notNull(),
  /** Request target as received. */
  target: text('target').notNull(),
  /** Only the headers that parsing and verifying read. */
  headers: jsonb('headers').notNull(),
  /** Null where the original is large and lies in the blob store. */
  body: bytea('body'),
  bodyBlob: text('body_blob'),
  /** Parts understood and not taken: [{reason}]. */
  ignored: jsonb('ignored'),
});

/** One row an event. The unique key is what makes ten deliveries of one message one message. */
export const inbox = pgTable(
  'inbox',
  {
    /** Also the id of the message that it becomes. */
    id: uuid('id').primaryKey(),
    channelId: text('channel_id').notNull(),
    /** See `eventKey` in core. */
    eventKey: bytesText('event_key').notNull(),
    /** Blind index of the sender's address: serialises one sender's messages, finds them for erasure. */
    contactKey: bytea('contact_key'),
    envelopeId: uuid('envelope_id').notNull(),
    /** The InboundEvent; null once it has become a message. */
    payload: jsonb('payload'),
    /** `new`, `done`, `poison` (isolated, before a person). */
    state: text('state').notNull().default('new'),
    attempts: smallint('attempts').notNull().default(0),
    receivedAt: at('received_at').notNull(),
    doneAt: at('done_at'),
    /** Code of what became of it or of its last failure: `case`, `joined`, `command`, `delivery`, … */
    outcome: text('outcome'),
  },
  (t) => [
    uniqueIndex('inbox_event').on(t.channelId, t.eventKey),
    index('inbox_new')
      .on(t.id)
      .where(sql`state = 'new'`),
    index('inbox_contact').on(t.contactKey),
  ],
);

/** Raw material that could not be taken in: for a person, and for replay after a mend. */
export const quarantine = pgTable(
  'quarantine',
  {
    id: uuid('id').primaryKey(),
    channelId: text('channel_id').notNull(),
    /** `signature`, `unparsable`, `part` (of a batch), `poison` (failed in ingest), `spool` (torn file). */
    kind: text('kind').notNull(),
    /** A code and words for an operator; no personal data. */
    reason: text('reason').notNull(),
    receivedAt: at('received_at').notNull(),
    method: text('method').notNull(),
    target: text('target').notNull(),
    headers: jsonb('headers').notNull(),
    body: bytea('body').notNull(),
    /** Bytes; the sum over bad signatures is bounded. */
    size: integer('size').notNull(),
    /** `held`, `replayed`, `dismissed`. */
    state: text('state').notNull().default('held'),
    inboxId: uuid('inbox_id'),
  },
  (t) => [index('quarantine_state').on(t.state, t.kind, t.id)],
);

/** A person. The identity is one ciphertext under a key of its own, wrapped by TABEA_SECRET_KEY. */
export const reporter = pgTable('reporter', {
  id: uuid('id').primaryKey(),
  wrappedKey: bytea('wrapped_key').notNull(),
  /** AES-256-GCM of {name, phone, email, address}; null where nothing but a contact is known. */
  identity: bytea('identity'),
  createdAt: at('created_at').notNull(),
});

/** An address of a person, found by its HMAC and readable only through the person's key. */
export const contact = pgTable(
  'contact',
  {
    /** HMAC of scheme and value. */
    key: bytea('key').primaryKey(),
    reporterId: uuid('reporter_id').notNull(),
    scheme: text('scheme').notNull(),
    /** AES-256-GCM of {value, name} under the reporter's key. */
    address: bytea('address').notNull(),
    optedOutAt: at('opted_out_at'),
    createdAt: at('created_at').notNull(),
  },
  (t) => [index('contact_reporter').on(t.reporterId)],
);

export const opd = pgTable('opd', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  shortName: text('short_name').notNull(),
  active: boolean('active').notNull().default(true),
});

/** A case: one complaint, its number, where it stands. `case` is a reserved word. */
export const cases = pgTable(
  'cases',
  {
    id: uuid('id').primaryKey(),
    trackingNumber: char('tracking_number', { length: 10 }).notNull(),
    type: text('type').notNull(),
    status: text('status').notNull(),
    channelId: text('channel_id').notNull(),
    confidentiality: text('confidentiality').notNull(),
    subject: text('subject'),
    text: text('text').notNull(),
    reporterId: uuid('reporter_id'),
    /** The contact that opened it; null for a case without an address (paper, anonymous form). */
    contactKey: bytea('contact_key'),
    opdId: text('opd_id').references(() => opd.id),
    place: text('place'),
    /** The reporter's claim. */
    occurredAt: at('occurred_at'),
    /** Date on the paper, time of the call. */
    submittedAt: at('submitted_at'),
    createdAt: at('created_at').notNull(),
    dueAt: at('due_at').notNull(),
    /** Where an answer to `request-info` takes the case back to. */
    returnTo: text('return_to'),
    /** Last message of the citizen, and last of a person of ours: what threading looks at. */
    lastInboundAt: at('last_inbound_at'),
    lastAnswerAt: at('last_answer_at'),
    /** `machine`, or `user:<id>` / `key:<id>` who entered it by hand. */
    createdBy: text('created_by').notNull(),
    /** Flags: `emergency`, `prank`, `automated`, `linked`. */
    flags: text('flags').array(),
    /** Counts changes: ETag of the case. */
    version: integer('version').notNull().default(1),
    eventSeq: integer('event_seq').notNull(),
    eventHash: bytea('event_hash').notNull(),
  },
  (t) => [
    uniqueIndex('cases_tracking_number').on(t.trackingNumber),
    index('cases_contact')
      .on(t.contactKey, t.id)
      .where(sql`contact_key is not null`),
    index('cases_status').on(t.status, t.id),
    index('cases_opd')
      .on(t.opdId, t.id)
      .where(sql`opd_id is not null`),
  ],
);

/**
 * Words of cases, for the search. Filled behind the path of messages, where a full-text index costs a quarter of
 * what a case costs; what is not in it yet is searched by reading (docs/adr/0010).
 */
export const caseSearch = pgTable(
  'case_search',
  {
    caseId: uuid('case_id').primaryKey(),
    words: tsvector('words').notNull(),
  },
  (t) => [index('case_search_words').using('gin', t.words)],
);

/** A stranger who names a number opens a case of his own; operators see the two side by side. */
export const caseLink = pgTable(
  'case_link',
  {
    caseId: uuid('case_id').notNull(),
    otherId: uuid('other_id').notNull(),
    kind: text('kind').notNull(),
    createdAt: at('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.caseId, t.otherId, t.kind] }), index('case_link_other').on(t.otherId)],
);

/** What citizens wrote. A command (STATUS, STOP) belongs to no case. */
export const message = pgTable(
  'message',
  {
    /** The id of its inbox row. */
    id: uuid('id').primaryKey(),
    caseId: uuid('case_id'),
    channelId: text('channel_id').notNull(),
    externalId: text('external_id').notNull(),
    contactKey: bytea('contact_key'),
    subject: text('subject'),
    /** As it came, but for U+0000, which PostgreSQL cannot hold and which is written U+2400. */
    text: text('text').notNull(),
    /** [{name, contentType, size, blob, url, state}]; what is under way or failed: see `StoredAttachment`. */
    attachments: jsonb('attachments'),
    /** Quoted history and signature, apart from the sender's own words in `text`. */
    quoted: text('quoted'),
    /** SHA-256 (hex) in the blob store of the HTML as it came. */
    html: text('html'),
    /** When the next of its attachments is to be fetched from the provider; null where none waits. */
    mediaDue: at('media_due'),
    thread: jsonb('thread'),
    automated: boolean('automated').notNull().default(false),
    sentAt: at('sent_at'),
    receivedAt: at('received_at').notNull(),
    withdrawnAt: at('withdrawn_at'),
  },
  (t) => [
    index('message_case').on(t.caseId, t.id),
    // Only for channels whose provider has conversations.
    index('message_conversation')
      .on(t.channelId, sql`(thread->>'conversationId')`, t.contactKey, t.id)
      .where(sql`thread->>'conversationId' is not null`),
    // Ordinary messages are not in it.
    index('message_media')
      .on(t.mediaDue)
      .where(sql`media_due is not null`),
  ],
);

/**
 * What we write to citizens, and what became of it. State machine: pending → sending → sent | failed |
 * unknown; delivery reports move it on to delivered or read.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: uuid('id').primaryKey(),
    caseId: uuid('case_id'),
    channelId: text('channel_id').notNull(),
    contactKey: bytea('contact_key'),
    /** `received`, `disposed`, `answered`, `rejected`, `closed`, `request_info`, `command`. */
    purpose: text('purpose').notNull(),
    automated: boolean('automated').notNull(),
    subject: text('subject'),
    text: text('text').notNull(),
    /** Files sent along: [{name, contentType, size, blob}]; null where there are none. */
    attachments: jsonb('attachments'),
    /** The message that it answers. */
    inReplyTo: uuid('in_reply_to'),
    state: text('state').notNull().default('pending'),
    attempt: smallint('attempt').notNull().default(0),
    /** Not before; also the due time of the next attempt or of reconciling. */
    dueAt: at('due_at').notNull(),
    attemptAt: at('attempt_at'),
    externalId: text('external_id'),
    segments: smallint('segments'),
    /** ChannelError code and the provider's own code of the last failure. */
    error: text('error'),
    createdAt: at('created_at').notNull(),
    stateAt: at('state_at').notNull(),
  },
  (t) => [
    index('outbox_case').on(t.caseId, t.id),
    index('outbox_due')
      .on(t.dueAt)
      .where(sql`state in ('pending', 'sending', 'unknown')`),
    uniqueIndex('outbox_external')
      .on(t.channelId, t.externalId)
      .where(sql`external_id is not null`),
  ],
);

/** Every report of the provider, in the order it came: the history behind the monotonic state. */
export const deliveryReport = pgTable(
  'delivery_report',
  {
    channelId: text('channel_id').notNull(),
    externalId: text('external_id').notNull(),
    state: text('state').notNull(),
    code: text('code'),
    at: at('at').notNull(),
    outboxId: uuid('outbox_id'),
  },
  (t) => [primaryKey({ columns: [t.channelId, t.externalId, t.state] })],
);

/** Append-only, hash-chained per case. Codes and ids only, so that the chain survives erasure. */
export const caseEvent = pgTable(
  'case_event',
  {
    caseId: uuid('case_id').notNull(),
    seq: integer('seq').notNull(),
    kind: text('kind').notNull(),
    actor: text('actor').notNull(),
    at: at('at').notNull(),
    data: jsonb('data').notNull(),
    hash: bytea('hash').notNull(),
  },
  (t) => [primaryKey({ columns: [t.caseId, t.seq] })],
);

/** Words of operators that events refer to by id (reasons, notes): rows that erasure can delete. */
export const note = pgTable(
  'note',
  {
    id: uuid('id').primaryKey(),
    caseId: uuid('case_id')
      .notNull()
      .references(() => cases.id),
    author: text('author').notNull(),
    text: text('text').notNull(),
    createdAt: at('created_at').notNull(),
  },
  (t) => [index('note_case').on(t.caseId)],
);

/** Where a poller stands. Written only under the epoch that the lease had. */
export const cursor = pgTable(
  'cursor',
  {
    channelId: text('channel_id').notNull(),
    name: text('name').notNull(),
    value: jsonb('value').notNull(),
    epoch: bigint('epoch', { mode: 'number' }).notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.channelId, t.name] })],
);

/** Who may poll. Times are the database's clock. */
export const lease = pgTable('lease', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  epoch: bigint('epoch', { mode: 'number' }).notNull(),
  expiresAt: at('expires_at').notNull(),
});

export const apiKey = pgTable(
  'api_key',
  {
    id: uuid('id').primaryKey(),
    /** SHA-256 of the key: it is 256 random bits, so a slow hash would protect nothing. */
    hash: bytea('hash').notNull(),
    role: text('role').notNull(),
    opdId: text('opd_id').references(() => opd.id),
    name: text('name').notNull(),
    createdAt: at('created_at').notNull(),
    revokedAt: at('revoked_at'),
  },
  (t) => [uniqueIndex('api_key_hash').on(t.hash)],
);

/** Who works in the console. `user` is a reserved word. */
export const account = pgTable(
  'account',
  {
    id: uuid('id').primaryKey(),
    /** Lower case. */
    email: text('email').notNull(),
    name: text('name').notNull(),
    role: text('role').notNull(),
    opdId: text('opd_id').references(() => opd.id),
    /** argon2id, PHC string. */
    passwordHash: text('password_hash').notNull(),
    createdAt: at('created_at').notNull(),
    disabledAt: at('disabled_at'),
  },
  (t) => [uniqueIndex('account_email').on(t.email)],
);

export const session = pgTable(
  'session',
  {
    /** SHA-256 of the cookie's token. */
    hash: bytea('hash').primaryKey(),
    accountId: uuid('account_id')
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    csrf: text('csrf').notNull(),
    createdAt: at('created_at').notNull(),
    seenAt: at('seen_at').notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  (t) => [index('session_account').on(t.accountId)],
);

/** Answers of `POST` requests that carried an Idempotency-Key. */
export const idempotency = pgTable(
  'idempotency',
  {
    actor: text('actor').notNull(),
    key: text('key').notNull(),
    /** SHA-256 of method, path and body: the same key with another request is an error. */
    request: bytea('request').notNull(),
    caseId: uuid('case_id').notNull(),
    createdAt: at('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.actor, t.key] })],
);
