import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../src/core/channel.js';

const MAX_MESSAGES = 5_000;
const MAX_COMMENTS = 5_000;

/** A person on Facebook: one name, and the two ids that the page knows him by. */
export interface PlayedPerson {
  readonly name: string;
  readonly psid: string;
  readonly userId: string;
}

/** In Messenger. */
export interface PlayedMessage {
  readonly mid: string;
  readonly psid: string;
  readonly by: 'person' | 'page';
  readonly text: string;
  readonly at: Date;
  readonly metadata?: string;
  /** The comment that a private reply answers. */
  readonly repliesTo?: string;
  state: string;
}

export interface PlayedComment {
  readonly id: string;
  readonly postId: string;
  /** The comment above, or the post. */
  readonly parentId: string;
  /** Absent: the page. */
  readonly author?: PlayedPerson;
  readonly text: string;
  readonly at: Date;
}

/** What one played page and its visitors wrote. Bounded. */
export class PlayedPage {
  readonly pageId: string;
  readonly postId: string;
  readonly postedAt: Date;
  readonly postText = 'Selamat pagi, Ambon! Sampaikan keluhan dan saran Anda di kolom komentar.';
  readonly messages: PlayedMessage[] = [];
  readonly comments: PlayedComment[] = [];
  readonly fields = new Set<string>();
  readonly #people = new Map<string, PlayedPerson>();
  readonly #listeners = new Set<(person: PlayedPerson) => void>();
  readonly #clock: Clock;

  constructor(pageId: string, clock: Clock) {
    this.pageId = pageId;
    this.postId = `${pageId}_1001`;
    this.postedAt = clock.now();
    this.#clock = clock;
  }

  /** By name; who is given as digits only has them as both ids. */
  person(name: string): PlayedPerson {
    const isId = /^\d+$/.test(name);
    const person = {
      name,
      psid: isId ? name : digits(`psid ${name}`),
      userId: isId ? name : digits(`user ${name}`),
    };
    const known = this.#people.get(person.psid) ?? person;
    this.#people.set(person.psid, known);
    return known;
  }

  /** Whom the page may write to; a stranger is somebody whose name it never learnt. */
  personOf(psid: string): PlayedPerson {
    return this.#people.get(psid) ?? this.person(psid);
  }

  addMessage(
    message: Omit<PlayedMessage, 'mid' | 'at' | 'state'> & { readonly ageMs?: number },
  ): PlayedMessage {
    const { ageMs = 0, ...rest } = message;
    const added: PlayedMessage = {
      ...rest,
      mid: `m_${randomBytes(24).toString('base64url')}`,
      at: new Date(this.#clock.now().getTime() - ageMs),
      state: 'sent',
    };
    this.messages.push(added);
    if (this.messages.length > MAX_MESSAGES) this.messages.shift();
    this.tell(this.personOf(added.psid));
    return added;
  }

  addComment(
    comment: Omit<PlayedComment, 'id' | 'postId' | 'at'> & { readonly ageMs?: number },
  ): PlayedComment {
    const { ageMs = 0, ...rest } = comment;
    const number = BigInt(`0x${randomBytes(7).toString('hex')}`);
    const at = new Date(this.#clock.now().getTime() - ageMs);
    const added: PlayedComment = { ...rest, id: `1001_${number}`, postId: this.postId, at };
    this.comments.push(added);
    if (this.comments.length > MAX_COMMENTS) this.comments.shift();
    this.tell(added.author ?? this.topOf(added).author);
    return added;
  }

  /** The comment right below the post to which another one belongs. */
  topOf(comment: PlayedComment): PlayedComment {
    const parent = this.comments.find(({ id }) => id === comment.parentId);
    return parent === undefined ? comment : this.topOf(parent);
  }

  /** What stands below the post and concerns the person: his own threads, oldest first. */
  threadsOf({ userId }: PlayedPerson): PlayedComment[] {
    return this.comments.filter((comment) => this.topOf(comment).author?.userId === userId);
  }

  lastMessageOf(psid: string): PlayedMessage | undefined {
    return this.messages.findLast((message) => message.psid === psid && message.by === 'person');
  }

  setState(message: PlayedMessage, state: string): void {
    message.state = state;
    this.tell(this.personOf(message.psid));
  }

  onChange(listener: (person: PlayedPerson) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(person: PlayedPerson | undefined): void {
    if (person) for (const listener of this.#listeners) listener(person);
  }
}

/** Fifteen digits, the same for the same text. */
function digits(text: string): string {
  const number = BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 14)}`);
  return `2${(number % 10n ** 14n).toString().padStart(14, '0')}`;
}
