/** How the parts of the mail channel meet: sources hand over raw mails, the parser says what they are. */
import type { Parsed, PutBlob } from '../../src/core/channel.js';

/** What is known of a mail beside its bytes. */
export interface MailOrigin {
  readonly channelId: string;
  readonly receivedAt: Date;
  /** `X-GM-MSGID` where the server offers it: Gmail's own identity of the mail over all folders. */
  readonly gmailId?: string;
  /** Envelope sender where it is known (direct reception). '' is the null sender of bounces and robots. */
  readonly envelopeFrom?: string;
}

export interface MailParser {
  /**
   * Events of one mail: a message, a delivery report, or none with the reason in `ignored`. Attachments and
   * HTML go through `putBlob`. Bounded in time and memory: throws UnparsableError with a code where the mail
   * cannot be read within the bounds; never anything else because of the mail.
   */
  parse(raw: Buffer, origin: MailOrigin, putBlob: PutBlob): Promise<Parsed>;
  close(): Promise<void>;
}

/**
 * What ties an answer to its case. Our replies carry, for the case's token (helpers in `message-ids.ts`):
 * a header `X-Tabea-Case: <token>` (CASE_HEADER), which comes back where a whole mail is sent back, and, as
 * their first References entry, `<tabea.<token>@<domain of the sender>>` (`caseTokenId`), because mail programs
 * copy References into the answer and drop headers that they do not know. They carry `X-Loop: <address of the
 * channel>` (LOOP_HEADER) too: by it a mail of ours is known when it comes back by itself. A Reply-To of
 * `<local part>+<token>@<domain>` is read as well, where the mailbox knows such addresses. The parser hands a
 * token over unverified; who looks the case up checks its HMAC.
 */

/** Ids that we give to our own mails: `<outbox id>.<signature>@<domain of the sender>`. */
export interface MessageIds {
  /** Without angle brackets; the same for every attempt of a reply. */
  make(outboxId: string): string;
  /** The outbox id of an id that we made; undefined for any other, also a forged one. */
  read(messageId: string): string | undefined;
}
