/**
 * What a batch of messages needs to know, read in sets, and what became of it so far: a message is decided
 * against the database plus all messages before it in the batch, exactly as if each had come alone.
 */
import { isOpen } from '../core/case-life.js';
import type { Command } from '../core/commands.js';
import type { AttachmentRef, InboundMessage, ThreadRef } from '../core/message.js';
import type { OutboxDraft, OutboxEntry } from '../replies/outbox.js';
import type { CaseState } from './case-state.js';
import type { ReporterKey } from './vault.js';

/** A sender. */
export interface ContactState {
  readonly key: Buffer;
  readonly reporterId: string;
  optedOutAt: Date | null;
  optOutChanged: boolean;
  /** What a sender that was not known before is stored with. */
  readonly fresh: {
    readonly scheme: string;
    readonly sealed: Buffer;
    readonly reporterKey: ReporterKey;
  } | null;
  /** Of the last hour. */
  readonly counts: { acknowledged: number; written: number; commands: number };
}

/** A message out of the inbox, with what its text says at first sight. */
export interface Sent {
  /** Inbox id, and id of the message that it becomes. */
  readonly id: string;
  readonly contactKey: Buffer;
  readonly receivedAt: Date;
  readonly event: InboundMessage;
  readonly command: Command | null;
  /** Tracking numbers in subject and text, by their check digit. */
  readonly numbers: readonly string[];
}

/** A row of `message` to be written. */
export interface MessageDraft {
  readonly id: string;
  readonly caseId: string | null;
  readonly contactKey: Buffer | null;
  readonly receivedAt: Date;
  readonly channelId: string;
  readonly externalId: string;
  readonly subject?: string | undefined;
  readonly text: string;
  readonly quoted?: string | undefined;
  readonly html?: string | undefined;
  readonly attachments: readonly AttachmentRef[];
  readonly thread?: ThreadRef | undefined;
  readonly automated: boolean;
  readonly sentAt?: string | undefined;
}

export function messageDraft(
  { id, contactKey, receivedAt, event }: Sent,
  caseId: string | null,
): MessageDraft {
  const { channelId, externalId, subject, text, quoted, html, attachments, thread, automated, sentAt } =
    event;
  return {
    id,
    caseId,
    contactKey,
    receivedAt,
    channelId,
    externalId,
    subject,
    text,
    quoted,
    html,
    attachments,
    thread,
    automated,
    sentAt,
  };
}

/** A reply whose text names the case's number, which is final only after the case is inserted. */
export type ReplyDraft = Omit<OutboxDraft, 'text'> & { readonly id: string; readonly render: () => string };

export interface CaseLinkDraft {
  readonly caseId: string;
  readonly otherId: string;
  readonly at: Date;
}

/** What one transaction, or one part of it, has done. */
export interface Taken {
  readonly outcomes: { readonly id: string; readonly outcome: string }[];
  readonly replies: OutboxEntry[];
  readonly changedCases: string[];
  /** Messages whose attachments wait at the provider. */
  readonly media: string[];
}

/** The sender of the message is the reporter of the case. */
export function isOwn(state: CaseState, contact: ContactState): boolean {
  if (state.contactKey?.equals(contact.key)) return true;
  return state.reporterId !== null && state.reporterId === contact.reporterId;
}

/** Longer ago than this, the machine answers nothing any more. */
export const LATE_MS = 3 * 86_400_000;

/**
 * A backfill reads mails of weeks ago: the machine does not write to hundreds of people about them. A person
 * still may.
 */
export function isLate({ now }: Pick<IngestWorld, 'now'>, { receivedAt }: Pick<Sent, 'receivedAt'>): boolean {
  return now.getTime() - receivedAt.getTime() > LATE_MS;
}

export class IngestWorld {
  readonly now: Date;
  readonly contacts = new Map<string, ContactState>();
  readonly cases = new Map<string, CaseState>();
  /** When cases that a reporter may object to came to their status. */
  readonly movedAt = new Map<string, Date>();
  readonly newCases = new Set<CaseState>();
  readonly changed = new Set<CaseState>();
  readonly messages: MessageDraft[] = [];
  readonly replies: ReplyDraft[] = [];
  readonly links: CaseLinkDraft[] = [];
  readonly outcomes: { readonly id: string; readonly outcome: string }[] = [];
  readonly #newest = new Map<string, string>();
  readonly #byNumber = new Map<string, string>();
  readonly #byReference = new Map<string, string>();
  readonly #byConversation = new Map<string, string[]>();

  constructor(now: Date) {
    this.now = now;
  }

  contact(key: Buffer): ContactState | undefined {
    return this.contacts.get(key.toString('latin1'));
  }

  addContact(contact: ContactState): void {
    this.contacts.set(contact.key.toString('latin1'), contact);
  }

  /** The sender's newest case on the channel, if it is open. */
  newestOpen(contactKey: Buffer, channelId: string): CaseState | null {
    const id = this.#newest.get(keyOf(channelId, contactKey.toString('latin1')));
    const found = id === undefined ? undefined : this.cases.get(id);
    return found !== undefined && isOpen(found.status) ? found : null;
  }

  setNewest(contactKey: Buffer, channelId: string, caseId: string): void {
    this.#newest.set(keyOf(channelId, contactKey.toString('latin1')), caseId);
  }

  caseByNumber(trackingNumber: string): CaseState | undefined {
    return this.#find(this.#byNumber.get(trackingNumber));
  }

  setNumber(trackingNumber: string, caseId: string): void {
    this.#byNumber.set(trackingNumber, caseId);
  }

  caseByReference(channelId: string, reference: string): CaseState | undefined {
    return this.#find(this.#byReference.get(keyOf(channelId, reference)));
  }

  /** Under the whole id, and under what stands before a colon: mail ids carry a content hash behind one. */
  setReference(channelId: string, externalId: string, caseId: string): void {
    this.#byReference.set(keyOf(channelId, externalId), caseId);
    for (let at = externalId.indexOf(':'); at >= 0; at = externalId.indexOf(':', at + 1)) {
      this.#byReference.set(keyOf(channelId, externalId.slice(0, at)), caseId);
    }
  }

  /** The sender's own cases first, newest first, then one of a stranger. */
  casesByConversation(channelId: string, conversationId: string, contactKey: Buffer): CaseState[] {
    const ids = [
      ...(this.#byConversation.get(keyOf(channelId, conversationId, contactKey.toString('latin1'))) ?? []),
      ...(this.#byConversation.get(keyOf(channelId, conversationId)) ?? []),
    ];
    return ids.flatMap((id) => this.#find(id) ?? []);
  }

  setConversation(channelId: string, conversationId: string, contactKey: Buffer, caseId: string): void {
    const own = keyOf(channelId, conversationId, contactKey.toString('latin1'));
    this.#byConversation.set(own, [
      caseId,
      ...(this.#byConversation.get(own) ?? []).filter((id) => id !== caseId),
    ]);
    const first = keyOf(channelId, conversationId);
    if (!this.#byConversation.has(first)) this.#byConversation.set(first, [caseId]);
  }

  /** Marks a case as changed, unless it is new and will be written whole. */
  touch(state: CaseState): void {
    if (!this.newCases.has(state)) this.changed.add(state);
  }

  #find(id: string | undefined): CaseState | undefined {
    return id === undefined ? undefined : this.cases.get(id);
  }
}

function keyOf(...parts: readonly string[]): string {
  return parts.join('\0');
}
