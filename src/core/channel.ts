/**
 * The contract between Tabea and a channel. An adapter translates between a provider's wire format and
 * these types; it never sees the web framework, the queue or the database.
 */
import type { Address, AttachmentRef, InboundEvent, InboundMessage, ThreadRef } from './message.js';

/** An HTTP request exactly as it came: nothing decoded, trimmed or re-ordered. */
export interface RawRequest {
  readonly method: string;
  /** Request target as received: path and query, not decoded. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  readonly receivedAt: Date;
}

export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** A part of a request that did not become an event, and why. `part` is raw, for quarantine. */
export interface LeftPart {
  readonly part: string;
  /** A short code and words for an operator; no personal data. */
  readonly reason: string;
}

export interface Parsed {
  readonly events: readonly InboundEvent[];
  /** Understood and deliberately not taken (own echo, hidden type). */
  readonly ignored: readonly LeftPart[];
  /** Not understood: goes to quarantine, the rest goes on. */
  readonly rejected: readonly LeftPart[];
}

/** Thrown by `verify`: answered with 403, kept in quarantine, never a case. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/** Thrown by `parse` where nothing of the body can be read: answered with 400, kept raw in quarantine. */
export class UnparsableError extends Error {
  override readonly name = 'UnparsableError';
}

export interface WebhookReceiver {
  /** Largest body in bytes; above it the gateway answers 413. */
  readonly maxBodyBytes: number;
  /** Throws SignatureError. Works on raw bytes and comes first, always. */
  verify(request: RawRequest): void;
  /** Pure. Throws UnparsableError where the whole body is unreadable. */
  parse(request: RawRequest): Parsed;
  /** What the provider expects in answer (TwiML, Meta's challenge). Default: 200 with an empty body. */
  reply?(request: RawRequest): RawReply;
}

/** Puts bytes into the blob store; resolves with their SHA-256 (hex) when they are durable. */
export type PutBlob = (bytes: Buffer) => Promise<string>;

/** One message as the provider keeps it, and what it says. */
export interface PulledItem {
  /** As it came: `method` is `PULL`, `target` says where from (`imap:INBOX;uid=12`), without personal data. */
  readonly request: RawRequest;
  readonly parsed: Parsed;
}

/** Where a source hands over what it fetched. */
export interface InboundSink {
  readonly putBlob: PutBlob;
  /**
   * Resolves when the items, and with them the cursor, are durable: one transaction, written only while the
   * lease is still ours. Throws where the database is away or the lease is lost: then `run` must end.
   * @param cursor where the source stands after these items; undefined leaves it as it is.
   */
  accept(items: readonly PulledItem[], cursor?: unknown): Promise<void>;
}

/** One stream of a provider (a folder of a mailbox, a list of posts): one process at a time runs it. */
export interface PullSource {
  /** Unique within the channel and stable over restarts: names lease and cursor. No secret, no address. */
  readonly name: string;
  /**
   * Runs until `signal` ends it, or until the connection is lost: then it throws a ChannelError, and is run
   * again after a while from the cursor that was saved last.
   * @param cursor what `accept` was given last, any JSON; undefined at the very first start.
   */
  run(sink: InboundSink, cursor: unknown, signal: AbortSignal): Promise<void>;
  /** Hands over everything since then, without regard to the cursor; what is known already does no harm. */
  backfill?(sink: InboundSink, since: Date, signal: AbortSignal): Promise<void>;
}

export interface PullReceiver {
  readonly sources: readonly PullSource[];
  /** Reads again what a source once handed over as `request`: for replay. Throws UnparsableError. */
  parse(request: RawRequest, putBlob: PutBlob): Promise<Parsed>;
}

/** What a text costs on this channel. */
export interface ReplyMeasure {
  /** Messages that the provider will count (SMS segments, posts of a thread). 0 for an empty text. */
  readonly segments: number;
  /** How it is counted: `GSM-7`, `UCS-2`, `characters`. */
  readonly encoding: string;
  /** Units used, and units that are left before the next segment begins or the limit is reached. */
  readonly used: number;
  readonly left: number;
  /** Cost for the city in whole rupiah. */
  readonly costIdr: number;
  /** False where the channel would refuse the text for its length. */
  readonly fits: boolean;
}

/** Whom a reply would go to, and what is known about the conversation. */
export interface ReplyTarget {
  readonly address: Address;
  readonly optedOut: boolean;
  readonly confidentiality: 'public' | 'anonymous' | 'secret';
  /** The citizen's last message on this channel, where there is one; `at` is never later than we received it. */
  readonly lastInbound?: { readonly externalId: string; readonly at: Date; readonly thread?: ThreadRef };
  /** The machine would write it. Absent: a person. Platforms allow people more. */
  readonly automated?: boolean;
}

export type ReplyPermission =
  { readonly allowed: true; readonly until?: Date } | { readonly allowed: false; readonly reason: string };

/** A file that an operator sends along. */
export interface OutboundAttachment {
  /** Safe as a file name. */
  readonly name: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  read(): Promise<Buffer>;
}

export interface OutboundMessage {
  /** Outbox id: stable over attempts, usable as an idempotency key. */
  readonly id: string;
  readonly channelId: string;
  readonly to: Address;
  /** Of what it answers, without `Re:` of ours. */
  readonly subject?: string;
  readonly text: string;
  readonly thread?: ThreadRef;
  /** Absent: none. Only where `maxAttachmentBytes` of the channel allows them. */
  readonly attachments?: readonly OutboundAttachment[];
  /** Written by the machine, not by a person. */
  readonly automated: boolean;
  /**
   * Of the case. Absent: it belongs to none (the answer to a command, which may tell of any case of the sender);
   * where others can read along it is then treated like a secret one.
   */
  readonly confidentiality?: ReplyTarget['confidentiality'];
  /** When the citizen last wrote on this channel; absent: not known, or never. */
  readonly lastInboundAt?: Date;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

export interface SendResult {
  /** Provider id of the message. */
  readonly externalId: string;
  /** Segments that the provider says it charged, where it says so. */
  readonly segments?: number;
}

/** An attempt whose end we do not know. */
export interface SendAttempt {
  readonly message: OutboundMessage;
  /** When the attempt began, on our clock. */
  readonly startedAt: Date;
  readonly now: Date;
  /** True where that provider id is already the id of another reply of ours. */
  isClaimed(externalId: string): Promise<boolean>;
}

/**
 * What the provider's own list says. `not_sent` may be said only 60 s or later after the attempt;
 * several candidates, or no list at all, are `unknown`.
 */
export type Reconciliation =
  | { readonly state: 'sent'; readonly externalId: string }
  | { readonly state: 'not_sent' }
  | { readonly state: 'unknown'; readonly reason: string };

export interface ChannelHealth {
  readonly state: 'ok' | 'degraded' | 'down';
  /** For people: what is wrong and the remedy. No secret. */
  readonly detail: string;
}

export interface ChannelAdapter {
  readonly kind: string;
  readonly webhook?: WebhookReceiver;
  /** Delivery reports, where they come to `/webhooks/{channelId}/status`. */
  readonly statusWebhook?: WebhookReceiver;
  readonly pull?: PullReceiver;
  measure(text: string): ReplyMeasure;
  /** What files of one reply may weigh together. Absent: the channel carries none. */
  readonly maxAttachmentBytes?: number;
  /** Told BEFORE an operator writes. Absent: always allowed. */
  canReply?(target: ReplyTarget, now: Date): ReplyPermission;
  /** Absent: a person conveys the answer (telephone, paper). Throws ChannelError. */
  send?(message: OutboundMessage, signal: AbortSignal): Promise<SendResult>;
  /**
   * Milliseconds that one attempt may take; then `signal` aborts. Absent: 30 s. What a dying process was sending is
   * looked for only when an attempt begun last can have ended, so no longer than needed.
   */
  readonly sendLimitMs?: number;
  reconcile?(attempt: SendAttempt, signal: AbortSignal): Promise<Reconciliation>;
  /** What the provider has of inbound messages, for backfill and audit. */
  list?(since: Date, until: Date): AsyncIterable<InboundMessage>;
  /** Bytes of an attachment that the provider keeps. Guarded against SSRF. Throws ChannelError. */
  fetchAttachment?(ref: AttachmentRef, signal: AbortSignal): Promise<Buffer>;
  probe?(signal: AbortSignal): Promise<ChannelHealth>;
  close?(): Promise<void>;
}

/** A logger of which adapters and core know only this much (pino fits). */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Clock {
  now(): Date;
}

/** What an adapter is given instead of reaching for it. */
export interface AdapterContext {
  readonly channelId: string;
  /** The number, page or mailbox that citizens write to, as configured. */
  readonly address: string;
  /** Public base address, as providers see and sign it; no trailing slash. */
  readonly publicUrl: string;
  /** What one message costs the city, in whole rupiah. */
  readonly replyCostIdr: number;
  /** A short HMAC (20 hexadecimal digits) under a key of this installation, for ids that must not be forged. */
  readonly sign: (text: string) => string;
  readonly logger: Logger;
  readonly clock: Clock;
}
