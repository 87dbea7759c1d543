import { ChannelError } from '../../../src/core/channel-error.js';

/** After so many broken connections over one and the same mail it is left to a person, and the next goes on. */
const GIVE_UP_AFTER = 5;

/**
 * Finds the mail over which the connection breaks time after time, as a server does that crashes on it:
 * without this it would hold up every mail behind it. Kept over the runs of a source, not over restarts.
 */
export class Stumbles {
  #at: { readonly first: number; readonly last: number; readonly times: number } | undefined;

  /** One by one where it broke the last time. */
  chunkSize(uid: number, usual: number): number {
    return this.#at !== undefined && uid <= this.#at.last ? 1 : usual;
  }

  isGivenUp(uid: number): boolean {
    const at = this.#at;
    return at?.first === uid && at.last === uid && at.times >= GIVE_UP_AFTER;
  }

  note(chunk: readonly number[], error: unknown): void {
    const [first] = chunk;
    if (first === undefined || !(error instanceof ChannelError)) return;
    if (error.code !== 'connection' && error.code !== 'bad_response') return;
    const last = chunk.at(-1) ?? first;
    const at = this.#at;
    if (first === last && at?.first === first) {
      this.#at = { first, last, times: at.times + 1 };
    } else {
      // The rest of a chunk that broke once stays under suspicion.
      this.#at = { first, last: Math.max(last, at?.last ?? 0), times: 1 };
    }
  }
}
