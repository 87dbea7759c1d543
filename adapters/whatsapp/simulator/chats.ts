import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/core/channel.js';

const MAX_MESSAGES = 5_000;

export interface PlayedMessage {
  readonly wamid: string;
  /** Digits, or the id of a person who hides his number. */
  readonly person: string;
  readonly by: 'person' | 'business';
  readonly text: string;
  readonly at: Date;
  readonly isTemplate: boolean;
  readonly callbackData?: string;
  state: string;
}

/** Chats of one number. Bounded. */
export class PlayedChats {
  readonly messages: PlayedMessage[] = [];
  isSubscribed = true;
  readonly #listeners = new Set<(person: string) => void>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(message: Omit<PlayedMessage, 'wamid' | 'at'> & { readonly ageMs?: number }): PlayedMessage {
    const { ageMs = 0, ...rest } = message;
    const at = new Date(this.#clock.now().getTime() - ageMs);
    const added = { ...rest, wamid: `wamid.${randomBytes(24).toString('base64url')}`, at };
    this.messages.push(added);
    if (this.messages.length > MAX_MESSAGES) this.messages.shift();
    this.#tell(added.person);
    return added;
  }

  setState(message: PlayedMessage, state: string): void {
    message.state = state;
    this.#tell(message.person);
  }

  /** Milliseconds since the person last wrote; somebody of whom nothing is known wrote just now. */
  silenceMs(person: string): number {
    const last = this.messages.findLast((one) => one.person === person && one.by === 'person');
    return last === undefined ? 0 : this.#clock.now().getTime() - last.at.getTime();
  }

  onChange(listener: (person: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(person: string): void {
    for (const listener of this.#listeners) listener(person);
  }
}
