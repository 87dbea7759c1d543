import { Pool, type Dispatcher } from 'undici';
import { ChannelError } from '../../../../src/core/channel-error.js';
import type { Clock } from '../../../../src/core/channel.js';
import { answerError, networkError, unreadableError } from './errors.js';

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 16;
/** A page of 200 messages of 1,600 characters is below 2 MB. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** As the SDK hands a request to its HTTP client. */
export interface SdkRequest {
  readonly method: string;
  readonly uri: string;
  readonly username?: string;
  readonly password?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly params?: object;
  readonly data?: unknown;
}

export interface SdkResponse {
  readonly statusCode: number;
  readonly body: unknown;
  readonly headers: object;
}

/**
 * The HTTP client under the Twilio SDK: kept-alive connections, one time limit over the whole exchange, any
 * base address, and errors that carry our verdict (the SDK's own drop `Retry-After`).
 */
export class TwilioTransport {
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(apiUrl: string, clock: Clock, timeoutMs = REQUEST_TIMEOUT_MS) {
    const base = new URL(apiUrl);
    this.#pool = new Pool(base.origin, {
      connections: MAX_CONNECTIONS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      maxResponseSize: MAX_ANSWER_BYTES,
    });
    this.#basePath = base.pathname.replace(/\/+$/, '');
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** One request of the SDK. Throws ChannelError unless the answer is 2xx with JSON. */
  async request(request: SdkRequest, signal: AbortSignal): Promise<SdkResponse> {
    if (signal.aborted) {
      throw new ChannelError('connection', 'given up before the request was made', { retry: 'backoff' });
    }
    const { status, headers, text } = await this.#exchange(request, signal);
    if (status < 200 || status > 299) {
      throw answerError({ status, headers, body: text }, this.#clock.now());
    }
    try {
      return { statusCode: status, headers, body: JSON.parse(text) as unknown };
    } catch {
      throw unreadableError();
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #exchange(request: SdkRequest, signal: AbortSignal) {
    // AbortSignal.any would hold on to a long-lived signal; this lets go of it.
    const limit = new AbortController();
    const giveUp = () => limit.abort();
    const timer = setTimeout(giveUp, this.#timeoutMs);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const answer = await this.#pool.request({ ...this.#onWire(request), signal: limit.signal });
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: answer.headers, text };
    } catch (cause) {
      throw networkError(cause);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
  }

  #onWire(request: SdkRequest): Dispatcher.RequestOptions {
    const url = new URL(request.uri);
    for (const [name, value] of pairs(request.params)) url.searchParams.append(name, value);
    const body = request.data === undefined ? null : new URLSearchParams(pairs(request.data)).toString();
    const credentials = Buffer.from(`${request.username}:${request.password}`).toString('base64');
    return {
      method: request.method.toUpperCase(),
      path: this.#basePath + url.pathname + url.search,
      headers: { ...textHeaders(request.headers), authorization: `Basic ${credentials}` },
      body,
    };
  }
}

/** A list becomes a repeated name, as the SDK's own client does it. */
function pairs(values: unknown): [string, string][] {
  if (typeof values !== 'object' || values === null) return [];
  return Object.entries(values).flatMap(([name, value]: [string, unknown]): [string, string][] =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]),
  );
}

function textHeaders(headers: SdkRequest['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}
