/** What travels through Tabea: events that come in from a channel, in one shape for every channel. */

/** An end point of a channel. Personal data: never logged, stored encrypted, found by a blind index. */
export interface Address {
  /** `tel` (E.164 with +, or a short code), `mailto`, `x`, `fb-psid` … A person has one address per scheme and value. */
  readonly scheme: string;
  /** Normalised by the adapter, so that equal addresses are equal strings. */
  readonly value: string;
  /** The name that the sender gives himself. Not trusted. */
  readonly name?: string;
}

/** A file that came with a message. Adapters name it; the intake fetches and stores it. */
export interface AttachmentRef {
  /** As the provider names it; not trusted, made safe before it is shown. */
  readonly name: string;
  /** As the provider declares it; not trusted. */
  readonly contentType: string;
  /** Where the provider keeps the bytes. Fetched later, with the adapter's credentials, guarded against SSRF. */
  readonly url?: string;
  /** SHA-256 (hex) in the blob store, where the bytes arrived together with the message. */
  readonly blob?: string;
  /** Bytes, where known. */
  readonly size?: number;
  /** Content-ID without its angle brackets: where the message's HTML shows the file in its text (`cid:`). */
  readonly contentId?: string;
}

/** What ties a message to an earlier one, in the provider's terms or in ours. */
export interface ThreadRef {
  /** Conversation id of the provider. */
  readonly conversationId?: string;
  /** Provider ids of messages that this one answers, nearest first. */
  readonly references?: readonly string[];
  /** HMAC token of a case that we issued; the adapter hands over only tokens it has verified. */
  readonly caseToken?: string;
}

/** A citizen's message. */
export interface InboundMessage {
  readonly type: 'message';
  /** The configured account, e.g. `sms-1708`. */
  readonly channelId: string;
  /** Provider id; a content hash where there is none. */
  readonly externalId: string;
  readonly from: Address;
  readonly to?: Address;
  readonly subject?: string;
  /** '' where the message has attachments only. Never trimmed, never normalised. */
  readonly text: string;
  /** What stands below the sender's own words: quoted history, signature. Kept, and shown folded. */
  readonly quoted?: string;
  /** SHA-256 (hex) in the blob store of the HTML as it came. Not trusted: shown only sanitised. */
  readonly html?: string;
  readonly attachments: readonly AttachmentRef[];
  readonly thread?: ThreadRef;
  /** Sent by a machine (auto-reply, bulk): stored and flagged, never answered. */
  readonly automated: boolean;
  /** The channel cannot vouch for the sender: anybody can write a mail's From. */
  readonly unproven?: true;
  /** The sender's claim, RFC 3339. Not trusted. */
  readonly sentAt?: string;
  /** Our clock, RFC 3339. */
  readonly receivedAt: string;
}

/** A later version of a message that we may have. */
export interface MessageEdit {
  readonly type: 'edit';
  readonly channelId: string;
  readonly externalId: string;
  /** Distinguishes edits of one message: a version number or a time of the provider. */
  readonly version: string;
  readonly from: Address;
  readonly text: string;
  readonly receivedAt: string;
}

export type DeliveryState = 'sent' | 'delivered' | 'failed' | 'read';

/** What the provider says became of a message that we sent. */
export interface DeliveryReport {
  readonly type: 'delivery';
  readonly channelId: string;
  /** Provider id of our message. */
  readonly externalId: string;
  /** Our own outbox id, where the provider hands it back (a status address that carries it). */
  readonly outboxId?: string;
  readonly state: DeliveryState;
  /** The provider's own code for a failure, e.g. `30003`. Never a citizen's text. */
  readonly code?: string;
  readonly at: string;
}

/** The sender takes something back: a post that he deleted, or his consent to be written to. */
export interface Withdrawal {
  readonly type: 'withdrawal';
  readonly channelId: string;
  /** `message`: remove that message's text, keep the fact. `consent`: write to this sender no more (STOP). */
  readonly of: 'message' | 'consent';
  /** Provider id of the message withdrawn, or of the message that said STOP. */
  readonly externalId: string;
  readonly from: Address;
  readonly receivedAt: string;
}

export type InboundEvent = InboundMessage | MessageEdit | DeliveryReport | Withdrawal;

/**
 * The key under which an event is taken in exactly once per channel.
 * `m:<id>` a message, `d:<id>:<state>` a delivery state, `e:<id>:<version>` an edit, `w:<id>` a withdrawal.
 */
export function eventKey(event: InboundEvent): string {
  switch (event.type) {
    case 'message':
      return `m:${event.externalId}`;
    case 'delivery':
      return `d:${event.externalId}:${event.state}`;
    case 'edit':
      return `e:${event.externalId}:${event.version}`;
    case 'withdrawal':
      return `w:${event.externalId}`;
  }
}
