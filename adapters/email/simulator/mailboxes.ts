import type { SimulatedMessage } from '../../../src/core/simulator.js';

const MAX_MAILBOXES = 500;
const MAX_MAILS = 200;
const MAX_LEDGER = 20_000;

/** A mail in the mailbox of a citizen, or one that he sent from it. */
export interface PlayedMail {
  readonly id: string;
  readonly channelId: string;
  readonly citizen: string;
  /** Seen from the citizen. */
  readonly direction: 'in' | 'out';
  readonly subject: string;
  readonly text: string;
  readonly at: Date;
  /** Without angle brackets. */
  readonly messageId: string;
  /** Ids of the thread up to this mail, oldest first. */
  readonly references: readonly string[];
  /** Whom an answer to it goes to; '' for mails of the citizen's own. */
  readonly replyTo: string;
  state: string;
}

/** What the played provider remembers. Bounded, but for the counts, which are exact. */
export class PlayedMailboxes {
  readonly #mailboxes = new Map<string, PlayedMail[]>();
  readonly #accepted = new Map<string, number>();
  readonly #ledger: PlayedMail[] = [];
  readonly #listeners = new Set<(channelId: string, citizen: string) => void>();

  add(mail: PlayedMail): void {
    const key = keyOf(mail.channelId, mail.citizen);
    const mails = this.#mailboxes.get(key) ?? [];
    mails.push(mail);
    if (mails.length > MAX_MAILS) mails.shift();
    // Put last again: the mailboxes that rest the longest are forgotten first.
    this.#mailboxes.delete(key);
    this.#mailboxes.set(key, mails);
    for (const oldest of this.#mailboxes.keys()) {
      if (this.#mailboxes.size <= MAX_MAILBOXES) break;
      this.#mailboxes.delete(oldest);
    }
    if (mail.direction === 'in') this.#count(mail);
    this.#tell(mail);
  }

  setState(mail: PlayedMail, state: string): void {
    mail.state = state;
    this.#tell(mail);
  }

  mails(channelId: string, citizen: string): readonly PlayedMail[] {
    return this.#mailboxes.get(keyOf(channelId, citizen)) ?? [];
  }

  conversation(channelId: string, citizen: string): readonly SimulatedMessage[] {
    return this.mails(channelId, citizen).map((mail) => asShown(mail));
  }

  /** How many mails were accepted for each citizen, since the start. */
  accepted(): ReadonlyMap<string, number> {
    return this.#accepted;
  }

  /** Accepted mails, oldest first. */
  ledger(): readonly { to: string; subject: string; text: string; messageId: string }[] {
    return this.#ledger.map(({ citizen, subject, text, messageId }) => ({
      to: citizen,
      subject,
      text,
      messageId,
    }));
  }

  /** Called with the channel and the citizen's address. */
  onChange(listener: (channelId: string, citizen: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #count(mail: PlayedMail): void {
    this.#accepted.set(mail.citizen, (this.#accepted.get(mail.citizen) ?? 0) + 1);
    this.#ledger.push(mail);
    if (this.#ledger.length > MAX_LEDGER) this.#ledger.shift();
  }

  #tell({ channelId, citizen }: PlayedMail): void {
    for (const listener of this.#listeners) listener(channelId, citizen);
  }
}

export function asShown(mail: PlayedMail): SimulatedMessage {
  const { id, direction, subject, text, at, state } = mail;
  return { id, direction, subject, text, at: at.toISOString(), state };
}

function keyOf(channelId: string, citizen: string): string {
  return `${channelId} ${citizen.toLowerCase()}`;
}
