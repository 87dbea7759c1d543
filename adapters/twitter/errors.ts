/**
 * What X's answers mean for us: the one place that maps them to ChannelError.
 * https://docs.x.com/x-api/fundamentals/response-codes-and-errors
 */
import { ApiPartialResponseError, ApiResponseError } from 'twitter-api-v2';
import { ChannelError, type ChannelErrorCode, type RetryVerdict } from '../../src/core/channel-error.js';
import { causeCode, isNotReached } from '../shared/network.js';

/** Types of problems that say that app, access level, token or money is at fault, not the request. */
const CONFIG_PROBLEM =
  /\/(?:client-forbidden|client-not-enrolled|oauth1-permissions|unsupported-authentication|invalid-credentials|usage-capped|credits|not-authorized-for-field)$/;
/** The account itself is locked or suspended; X tells it in words only. */
const CONFIG_WORDS = /suspended|temporarily locked|log in to https?:\/\/(?:x|twitter)\.com/i;
/** "You are not allowed to create a Tweet with duplicate content." */
const DUPLICATE_WORDS = /duplicate content/i;
/** What the post answers was deleted, or its author hides it from us. */
const GONE_WORDS = /deleted or not visible|not visible to you/i;

export const TOO_MANY_CONNECTIONS = 'TooManyConnections';
export const DUPLICATE_CONTENT = 'duplicate';

/** A wish for patience is believed between these: X's windows of limits are 15 minutes. */
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15 * 60_000;

export interface XFailure {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** JSON, as it came. */
  readonly body: unknown;
}

/** What is known of the connection of a request that failed. */
export interface ConnectionFacts {
  /** False where there was no connection. */
  readonly wasReached: boolean;
  /** What broke it, as Node.js says. */
  readonly error: unknown;
}

/** What came out of the client. Never kept as a cause: it holds the request, and with it the token. */
export function asChannelError(error: unknown, now: Date, facts?: ConnectionFacts): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof ApiResponseError) {
    return answerError({ status: error.code, headers: error.headers, body: error.data }, now);
  }
  if (error instanceof ApiPartialResponseError) return unreadableError();
  return networkError(facts?.error ?? error, facts?.wasReached);
}

/** An answer outside 2xx. `now` is our clock, used where the answer carries no `Date`. */
export function answerError({ status, headers, body }: XFailure, now: Date): ChannelError {
  const problem = problemOf(body);
  const verdict = judge(status, problem);
  const wait = verdict.code === 'throttled' ? resetWaitMs(headers, now) : undefined;
  const retry = wait === undefined ? verdict.retry : { afterMs: wait };
  const providerCode = verdict.providerCode ?? String(status);
  return new ChannelError(verdict.code, `X answered ${status}: ${verdict.words}`, {
    retry,
    certainty: verdict.certainty ?? 'not_sent',
    providerCode,
  });
}

interface Verdict {
  readonly code: ChannelErrorCode;
  readonly words: string;
  readonly retry: RetryVerdict;
  readonly certainty?: 'unknown';
  readonly providerCode?: string;
}

function judge(status: number, problem: Problem): Verdict {
  if (problem.issue === TOO_MANY_CONNECTIONS) {
    const words = 'the stream has its greatest number of connections';
    return { code: 'throttled', words, retry: 'backoff', providerCode: TOO_MANY_CONNECTIONS };
  }
  if (
    status === 402 ||
    CONFIG_PROBLEM.test(problem.type) ||
    (status === 403 && CONFIG_WORDS.test(problem.words))
  ) {
    return { code: 'config', words: 'check access level, credits and permissions', retry: 'backoff' };
  }
  if (status === 401) return { code: 'config', words: 'it refuses the token', retry: 'backoff' };
  if (status === 429) return { code: 'throttled', words: 'too many requests', retry: 'backoff' };
  if (status === 403 && DUPLICATE_WORDS.test(problem.words)) {
    const words = 'the account has posted the same text before';
    return { code: 'rejected', words, retry: 'never', providerCode: DUPLICATE_CONTENT };
  }
  if ((status === 403 || status === 400) && GONE_WORDS.test(problem.words)) {
    return {
      code: 'rejected',
      words: 'the post that is answered is gone',
      retry: 'never',
      providerCode: 'gone',
    };
  }
  if (status === 403) return { code: 'not_permitted', words: 'its rules forbid this answer', retry: 'never' };
  if (status === 409) {
    return { code: 'connection', words: 'the stream has no rules', retry: 'backoff' };
  }
  if (status >= 500) {
    // Written by a proxy: what the API behind it made of the request is not known.
    const passedOn = !problem.isJson && (status === 502 || status === 504);
    const words = 'it has a fault';
    return { code: 'connection', words, retry: 'backoff', ...(passedOn && { certainty: 'unknown' }) };
  }
  if (status === 408) return { code: 'connection', words: 'it did not take the request', retry: 'backoff' };
  if (status >= 400) return { code: 'rejected', words: 'the request is refused', retry: 'never' };
  return { code: 'bad_response', words: 'not an answer of the API', retry: 'backoff' };
}

