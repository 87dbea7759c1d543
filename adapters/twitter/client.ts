/**
 * The vendor-neutral client twitter-api-v2, unchanged, made to dial any address and to end when told.
 *
 * It knows fixed https hosts only. Its own extension points suffice for another one: a plugin writes the
 * address of each request anew before it is signed, the stream's too, and the agent decides by its protocol
 * whether TLS is spoken. A signal goes in with the options that the client hands to Node.js.
 */
import http from 'node:http';
import https from 'node:https';
import { TwitterApi, type ITwitterApiClientPlugin } from 'twitter-api-v2';
import { ChannelError } from '../../src/core/channel-error.js';
import type { Clock } from '../../src/core/channel.js';
import { asChannelError } from './errors.js';
import type { TwitterSettings } from './settings.js';

/** Where the client believes X to be. */
const VENDOR_ORIGIN = /^https:\/\/api\.x\.com(?=\/)/;
const REQUEST_TIMEOUT_MS = 10_000;

/** `app`: OAuth 2.0 bearer token. `user`: OAuth 1.0a as the city's account. */
export type Identity = 'app' | 'user';
type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface XRequest {
  readonly as: Identity;
  readonly signal: AbortSignal;
}

export interface XAnswer {
  /** JSON, as it came. */
  readonly data: unknown;
}

/** X's API as this adapter uses it. Every method throws ChannelError. */
export class XClient {
  readonly #settings: TwitterSettings;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(settings: TwitterSettings, clock: Clock, timeoutMs = REQUEST_TIMEOUT_MS) {
    this.#settings = settings;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** @param path below `/2/`, without a slash in front. */
  get(path: string, query: Query, request: XRequest): Promise<XAnswer> {
    return this.#ask(request, (client, options) => client.v2.get(path, { ...query }, options));
  }

  post(path: string, body: Readonly<Record<string, unknown>>, request: XRequest): Promise<XAnswer> {
    // Said, as the client tells JSON from forms by a path that an address of ours may not have.
    return this.#ask(request, (client, options) =>
      client.v2.post(path, { ...body }, { ...options, forceBodyMode: 'json' }),
    );
  }

  delete(path: string, request: XRequest): Promise<XAnswer> {
    return this.#ask(request, (client, options) => client.v2.delete(path, {}, options));
  }

  /** For the stream: reads uncompressed, over connections of its own that `agent.destroy()` cuts. */
  streaming(agent: http.Agent): TwitterApi {
    const settings = {
      httpAgent: agent,
      compression: 'identity' as const,
      plugins: [redirection(this.#settings.apiUrl)],
    };
    return new TwitterApi(this.#settings.bearerToken, settings);
  }

  /** An agent that speaks what the configured address speaks. No kept-alive connections: of a post on one that the
   * other side has just closed nobody knows whether it was taken. */
  agent(): http.Agent {
    return new URL(this.#settings.apiUrl).protocol === 'https:' ? new https.Agent() : new http.Agent();
  }

  async #ask(
    { as, signal }: XRequest,
    call: (client: TwitterApi, options: CallOptions) => Promise<{ data: unknown }>,
  ): Promise<XAnswer> {
    if (signal.aborted) {
      throw new ChannelError('connection', 'given up before the request was made', { retry: 'backoff' });
    }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    const settings = {
      httpAgent: this.agent(),
      plugins: [redirection(this.#settings.apiUrl), ending(limit)],
    };
    const { bearerToken, appKey, appSecret, accessToken, accessSecret } = this.#settings;
    const client =
      as === 'app'
        ? new TwitterApi(bearerToken, settings)
        : new TwitterApi({ appKey, appSecret, accessToken, accessSecret }, settings);
    const seen = new Exchange();
    try {
      const { data } = await call(client, { fullResponse: true, requestEventDebugHandler: seen.note });
      return { data };
    } catch (error) {
      // Never as a cause: what the client throws holds the request, and with it the token.
      throw asChannelError(error, this.#clock.now(), seen);
    }
  }
}

interface CallOptions {
  readonly fullResponse: true;
  readonly requestEventDebugHandler: (event: string, data?: unknown) => void;
}

/** What happened to the connection. The client's own errors do not keep it. */
class Exchange {
  wasReached = false;
  error: unknown;

  readonly note = (event: string, data?: unknown): void => {
    if (event === 'socket-connect') this.wasReached = true;
    if (event === 'socket-error') this.error ??= fieldOf(data, 'error');
    if (event === 'request-error') this.error ??= fieldOf(data, 'requestError');
  };
}

function fieldOf(data: unknown, name: string): unknown {
  return typeof data === 'object' && data !== null ? Reflect.get(data, name) : undefined;
}

/** Before anything is computed, so that the signature is over the address that is dialled (RFC 5849, 3.4.1.2). */
function redirection(apiUrl: string): ITwitterApiClientPlugin {
  const redirect = (params: { url: string }) => {
    params.url = params.url.replace(VENDOR_ORIGIN, apiUrl);
  };
  return {
    onBeforeRequestConfig: ({ params }) => redirect(params),
    onBeforeStreamRequestConfig: ({ params }) => redirect(params),
  };
}

function ending(signal: AbortSignal): ITwitterApiClientPlugin {
  return {
    onBeforeRequest: ({ requestOptions }) => {
      requestOptions.signal = signal;
    },
  };
}
