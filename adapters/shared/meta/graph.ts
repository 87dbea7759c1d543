/** Meta's Graph API over HTTP. https://developers.facebook.com/docs/graph-api/overview */
import { Agent, fetch, type RequestInit } from 'undici';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { Clock } from '../../../src/core/channel.js';
import { graphError, networkError, unreadableError, type Meanings } from './errors.js';
import { isObject, listIn, objectIn, textIn, type JsonObject } from './payload.js';
import { appSecretProof } from './signature.js';
import { UsageGate, type Urgency } from './usage.js';

const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const MAX_CONNECTIONS = 16;
/** A page of 100 comments of 8,000 characters, escaped, is below 6 MB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface GraphOptions {
  readonly apiUrl: string;
  readonly apiVersion: string;
  readonly accessToken: string;
  /** Where given, each request proves that it knows the app's secret. */
  readonly appSecret?: string;
  readonly clock: Clock;
  /** Error numbers that only this channel knows. */
  readonly meanings?: Meanings;
  readonly timeoutMs?: number;
}

export type Query = Readonly<Record<string, string | number>>;

export interface GraphResult {
  readonly body: JsonObject;
  /** Meta's clock, where it told; whole seconds. */
  readonly date: Date | undefined;
}

/** Everything that is thrown is a ChannelError without tokens, texts or ids of people. */
export class GraphClient {
  readonly #options: GraphOptions;
  readonly #agent: Agent;
  readonly #usage: UsageGate;
  readonly #proof: Query;

  constructor(options: GraphOptions) {
    this.#options = options;
    this.#usage = new UsageGate(options.clock);
    this.#agent = new Agent({
      connections: MAX_CONNECTIONS,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      maxResponseSize: MAX_ANSWER_BYTES,
    });
    this.#proof =
      options.appSecret === undefined
        ? {}
        : { appsecret_proof: appSecretProof(options.appSecret, options.accessToken) };
  }

  /** @param path without version and leading slash. */
  get(
    path: string,
    query: Query,
    signal: AbortSignal,
    urgency: Urgency = 'background',
  ): Promise<GraphResult> {
    return this.#request('GET', path, query, undefined, signal, urgency);
  }

  post(path: string, body: object, signal: AbortSignal, urgency: Urgency = 'reply'): Promise<GraphResult> {
    return this.#request('POST', path, {}, body, signal, urgency);
  }

  /** The objects of a list, page after page, each page as one array. Ends with the list, or when the caller has enough. */
  async *pages(path: string, query: Query, signal: AbortSignal): AsyncGenerator<readonly unknown[], void> {
    let after: string | undefined;
    do {
      const { body } = await this.get(path, { ...query, ...(after && { after }) }, signal);
      if (!Array.isArray(body['data'])) throw unreadableError();
      yield body['data'];
      // Only the cursor is taken: an address in an answer is not to be dialled with our token.
      const paging = objectIn(body, 'paging');
      const next =
        textIn(paging, 'next') === undefined ? undefined : textIn(objectIn(paging, 'cursors'), 'after');
      after = next === after || listIn(body, 'data').length === 0 ? undefined : next;
    } while (after);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    query: Query,
    body: object | undefined,
    signal: AbortSignal,
    urgency: Urgency,
  ): Promise<GraphResult> {
    if (signal.aborted) {
      throw new ChannelError('connection', 'given up before the request was made', { retry: 'backoff' });
    }
    this.#usage.demand(urgency);
    const { status, headers, text } = await this.#exchange(method, this.#url(path, query), body, signal);
    const waitMs = this.#usage.note(headers);
    const parsed = parseAnswer(text);
    const isError = status < 200 || status > 299 || (parsed !== undefined && isObject(parsed['error']));
    if (isError) throw graphError({ status, headers, body: text }, this.#options.meanings, waitMs);
    if (parsed === undefined) throw unreadableError();
    return { body: parsed, date: dateOf(headers.get('date')) };
  }

  async #exchange(method: string, url: URL, body: object | undefined, signal: AbortSignal) {
    const deadline = AbortSignal.timeout(this.#options.timeoutMs ?? REQUEST_TIMEOUT_MS);
    const init: RequestInit = {
      method,
      dispatcher: this.#agent,
      // The token goes into a header: addresses end up in logs of proxies.
      headers: {
        authorization: `Bearer ${this.#options.accessToken}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
    };
    try {
      const answer = await fetch(url, init);
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    } catch (thrown) {
      throw networkError(thrown);
    }
  }

  #url(path: string, query: Query): URL {
    const { apiUrl, apiVersion } = this.#options;
    const url = new URL(`${apiUrl}/${apiVersion}/${path}`);
    for (const [name, value] of Object.entries({ ...query, ...this.#proof })) {
      url.searchParams.set(name, String(value));
    }
    return url;
  }
}

function parseAnswer(text: string): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function dateOf(header: string | null): Date | undefined {
  const ms = header === null ? Number.NaN : Date.parse(header);
  return Number.isNaN(ms) ? undefined : new Date(ms);
}
