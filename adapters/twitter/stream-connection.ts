/**
 * One connection to the filtered stream, as a queue: https://docs.x.com/x-api/posts/filtered-stream/integrate/consume-streaming-data
 *
 * The client reads it and watches its heart-beats. It does not reconnect: between two connections rules are looked
 * at, gaps are searched, and X's rules of back-off differ by what happened.
 */
import type { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { ETwitterStreamEvent, type TweetStream } from 'twitter-api-v2';
import { ChannelError } from '../../src/core/channel-error.js';
import type { Clock } from '../../src/core/channel.js';
import type { XClient } from './client.js';
import { answerError, asChannelError, networkError } from './errors.js';
import { POST_FIELDS } from './payload.js';

/** Posts that wait for the database. More than that come again by the search. */
const MOST_WAITING = 5_000;

export class StreamConnection {
  readonly #agent: Agent;
  readonly #stream: TweetStream;
  readonly #waiting: unknown[] = [];
  #lost: ChannelError | undefined;
  #wake: () => void = () => undefined;

  private constructor(agent: Agent, stream: TweetStream) {
    this.#agent = agent;
    this.#stream = stream;
  }

  /**
   * @param silenceMs without a heart-beat, after which the connection counts as lost. The answer to the request may take
   * as long. Throws ChannelError.
   */
  static async open(
    client: XClient,
    silenceMs: number,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<StreamConnection> {
    const agent = client.agent();
    const stream = client.streaming(agent).v2.searchStream({ ...streamFields(), autoConnect: false });
    const connection = new StreamConnection(agent, stream);
    connection.#listen(clock);
    // Cutting its connections is the one way to end a request of the client that is not answered.
    const cut = () => agent.destroy();
    const late = setTimeout(cut, silenceMs);
    signal.addEventListener('abort', cut, { once: true });
    try {
      signal.throwIfAborted();
      await stream.connect({ autoReconnect: false, keepAliveTimeout: silenceMs });
      return connection;
    } catch (error) {
      connection.close();
      throw asChannelError(error, clock.now());
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', cut);
    }
  }

  /** What came since the last call: at once, or as soon as something comes; empty after `waitMs`. Throws ChannelError where it is lost. */
  async take(waitMs: number, signal: AbortSignal): Promise<unknown[]> {
    if (this.#waiting.length === 0 && this.#lost === undefined && !signal.aborted)
      await this.#change(waitMs, signal);
    if (this.#waiting.length > 0) return this.#waiting.splice(0);
    if (this.#lost !== undefined) throw this.#lost;
    return [];
  }

  close(): void {
    this.#stream.destroy();
    this.#agent.destroy();
  }

  #listen(clock: Clock): void {
    this.#stream.on(ETwitterStreamEvent.Connected, () => decodeWhole(this.#stream));
    this.#stream.on(ETwitterStreamEvent.Data, (payload: unknown) => {
      this.#waiting.push(payload);
      if (this.#waiting.length > MOST_WAITING)
        this.#lose(lost('the database is slower than the stream', 'slow'));
      this.#wake();
    });
    // X says why it hangs up.
    this.#stream.on(ETwitterStreamEvent.DataError, (problem: unknown) =>
      this.#lose(disconnection(problem, clock.now())),
    );
    this.#stream.on(ETwitterStreamEvent.ConnectionLost, () =>
      this.#lose(lost('the stream is silent', 'silent')),
    );
    this.#stream.on(ETwitterStreamEvent.ConnectionError, (error: Error) => this.#lose(networkError(error)));
    this.#stream.on(ETwitterStreamEvent.ConnectionClosed, () =>
      this.#lose(lost('the stream was closed', 'closed')),
    );
  }

  #lose(error: ChannelError): void {
    this.#lost ??= error;
    this.#wake();
  }

  async #change(waitMs: number, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const wake = () => this.#wake();
    try {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, waitMs);
        signal.addEventListener('abort', wake, { once: true });
      });
    } finally {
      this.#wake = () => undefined;
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
    }
  }
}

/**
 * The client makes text of each chunk by itself, so that a letter of several bytes that two chunks share is lost.
 * Its response is protected; between this event and its first read is the moment to let Node.js decode.
 */
function decodeWhole(stream: TweetStream): void {
  const response: unknown = Reflect.get(stream, 'res');
  if (response instanceof Readable) response.setEncoding('utf8');
}

function streamFields() {
  const { expansions, ...fields } = POST_FIELDS;
  return { ...fields, expansions } as Record<string, string>;
}

/** `{"errors": [{"title": "operational-disconnect", …}]}`, in a stream that was answered with 200. */
function disconnection(problem: unknown, now: Date): ChannelError {
  const error = answerError({ status: 429, headers: {}, body: problem }, now);
  return error.providerCode === '429' ? lost('X ended the stream', 'disconnect') : error;
}

function lost(words: string, providerCode: string): ChannelError {
  return new ChannelError('connection', words, { retry: 'backoff', providerCode });
}
