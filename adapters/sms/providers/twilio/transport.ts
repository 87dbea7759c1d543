import { Pool, type Dispatcher } from 'undici';
import { ChannelError } from '../../../../src/core/channel-error.js';
import type { Clock } from '../../../../src/core/channel.js';
import { createAbortions } from './abortions.js';
import { answerError, networkError, unreadableError, type TwilioAnswer } from './errors.js';
import { Exchange } from './exchange.js';

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
  readonly #abortions = createAbortions();
  // An account sends to one address under one name: worked out once.
  #lastUri: string | undefined;
  #lastPath = '';
  #lastCredentials: string | undefined;
  #lastAuthorization = '';

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
    const { status, headers, body } = await this.#exchange(request, signal).catch((cause: unknown) => {
      throw networkError(cause);
    });
    if (status < 200 || status > 299) {
      throw answerError({ status, headers, body }, this.#clock.now());
    }
    try {
      return { statusCode: status, headers, body: JSON.parse(body) as unknown };
    } catch {
      throw unreadableError();
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #exchange(request: SdkRequest, signal: AbortSignal): Promise<TwilioAnswer> {
    const exchange = new Exchange();
    const giveUp = () => exchange.giveUp();
    const timer = setTimeout(giveUp, this.#timeoutMs);
    const forget = this.#abortions.listen(signal, giveUp);
    try {
      this.#pool.dispatch(this.#onWire(request), exchange);
      return await exchange.answer;
    } finally {
      clearTimeout(timer);
      forget();
    }
  }

  #onWire(request: SdkRequest): Dispatcher.DispatchOptions {
    const headers: Record<string, string> = {
      authorization: this.#authorization(request.username, request.password),
    };
    for (const [name, value] of Object.entries(request.headers ?? {}))
      headers[name.toLowerCase()] = String(value);
    return {
      method: request.method.toUpperCase(),
      path: this.#pathOf(request),
      headers,
      body: request.data === undefined ? null : form(request.data).toString(),
    };
  }

  #pathOf({ uri, params }: SdkRequest): string {
    if (params === undefined && uri === this.#lastUri) return this.#lastPath;
    const url = new URL(uri);
    for (const [name, value] of form(params)) url.searchParams.append(name, value);
    const path = this.#basePath + url.pathname + url.search;
    if (params === undefined) [this.#lastUri, this.#lastPath] = [uri, path];
    return path;
  }

  #authorization(username = '', password = ''): string {
    const credentials = `${username}:${password}`;
    if (credentials !== this.#lastCredentials) {
      this.#lastCredentials = credentials;
      this.#lastAuthorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
    }
    return this.#lastAuthorization;
  }
}

/** A list becomes a repeated name, as the SDK's own client does it. */
function form(values: unknown): URLSearchParams {
  const params = new URLSearchParams();
  if (typeof values !== 'object' || values === null) return params;
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    if (Array.isArray(value)) for (const one of value) params.append(name, String(one));
    else params.append(name, String(value));
  }
  return params;
}
