import type { Clock } from '../../../src/core/channel.js';
import { ChannelError } from '../../../src/core/channel-error.js';

/**
 * After so many broken connections over one and the same mail, within no less than that time, it is left to a
 * person, and the next goes on. A server that is merely having a bad time must not cost a mail.
 */
const GIVE_UP_AFTER = { times: 5, ms: 15 * 60_000 };

/** Over the UIDs from `first` to `last`. */
interface Stumble {
  readonly first: number;
  readonly last: number;
  readonly times: number;
  /** Milliseconds. */
  readonly since: number;
}

/**
 * Finds the mail over which the connection breaks time after time, as a server does that crashes on it:
 * without this it would hold up every mail behind it. Kept over the runs of a source, not over restarts.
 */
export class Stumbles {
  readonly #clock: Clock;
  #at: Stumble | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One by one where it broke the last time. */
  chunkSize(uid: number, usual: number): number {
    return this.#at !== undefined && uid <= this.#at.last ? 1 : usual;
  }

  isGivenUp(uid: number): boolean {
    const at = this.#at;
    return (
      at?.first === uid &&
      at.last === uid &&
      at.times >= GIVE_UP_AFTER.times &&
      this.#now() - at.since >= GIVE_UP_AFTER.ms
    );
  }

  note(chunk: readonly number[], error: unknown): void {
    const [first] = chunk;
    if (first === undefined || !(error instanceof ChannelError)) return;
    if (error.code !== 'connection' && error.code !== 'bad_response') return;
    const last = chunk.at(-1) ?? first;
    const at = this.#at;
    if (first === last && at?.first === first) {
      this.#at = { ...at, last, times: at.times + 1 };
    } else {
      // The rest of a chunk that broke once stays under suspicion.
      this.#at = { first, last: Math.max(last, at?.last ?? 0), times: 1, since: this.#now() };
    }
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}
