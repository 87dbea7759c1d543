/**
 * What Twilio's answers mean for us: the one place that maps them to ChannelError.
 * Codes: https://www.twilio.com/docs/api/errors
 */
import { ChannelError, type ChannelErrorCode } from '../../../../src/core/channel-error.js';
import { causeCode, isNotReached } from '../../../shared/network.js';

const THROTTLED = new Set([
  429, 14107, 20429, 30001, 30022, 63018,
  // The sender's queue at Twilio is full.
  21611,
]);
const OPTED_OUT = 21610;
/** Account, credentials, sender or permissions: no message will go out until a person acts. */
const CONFIG = new Set([
  20003, 20005, 20006, 20008, 20404, 21212, 21603, 21606, 21608, 21659, 21660, 21661, 30002,
]);

/** A provider's wish for patience is believed between these. */
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15 * 60_000;

export interface TwilioAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** An answer outside 2xx. `now` is our clock, used where the answer carries no `Date`. */
export function answerError(answer: TwilioAnswer, now: Date): ChannelError {
  const code = errorCode(answer.body);
  const providerCode = String(code ?? answer.status);
  const verdict = judge(answer.status, code);
  const afterMs = verdict.retryable ? retryAfterMs(answer.headers, now) : undefined;
  return new ChannelError(
    verdict.code,
    `Twilio answered ${answer.status}, code ${providerCode}: ${verdict.words}`,
    {
      retry: afterMs === undefined ? (verdict.retryable ? 'backoff' : 'never') : { afterMs },
      certainty: verdict.certainty ?? 'not_sent',
      providerCode,
    },
  );
}

interface Verdict {
  readonly code: ChannelErrorCode;
  readonly words: string;
  readonly retryable: boolean;
  readonly certainty?: 'unknown';
}

function judge(status: number, code: number | undefined): Verdict {
  if (code === OPTED_OUT)
    return { code: 'opted_out', words: 'the recipient has opted out', retryable: false };
  if (status === 429 || (code !== undefined && THROTTLED.has(code))) {
    return { code: 'throttled', words: 'too many requests', retryable: true };
  }
  if (status >= 500) {
    // Written by a proxy: what the API behind it made of the request is not known.
    const passedOn = code === undefined && (status === 502 || status === 504);
    const words = 'the provider has a fault';
    return { code: 'connection', words, retryable: true, ...(passedOn && { certainty: 'unknown' }) };
  }
  if (status === 408 || status === 425) {
    return { code: 'connection', words: 'the provider did not take the request', retryable: true };
  }
  if (status === 401 || status === 403 || (code !== undefined && CONFIG.has(code))) {
    return { code: 'config', words: 'check account, token, sender and permissions', retryable: false };
  }
  if (status >= 400) return { code: 'rejected', words: 'the message is refused', retryable: false };
  // A redirect or the like: not Twilio, but nothing that sends an SMS either.
  return { code: 'bad_response', words: 'not an answer of the API', retryable: true };
}

/** No answer: refused, timed out, reset, given up. `code` as Node.js and undici name it. */
export function networkError(cause: unknown): ChannelError {
  const code = causeCode(cause);
  const certainty = isNotReached(cause) ? 'not_sent' : 'unknown';
  const words = certainty === 'not_sent' ? 'was not reached' : 'did not answer';
  return new ChannelError('connection', `Twilio ${words} (${code})`, {
    retry: 'backoff',
    certainty,
    providerCode: code,
  });
}

/** A success that cannot be read: the message may well be on its way. */
export function unreadableError(): ChannelError {
  return new ChannelError('bad_response', 'Twilio answered with a body that cannot be read', {
    retry: 'backoff',
    certainty: 'unknown',
  });
}

/** What came out of the SDK. It throws plain errors where JSON has not the shape that it expects. */
export function asChannelError(error: unknown): ChannelError {
  return error instanceof ChannelError ? error : unreadableError();
}

/**
 * Milliseconds of a `Retry-After`, in seconds or as a date, clamped to 1 s … 15 min. A date is measured
 * against the answer's own `Date`, so that a wrong clock here does no harm.
 */
export function retryAfterMs(headers: TwilioAnswer['headers'], now: Date): number | undefined {
  const given = headers['retry-after'];
  if (typeof given !== 'string' || given.trim() === '') return undefined;
  const seconds = Number(given);
  const wait = Number.isNaN(seconds) ? Date.parse(given) - sentAt(headers, now) : seconds * 1000;
  if (Number.isNaN(wait)) return undefined;
  return Math.min(Math.max(Math.ceil(wait), SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
}

function sentAt(headers: TwilioAnswer['headers'], now: Date): number {
  const date = headers['date'];
  const sent = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(sent) ? now.getTime() : sent;
}

function errorCode(body: string): number | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || !('code' in parsed)) return undefined;
    const code = Number(parsed.code);
    return Number.isInteger(code) && code > 0 ? code : undefined;
  } catch {
    return undefined;
  }
}
