/** A list of X that is asked again and again: the recent search, the mentions of the account. */
import type { InboundSink, PullSource } from '../../src/core/channel.js';
import { handOverSince, Handover } from './handover.js';
import { mentionsList, type PostList } from './lists.js';
import { pause } from './pause.js';
import type { SourceParts } from './source-parts.js';

export class ListSource implements PullSource {
  readonly name: string;
  readonly #parts: SourceParts;
  readonly #list: (signal: AbortSignal) => Promise<PostList>;
  readonly #everyMs: number;

  /** @param list asked for at each start, as it may need the id of the account. */
  constructor(
    parts: SourceParts,
    name: string,
    list: (signal: AbortSignal) => Promise<PostList>,
    everyMs: number,
  ) {
    this.#parts = parts;
    this.name = name;
    this.#list = list;
    this.#everyMs = everyMs;
  }

  /** Throws ChannelError at the first failure: the gateway runs it again after a while. */
  async run(sink: InboundSink, cursor: unknown, signal: AbortSignal): Promise<void> {
    try {
      const handover = new Handover(this.#parts, sink, await this.#parts.account.id(signal), cursor);
      const list = await this.#list(signal);
      while (!signal.aborted) {
        await handover.fill(list, signal);
        await handover.checkDeleted(signal);
        await pause(this.#everyMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async backfill(sink: InboundSink, since: Date, signal: AbortSignal): Promise<void> {
    await handOverSince(this.#parts, await this.#list(signal), sink, { from: since }, signal);
  }
}

export function mentionsSource(parts: SourceParts, everyMs: number): ListSource {
  const list = async (signal: AbortSignal) => mentionsList(await parts.account.id(signal));
  return new ListSource(parts, 'mentions', list, everyMs);
}
