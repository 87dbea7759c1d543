/**
 * Fetches what a stranger's message points at, without letting it point at us. The address is checked where
 * the connection is made, so that a name which answers differently the second time (DNS rebinding) gains
 * nothing; a redirect is a new address and is checked like the first.
 */
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';

const MAX_REDIRECTS = 3;

export interface SafeFetchOptions {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  /** Over all redirects together. */
  readonly timeoutMs: number;
  /**
   * The provider that we are configured for: reached over http or https wherever it is, and the only one
   * that sees these headers.
   */
  readonly trusted?: { readonly origin: string; readonly headers: Readonly<Record<string, string>> };
  /** Name resolution, for tests. */
  readonly lookup?: LookupFunction;
}

export interface FetchedFile {
  readonly bytes: Buffer;
  /** As declared; not trusted. */
  readonly contentType: string | undefined;
}

export type FetchFailure =
  /** Not https, not a public address, or too many redirects. Never worth a retry. */
  | 'blocked'
  | 'too_large'
  /** Answered with `status`. */
  | 'status'
  | 'timeout'
  | 'network';

/** Names neither the address nor the content. */
export class SafeFetchError extends Error {
  override readonly name = 'SafeFetchError';
  readonly failure: FetchFailure;
  /** Of the last answer, where there was one. */
  readonly status: number | undefined;
  /** Whether the trusted origin answered. */
  readonly byTrusted: boolean;

  constructor(failure: FetchFailure, message: string, answer?: { status: number; byTrusted: boolean }) {
    super(message);
    this.failure = failure;
    this.status = answer?.status;
    this.byTrusted = answer?.byTrusted ?? false;
  }
}

/** Bytes behind an address that we did not choose. Throws SafeFetchError. */
export async function safeFetch(url: string, options: SafeFetchOptions): Promise<FetchedFile> {
  const deadline = new AbortController();
  const giveUp = () => deadline.abort();
  const timer = setTimeout(giveUp, options.timeoutMs);
  options.signal.addEventListener('abort', giveUp, { once: true });
  try {
    if (options.signal.aborted) giveUp();
    return await follow(url, options, deadline.signal);
  } catch (error) {
    if (error instanceof SafeFetchError) throw error;
    if (deadline.signal.aborted) throw new SafeFetchError('timeout', 'the file did not come in time');
    throw new SafeFetchError('network', 'the file could not be fetched');
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', giveUp);
  }
}

async function follow(first: string, options: SafeFetchOptions, signal: AbortSignal): Promise<FetchedFile> {
  let url = parseUrl(first);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const byTrusted = url.origin === options.trusted?.origin;
    const answer = await open(url, byTrusted, options, signal);
    const status = answer.statusCode ?? 0;
    const location = answer.headers.location;
    if (status >= 300 && status < 400 && location) {
      answer.destroy();
      url = parseUrl(location, url);
      continue;
    }
    if (status !== 200) {
      answer.destroy();
      throw new SafeFetchError('status', `the file's server answered ${status}`, { status, byTrusted });
    }
    return { bytes: await collect(answer, options.maxBytes), contentType: answer.headers['content-type'] };
  }
  throw new SafeFetchError('blocked', 'too many redirects');
}

function parseUrl(url: string, base?: URL): URL {
  if (!URL.canParse(url, base?.href)) throw new SafeFetchError('blocked', 'the address cannot be read');
  return new URL(url, base);
}

function open(
  url: URL,
  trusted: boolean,
  options: SafeFetchOptions,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  if (!trusted && url.protocol !== 'https:') {
    return Promise.reject(new SafeFetchError('blocked', 'only https is fetched'));
  }
  // Addresses with a password are for people; ours come as headers, and only to the trusted origin.
  if (url.username || url.password) {
    return Promise.reject(new SafeFetchError('blocked', 'the address carries credentials'));
  }
  const transport = url.protocol === 'https:' ? https : http;
  const Agent = url.protocol === 'https:' ? RequestFilteringHttpsAgent : RequestFilteringHttpAgent;
  // No kept-alive connection: every one is checked anew.
  const agent = new Agent({ allowPrivateIPAddress: trusted, allowMetaIPAddress: trusted });
  const { lookup } = options;
  const headers = trusted ? options.trusted?.headers : {};
  return new Promise((resolve, reject) => {
    transport
      .get(url, { agent, signal, headers: { ...headers }, ...(lookup && { lookup }) }, resolve)
      .on('error', (error) => {
        reject(isRefusedAddress(error) ? new SafeFetchError('blocked', 'not a public address') : error);
      });
  });
}

/** The agent has no error class of its own. */
function isRefusedAddress(error: Error): boolean {
  return /^DNS lookup .* is not allowed/.test(error.message);
}

async function collect(answer: http.IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      answer.destroy();
      throw new SafeFetchError('too_large', `the file is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
