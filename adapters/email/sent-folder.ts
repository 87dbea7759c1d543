/** The folder in which a mailbox keeps what was sent from it. */
export interface SentFolder {
  /** Puts a copy there. */
  append(raw: Buffer): Promise<void>;
  /** Whether a mail with that Message-ID (without angle brackets) is there. Throws ChannelError. */
  find(messageId: string, since: Date, signal: AbortSignal): Promise<boolean>;
  /**
   * True where the server itself files whatever it sends: only then does an absence prove anything. Copies that we
   * write come after the sending, and so miss exactly the mails whose end was lost.
   */
  readonly serverFiles: boolean;
}
