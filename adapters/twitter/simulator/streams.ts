/**
 * The filtered stream: posts and heart-beats, one line each, on connections that stay open.
 * https://docs.x.com/x-api/posts/filtered-stream/integrate/consume-streaming-data
 */
import type { ServerResponse } from 'node:http';
import type { PlayedPost, PlayedPosts } from './posts.js';
import { matchesQuery } from './query.js';
import type { StreamRule } from './rules.js';
import { withIncludes } from './wire.js';

export interface StreamsTiming {
  readonly heartbeatMs: number;
  /** How long the fault `silent-stream` lasts. */
  readonly silentMs: number;
}

export const STREAMS_TIMING: StreamsTiming = { heartbeatMs: 20_000, silentMs: 30_000 };

export interface StreamsParts {
  readonly posts: PlayedPosts;
  readonly rules: () => readonly StreamRule[];
  readonly takeFault: (id: string) => boolean;
  readonly timing: StreamsTiming;
}

export class Streams {
  readonly #parts: StreamsParts;
  readonly #open = new Map<ServerResponse, NodeJS.Timeout>();
  /** Until when nothing is said, on the monotonic clock. */
  #silentUntil = 0;

  constructor(parts: StreamsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  open(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.flushHeaders();
    const beat = () => {
      if (!this.#isSilent()) response.write('\r\n');
    };
    const timer = setInterval(beat, this.#parts.timing.heartbeatMs);
    this.#open.set(response, timer);
    response.on('close', () => {
      clearInterval(timer);
      this.#open.delete(response);
    });
    response.write('\r\n');
  }

  /** What is told while the stream is silent is lost on it: the search has it. */
  tell(post: PlayedPost): void {
    const { posts, rules, takeFault } = this.#parts;
    const matching = rules().filter(({ value }) => matchesQuery(value, post));
    if (post.isDeleted || matching.length === 0 || this.#open.size === 0 || this.#isSilent()) return;
    const { data, includes } = withIncludes([post], posts);
    const matching_rules = matching.map(({ id, tag }) => ({ id, tag }));
    const line = JSON.stringify({ data: data[0], includes, matching_rules });
    const lines = takeFault('duplicate') ? [line, line] : [line];
    for (const response of this.#open.keys()) for (const one of lines) response.write(`${one}\r\n`);
  }

  end(): void {
    for (const response of this.#open.keys()) response.destroy();
  }

  #isSilent(): boolean {
    if (performance.now() < this.#silentUntil) return true;
    if (!this.#parts.takeFault('silent-stream')) return false;
    this.#silentUntil = performance.now() + this.#parts.timing.silentMs;
    return true;
  }
}
