/** The played X: who posted what, newest last, and who looks on. */
import type { Clock } from '../../../src/core/channel.js';
import { idAt } from '../snowflake.js';
import { citizenNamed, type PlayedUser } from './users.js';

const MOST_POSTS = 20_000;
/** Handles that X would make a mention of. */
const MENTION = /(?<![\w@])@(\w{1,15})/g;

export interface PlayedPost {
  readonly id: string;
  readonly author: PlayedUser;
  readonly text: string;
  readonly at: Date;
  readonly conversationId: string;
  /** Ids of other posts. */
  readonly answers?: string;
  readonly quotes?: string;
  readonly retweets?: string;
  readonly mentions: readonly PlayedUser[];
  isDeleted: boolean;
}

export interface NewPost {
  readonly author: PlayedUser;
  readonly text: string;
  readonly answers?: string;
  readonly quotes?: string;
  readonly retweets?: string;
}

/** What the played provider remembers; bounded. */
export class PlayedPosts {
  readonly account: PlayedUser;
  readonly #clock: Clock;
  readonly #posts = new Map<string, PlayedPost>();
  readonly #listeners = new Set<(post: PlayedPost) => void>();
  readonly #startedId: string;
  #lastId = 0n;

  constructor(account: PlayedUser, clock: Clock) {
    this.account = account;
    this.#clock = clock;
    this.#startedId = idAt(clock.now().getTime());
  }

  add({ author, text, answers, quotes, retweets }: NewPost): PlayedPost {
    const at = this.#clock.now();
    const id = this.#nextId(at);
    const parent = answers === undefined ? undefined : this.#posts.get(answers);
    // Whoever answers mentions those that he answers, if he does not take them out.
    const named = [...text.matchAll(MENTION)].map(([, name = '']) => this.userNamed(name));
    const mentioned = [...(parent && parent.author.id !== author.id ? [parent.author] : []), ...named];
    const post: PlayedPost = {
      id,
      author,
      text,
      at,
      conversationId: parent?.conversationId ?? answers ?? id,
      ...(answers !== undefined && { answers }),
      ...(quotes !== undefined && { quotes }),
      ...(retweets !== undefined && { retweets }),
      mentions: [...new Map(mentioned.map((user) => [user.id, user])).values()],
      isDeleted: false,
    };
    this.#posts.set(id, post);
    const [oldest] = this.#posts.keys();
    if (this.#posts.size > MOST_POSTS && oldest !== undefined) this.#posts.delete(oldest);
    this.#tell(post);
    return post;
  }

  remove(post: PlayedPost): void {
    post.isDeleted = true;
    this.#tell(post);
  }

  userNamed(handle: string): PlayedUser {
    const isAccount = handle.toLowerCase() === this.account.username.toLowerCase();
    return isAccount ? this.account : citizenNamed(handle);
  }

  get(id: string): PlayedPost | undefined {
    return this.#posts.get(id);
  }

  /** Newest first, without the deleted ones. */
  visible(): PlayedPost[] {
    return [...this.#posts.values()].filter(({ isDeleted }) => !isDeleted).toReversed();
  }

  /** Oldest first, with the deleted ones: what a citizen wrote, and what the account answered him. */
  seenBy(citizen: PlayedUser): PlayedPost[] {
    return [...this.#posts.values()].filter(
      (post) =>
        post.author.id === citizen.id || (post.author === this.account && this.#reaches(post, citizen)),
    );
  }

  /** Written before this X began: believed to exist, as cases outlive the demo's memory. */
  isFromBefore(id: string): boolean {
    return BigInt(id) < BigInt(this.#startedId);
  }

  onChange(listener: (post: PlayedPost) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Answers, and what continues them. What answers a post of an earlier demo reaches everybody. */
  #reaches(post: PlayedPost, citizen: PlayedUser): boolean {
    let at: PlayedPost | undefined = post;
    while (at?.answers !== undefined) {
      const parent = this.#posts.get(at.answers);
      if (parent === undefined || parent.author.id === citizen.id) return true;
      // Beyond a post of somebody else the account speaks with him.
      at = parent.author === this.account ? parent : undefined;
    }
    return false;
  }

  #nextId(at: Date): string {
    const id = BigInt(idAt(at.getTime()));
    this.#lastId = id > this.#lastId ? id : this.#lastId + 1n;
    return String(this.#lastId);
  }

  #tell(post: PlayedPost): void {
    for (const listener of this.#listeners) listener(post);
  }
}