/** No answer: refused, timed out, reset, given up. */
export function networkError(cause: unknown, wasReached = true): ChannelError {
  const code = causeCode(cause);
  const certainty = !wasReached || isNotReached(cause) ? 'not_sent' : 'unknown';
  const words = certainty === 'not_sent' ? 'was not reached' : 'did not answer';
  return new ChannelError('connection', `X ${words} (${code})`, {
    retry: 'backoff',
    certainty,
    providerCode: code,
  });
}

/** A success that cannot be read: the post may well be there. */
export function unreadableError(): ChannelError {
  return new ChannelError('bad_response', 'X answered with a body that cannot be read', {
    retry: 'backoff',
    certainty: 'unknown',
  });
}

/** Of a list or the rules: what X refuses there is our configuration, not a citizen's message. */
export function listError(error: unknown): unknown {
  if (!(error instanceof ChannelError) || error.code !== 'rejected') return error;
  const { providerCode } = error;
  return new ChannelError('config', 'X refuses the search: check query and access level', {
    retry: 'backoff',
    ...(providerCode !== undefined && { providerCode }),
  });
}

/**
 * Milliseconds until the limit is lifted, clamped to 1 s … 15 min. The reset is a moment of X's clock, so it is
 * measured against the answer's own `Date`: a clock of ours that is wrong does no harm. Undefined where there is no
 * reset, or where it lies in the past: then the usual back-off is better than none.
 */
export function resetWaitMs(headers: XFailure['headers'], now: Date): number | undefined {
  const resets = ['x-rate-limit', 'x-user-limit-24hour', 'x-app-limit-24hour'].flatMap((limit) => {
    const reset = secondsOf(headers[`${limit}-reset`]);
    const remaining = secondsOf(headers[`${limit}-remaining`]);
    return reset === undefined || (remaining ?? 0) > 0 ? [] : [reset];
  });
  if (resets.length === 0) return undefined;
  const { date } = headers;
  const sent = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  const waitMs = Math.max(...resets) * 1_000 - (Number.isNaN(sent) ? now.getTime() : sent);
  if (waitMs <= 0) return undefined;
  return Math.min(Math.max(Math.ceil(waitMs), SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
}

function secondsOf(header: string | readonly string[] | undefined): number | undefined {
  const seconds = typeof header === 'string' && header !== '' ? Number(header) : Number.NaN;
  return Number.isFinite(seconds) ? seconds : undefined;
}

interface Problem {
  readonly isJson: boolean;
  readonly type: string;
  readonly issue: string;
  /** For patterns only; they may quote a citizen. */
  readonly words: string;
}

function problemOf(body: unknown): Problem {
  if (typeof body !== 'object' || body === null) return { isJson: false, type: '', issue: '', words: '' };
  const first: unknown = 'errors' in body && Array.isArray(body.errors) ? body.errors[0] : undefined;
  const read = (name: string) => textOf(body, name) || textOf(first, name);
  const words = [read('title'), read('detail'), textOf(first, 'message')].join(' ');
  return { isJson: true, type: read('type'), issue: read('connection_issue'), words };
}

function textOf(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null) return '';
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : '';
}
