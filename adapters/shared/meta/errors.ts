/**
 * What Graph's answers mean for us: the one place that maps them to ChannelError, by number only; words change.
 * https://developers.facebook.com/docs/graph-api/guides/error-handling
 * https://developers.facebook.com/docs/messenger-platform/error-codes
 */
import { ChannelError, type Certainty, type ChannelErrorCode } from '../../../src/core/channel-error.js';
import { numberIn, objectIn } from './payload.js';
import { causeCode, isNotReached } from '../network.js';

/** What an error number means. */
export interface Meaning {
  readonly code: ChannelErrorCode;
  readonly words: string;
  readonly retryable: boolean;
  readonly certainty?: Certainty;
}

export type Meanings = ReadonlyMap<number, Meaning>;

const retryLater = (words: string): Meaning => ({ code: 'connection', words, retryable: true });
const throttled = (words: string): Meaning => ({ code: 'throttled', words, retryable: true });
const config = (words: string): Meaning => ({ code: 'config', words, retryable: false });
const forbidden = (words: string): Meaning => ({ code: 'not_permitted', words, retryable: false });
const refused = (words: string): Meaning => ({ code: 'rejected', words, retryable: false });

export const meaning = { retryLater, throttled, config, forbidden, refused } as const;

const TOKEN = 'the access token is not valid any more: issue a new one';
const PERMISSION = 'the app lacks a permission for this';

const GRAPH_CODES: Meanings = new Map([
  // Negative numbers: the request was begun and Graph lost sight of it.
  [-1, { ...retryLater('the provider has a fault'), certainty: 'unknown' }],
  [-2, { ...retryLater('the provider ran out of time'), certainty: 'unknown' }],
  [1, retryLater('the provider has a fault')],
  [2, retryLater('the service is unavailable for now')],
  [1200, retryLater('the message could not be sent for now')],
  [4, throttled('the app calls too often')],
  [17, throttled('the user calls too often')],
  [32, throttled('the page calls too often')],
  [341, throttled('the app has reached a limit')],
  [613, throttled('calls of this kind come too often')],
  [102, config(TOKEN)],
  [104, config('the app secret does not belong to the access token')],
  [190, config(TOKEN)],
  [368, config('Meta has blocked the page or app for a policy violation')],
  [3, forbidden(PERMISSION)],
  [10, forbidden('the window is closed, or the app lacks the permission')],
  [551, forbidden('the person cannot be reached now')],
  [10900, forbidden('this comment has had its one private reply')],
  [10903, forbidden('this comment cannot be answered privately')],
  [100, refused('a parameter is not accepted')],
  [506, { ...refused('the same text was posted just before'), certainty: 'unknown' }],
]);

/** Of code 10: it is the window that is closed, and not a permission that is missing. */
const WINDOW_SUBCODES: ReadonlySet<number> = new Set([2018065, 2018108, 2018278]);

/** Business use case limits: https://developers.facebook.com/docs/graph-api/overview/rate-limiting */
const isBusinessLimit = (code: number): boolean => code >= 80000 && code <= 80014;
const isPermission = (code: number): boolean => code >= 200 && code <= 299;

const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15 * 60_000;

export interface GraphAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The only thing of `fetch`'s that is needed; undici's own class fits. */
interface Headers {
  get(name: string): string | null;
}

/**
 * An answer outside 2xx, or one that carries `error`.
 * @param extra numbers that only this channel knows; they come first.
 * @param waitMs what the usage headers ask for, where they do.
 */
export function graphError(answer: GraphAnswer, extra: Meanings = new Map(), waitMs?: number): ChannelError {
  const error = errorIn(answer.body);
  const code = numberIn(error, 'code');
  const subcode = numberIn(error, 'error_subcode');
  const verdict = judge(answer.status, code, extra, numberIn(error, 'error_subcode'));
  const providerCode = [code ?? answer.status, ...(code !== undefined && subcode ? [subcode] : [])].join('/');
  const afterMs = verdict.retryable ? (retryAfterMs(answer.headers) ?? waitMs) : undefined;
  return new ChannelError(
    verdict.code,
    `Meta answered ${answer.status}, code ${providerCode}: ${verdict.words}`,
    {
      retry: afterMs === undefined ? (verdict.retryable ? 'backoff' : 'never') : { afterMs },
      certainty: verdict.certainty ?? 'not_sent',
      providerCode,
    },
  );
}

function judge(
  status: number,
  code: number | undefined,
  extra: Meanings,
  subcode: number | undefined,
): Meaning {
  const known = code === undefined ? undefined : (extra.get(code) ?? meaningOf(code, subcode));
  if (known) return known;
  if (status === 429) return throttled('too many requests');
  if (status >= 500) {
    // Written by a proxy: what the API behind it made of the request is not known.
    const passedOn = code === undefined && (status === 502 || status === 504);
    return { ...retryLater('the provider has a fault'), ...(passedOn && { certainty: 'unknown' }) };
  }
  if (status === 408 || status === 425) return retryLater('the provider did not take the request');
  if (status === 401) return config(TOKEN);
  if (status === 403) return forbidden(PERMISSION);
  if (status >= 400) return refused('the request is refused');
  // A redirect or the like: not Graph, but nothing that sends a message either.
  return { code: 'bad_response', words: 'not an answer of the API', retryable: true };
}

function meaningOf(code: number, subcode: number | undefined): Meaning | undefined {
  if (code === 10 && subcode !== undefined && WINDOW_SUBCODES.has(subcode)) {
    return forbidden('the window for a reply is closed');
  }
  if (isBusinessLimit(code)) return throttled('the business calls too often');
  return GRAPH_CODES.get(code) ?? (isPermission(code) ? forbidden(PERMISSION) : undefined);
}

/** Whether the platform refused because too much time has passed since the person wrote. */
export function isWindowClosed(error: unknown): boolean {
  if (!(error instanceof ChannelError) || error.code !== 'not_permitted') return false;
  const [code, subcode] = (error.providerCode ?? '').split('/').map(Number);
  return code === 10 && (subcode === undefined || WINDOW_SUBCODES.has(subcode));
}

/** No answer: refused, timed out, reset, given up. `fetch` wraps what Node.js and undici say. */
export function networkError(thrown: unknown): ChannelError {
  const cause = thrown instanceof TypeError && thrown.cause !== undefined ? thrown.cause : thrown;
  const code = causeCode(cause);
  const certainty = isNotReached(cause) ? 'not_sent' : 'unknown';
  const words = certainty === 'not_sent' ? 'was not reached' : 'did not answer';
  return new ChannelError('connection', `Meta ${words} (${code})`, {
    retry: 'backoff',
    certainty,
    providerCode: code,
  });
}

/** A success that cannot be read: the message may well be on its way. */
export function unreadableError(): ChannelError {
  return new ChannelError('bad_response', 'Meta answered with a body that cannot be read', {
    retry: 'backoff',
    certainty: 'unknown',
  });
}

/** Milliseconds of a `Retry-After` in seconds, clamped to 1 s … 15 min. */
export function retryAfterMs(headers: Headers): number | undefined {
  const given = headers.get('retry-after');
  if (given === null || given.trim() === '') return undefined;
  const seconds = Number(given);
  return Number.isNaN(seconds) ? undefined : clampWait(seconds * 1000);
}

export function clampWait(ms: number): number {
  return Math.min(Math.max(Math.ceil(ms), SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
}

/** The `error` member of an answer; empty where there is none. */
function errorIn(body: string): unknown {
  try {
    return objectIn(JSON.parse(body), 'error');
  } catch {
    return undefined;
  }
}
