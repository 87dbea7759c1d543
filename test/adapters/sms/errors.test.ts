import { describe, expect, test } from '@jest/globals';
import { answerError, networkError, retryAfterMs } from '../../../adapters/sms/providers/twilio/errors.js';
import { NOW } from './helpers.js';

const body = (code: number) => JSON.stringify({ code, message: 'secret words', status: 400 });

describe('an answer of the provider', () => {
  test.each([
    [429, body(20429), 'throttled', 'backoff', 'not_sent', '20429'],
    [429, '', 'throttled', 'backoff', 'not_sent', '429'],
    [400, body(14107), 'throttled', 'backoff', 'not_sent', '14107'],
    [400, body(21611), 'throttled', 'backoff', 'not_sent', '21611'],
    [400, body(21610), 'opted_out', 'never', 'not_sent', '21610'],
    [403, body(21610), 'opted_out', 'never', 'not_sent', '21610'],
    [401, body(20003), 'config', 'never', 'not_sent', '20003'],
    [401, 'Unauthorized', 'config', 'never', 'not_sent', '401'],
    [403, body(20005), 'config', 'never', 'not_sent', '20005'],
    [404, body(20404), 'config', 'never', 'not_sent', '20404'],
    [400, body(21606), 'config', 'never', 'not_sent', '21606'],
    // A foreign number concerns one message; as `config` it would stop the whole line.
    [400, body(21408), 'rejected', 'never', 'not_sent', '21408'],
    [400, body(21211), 'rejected', 'never', 'not_sent', '21211'],
    [400, body(21614), 'rejected', 'never', 'not_sent', '21614'],
    [400, body(21617), 'rejected', 'never', 'not_sent', '21617'],
    [400, 'not json', 'rejected', 'never', 'not_sent', '400'],
    [400, 'null', 'rejected', 'never', 'not_sent', '400'],
    [400, '{"code":"x"}', 'rejected', 'never', 'not_sent', '400'],
    [500, body(20500), 'connection', 'backoff', 'not_sent', '20500'],
    [503, '', 'connection', 'backoff', 'not_sent', '503'],
    [502, body(20500), 'connection', 'backoff', 'not_sent', '20500'],
    [502, '<html>', 'connection', 'backoff', 'unknown', '502'],
    [504, '', 'connection', 'backoff', 'unknown', '504'],
    [408, '', 'connection', 'backoff', 'not_sent', '408'],
    [301, '', 'bad_response', 'backoff', 'not_sent', '301'],
  ])('%i %s is %s, retry %s, %s', (status, text, code, retry, certainty, providerCode) => {
    const error = answerError({ status, headers: {}, body: text }, NOW);
    expect(error).toMatchObject({ code, retry, certainty, providerCode });
    expect(error.message).not.toContain('secret words');
  });

  test('patience is asked for by 429 and 503, and means nothing with a refusal', () => {
    const headers = { 'retry-after': '7' };
    expect(answerError({ status: 429, headers, body: '' }, NOW).retry).toEqual({ afterMs: 7_000 });
    expect(answerError({ status: 503, headers, body: '' }, NOW).retry).toEqual({ afterMs: 7_000 });
    expect(answerError({ status: 400, headers, body: body(21211) }, NOW).retry).toBe('never');
  });
});

describe('retryAfterMs', () => {
  const date = (offsetMs: number) => new Date(NOW.getTime() + offsetMs).toUTCString();
  test.each<[string, Record<string, string>, number | undefined]>([
    ['absent', {}, undefined],
    ['empty', { 'retry-after': '' }, undefined],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['seconds', { 'retry-after': '30' }, 30_000],
    ['zero', { 'retry-after': '0' }, 1_000],
    ['negative', { 'retry-after': '-5' }, 1_000],
    ['a day', { 'retry-after': '86400' }, 900_000],
    ['infinite', { 'retry-after': 'Infinity' }, 900_000],
    ['a date', { 'retry-after': date(60_000) }, 60_000],
    ['a date that is over', { 'retry-after': date(-60_000) }, 1_000],
    // The provider's clock is five minutes ahead of ours: its own date is the measure.
    ['a date of a clock that differs', { 'retry-after': date(330_000), date: date(300_000) }, 30_000],
  ])('%s', (_name, headers, expected) => {
    // HTTP dates know no milliseconds.
    const now = new Date(Math.floor(NOW.getTime() / 1000) * 1000);
    expect(retryAfterMs(headers, now)).toBe(expected);
  });
});

describe('no answer', () => {
  const failure = (code: string) => Object.assign(new Error('connect 10.0.0.1'), { code });
  test.each([
    ['ECONNREFUSED', 'not_sent'],
    ['ENOTFOUND', 'not_sent'],
    ['EAI_AGAIN', 'not_sent'],
    ['EHOSTUNREACH', 'not_sent'],
    ['UND_ERR_CONNECT_TIMEOUT', 'not_sent'],
    ['CERT_HAS_EXPIRED', 'not_sent'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'not_sent'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'not_sent'],
    ['ECONNRESET', 'unknown'],
    ['EPIPE', 'unknown'],
    ['ETIMEDOUT', 'unknown'],
    ['UND_ERR_SOCKET', 'unknown'],
    ['UND_ERR_HEADERS_TIMEOUT', 'unknown'],
    ['UND_ERR_BODY_TIMEOUT', 'unknown'],
    ['SOMETHING_NEW', 'unknown'],
  ])('%s: %s', (code, certainty) => {
    expect(networkError(failure(code))).toMatchObject({
      code: 'connection',
      retry: 'backoff',
      certainty,
      providerCode: code,
    });
  });

  test('every address refused is refused', () => {
    const all = new AggregateError([failure('ECONNREFUSED'), failure('ECONNREFUSED')]);
    expect(networkError(all).certainty).toBe('not_sent');
  });

  test('of several different failures the doubtful one counts', () => {
    const mixed = new AggregateError([failure('ECONNREFUSED'), failure('ECONNRESET')]);
    expect(networkError(mixed).certainty).toBe('unknown');
  });

  test('a connection that timed out while it was being made carried nothing', () => {
    const timeout = Object.assign(failure('ETIMEDOUT'), { syscall: 'connect' });
    expect(networkError(timeout).certainty).toBe('not_sent');
  });

  test.each([undefined, null, 'text', 7, new Error('x'), new DOMException('aborted', 'AbortError')])(
    'anything else (%p) is in doubt',
    (cause) => {
      expect(networkError(cause)).toMatchObject({ code: 'connection', certainty: 'unknown' });
    },
  );
});
