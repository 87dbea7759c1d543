/** The filtered stream as a pull source: a connection, the gap before it, and what comes on it. */
import { ChannelError } from '../../src/core/channel-error.js';
import type { InboundSink, PullSource } from '../../src/core/channel.js';
import { Backoff, type Loss } from './backoff.js';
import { TOO_MANY_CONNECTIONS } from './errors.js';
import { handOverSince, Handover } from './handover.js';
import { searchList } from './lists.js';
import { ensureRules } from './rules.js';
import { pause } from './pause.js';
import type { SourceParts } from './source-parts.js';
import { StreamConnection } from './stream-connection.js';

export interface StreamTiming {
  /** X sends a heart-beat every 20 s; without one for so long the connection is dead. */
  readonly silenceMs: number;
  /** A connection that is tried again so soon is waited for within the run; longer, and the gateway is told. */
  readonly patienceMs: number;
  /** Between two searches beside the stream: it may lose posts without being lost itself. */
  readonly searchMs: number;
}

export const STREAM_TIMING: StreamTiming = { silenceMs: 25_000, patienceMs: 1_000, searchMs: 10 * 60_000 };

/** Ways to end connections of ours that X believes to be alive: https://docs.x.com/x-api/connections/introduction */
const TERMINATIONS = ['connections/filtered_stream', 'connections/all', 'connections'];

export class StreamSource implements PullSource {
  readonly name = 'stream';
  readonly #parts: SourceParts;
  readonly #query: string;
  readonly #timing: StreamTiming;
  readonly #backoff = new Backoff();

  constructor(parts: SourceParts, query: string, timing: StreamTiming = STREAM_TIMING) {
    this.#parts = parts;
    this.#query = query;
    this.#timing = timing;
  }

  async run(sink: InboundSink, cursor: unknown, signal: AbortSignal): Promise<void> {
    const handover = new Handover(this.#parts, sink, await this.#parts.account.id(signal), cursor);
    while (!signal.aborted) {
      try {
        await this.#follow(handover, signal);
      } catch (error) {
        if (signal.aborted) return;
        // Of the sink: not a matter of X.
        if (!(error instanceof ChannelError)) throw error;
        await this.#rest(error, signal);
      }
    }
  }

  async backfill(sink: InboundSink, since: Date, signal: AbortSignal): Promise<void> {
    await handOverSince(this.#parts, searchList(this.#query), sink, { from: since }, signal);
  }

  /** Ends by throwing, or when told. */
  async #follow(handover: Handover, signal: AbortSignal): Promise<void> {
    const connection = await this.#connect(signal);
    // Heard once is not enough: X could cut us off at once, again and again.
    const openedAt = performance.now();
    try {
      // What comes meanwhile waits in the connection, so that nothing falls between the search and the stream.
      for (let searchAt = 0; !signal.aborted;) {
        if (performance.now() >= searchAt) {
          await handover.fill(searchList(this.#query), signal);
          await handover.checkDeleted(signal);
          searchAt = performance.now() + this.#timing.searchMs;
        }
        const payloads = await connection.take(searchAt - performance.now(), signal);
        if (performance.now() - openedAt > this.#timing.silenceMs) this.#backoff.worked();
        await handover.take('x:stream', payloads);
      }
    } finally {
      connection.close();
    }
  }

  async #connect(signal: AbortSignal): Promise<StreamConnection> {
    const { client, clock } = this.#parts;
    const open = () => StreamConnection.open(client, this.#timing.silenceMs, clock, signal);
    await this.#ensureRules(signal);
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      if (error.providerCode === TOO_MANY_CONNECTIONS) await this.#freeConnections(signal);
      // Somebody removed the rules in between.
      else if (error.providerCode === '409') await this.#ensureRules(signal);
      else throw error;
      return await open();
    }
  }

  async #ensureRules(signal: AbortSignal): Promise<void> {
    const { client, channelId, logger } = this.#parts;
    const wasChanged = await ensureRules(client, { query: this.#query, tag: channelId }, signal);
    if (wasChanged) logger.info({ channel: channelId }, "The rules of X's stream were set as configured");
  }

  /** Only we stream with this app, and only under the lease: what is connected is a connection that we lost. */
  async #freeConnections(signal: AbortSignal): Promise<void> {
    const { client, channelId, logger } = this.#parts;
    logger.info({ channel: channelId }, 'Connections that X believes to be alive are terminated');
    for (const path of TERMINATIONS) {
      try {
        await client.delete(path, { as: 'app', signal });
        return;
      } catch (error) {
        if (!(error instanceof ChannelError) || error.code !== 'rejected') throw error;
      }
    }
  }

  /** Soon again within the run; what takes longer ends the run, so that the gateway tells it and others may try. */
  async #rest(error: ChannelError, signal: AbortSignal): Promise<void> {
    if (error.code === 'config') throw error;
    const asked = typeof error.retry === 'string' ? 0 : error.retry.afterMs;
    const waitMs = Math.max(asked, this.#backoff.failed(lossOf(error)));
    if (waitMs > this.#timing.patienceMs) {
      const { code, message, providerCode } = error;
      throw new ChannelError(code, message, {
        retry: { afterMs: waitMs },
        ...(providerCode !== undefined && { providerCode }),
      });
    }
    await pause(waitMs, signal);
  }
}

function lossOf({ code, providerCode = '' }: ChannelError): Loss {
  if (code === 'throttled') return 'throttled';
  return /^[1-5][0-9]{2}$/.test(providerCode) || code === 'bad_response' ? 'http' : 'network';
}
