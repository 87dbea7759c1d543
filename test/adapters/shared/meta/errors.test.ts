import { describe, expect, test } from '@jest/globals';
import { WHATSAPP_CODES } from '../../../../adapters/whatsapp/errors.js';
import {
  graphError,
  isWindowClosed,
  networkError,
  retryAfterMs,
} from '../../../../adapters/shared/meta/errors.js';

const headers = (values: Record<string, string> = {}) => new Headers(values);
const body = (code: number, subcode?: number) =>
  JSON.stringify({ error: { message: 'secret words', code, ...(subcode && { error_subcode: subcode }) } });

describe('an answer of Graph', () => {
  test.each<[number, string, string, unknown, string, string]>([
    // Tried again.
    [500, body(1), 'connection', 'backoff', 'not_sent', '1'],
    [503, body(2), 'connection', 'backoff', 'not_sent', '2'],
    [400, body(2), 'connection', 'backoff', 'not_sent', '2'],
    [400, body(1200), 'connection', 'backoff', 'not_sent', '1200'],
    [400, body(4), 'throttled', 'backoff', 'not_sent', '4'],
    [400, body(17), 'throttled', 'backoff', 'not_sent', '17'],
    [400, body(32), 'throttled', 'backoff', 'not_sent', '32'],
    [400, body(613), 'throttled', 'backoff', 'not_sent', '613'],
    [400, body(80006), 'throttled', 'backoff', 'not_sent', '80006'],
    [429, '', 'throttled', 'backoff', 'not_sent', '429'],
    [429, body(4), 'throttled', 'backoff', 'not_sent', '4'],
    [500, '', 'connection', 'backoff', 'not_sent', '500'],
    [503, 'busy', 'connection', 'backoff', 'not_sent', '503'],
    [408, '', 'connection', 'backoff', 'not_sent', '408'],
    // May have been sent.
    [502, '<html>', 'connection', 'backoff', 'unknown', '502'],
    [504, '', 'connection', 'backoff', 'unknown', '504'],
    [500, body(-2), 'connection', 'backoff', 'unknown', '-2'],
    [500, body(506), 'rejected', 'never', 'unknown', '506'],
    // Never.
    [400, body(10), 'not_permitted', 'never', 'not_sent', '10'],
    [400, body(10, 2018278), 'not_permitted', 'never', 'not_sent', '10/2018278'],
    [400, body(100), 'rejected', 'never', 'not_sent', '100'],
    [400, body(100, 2018001), 'rejected', 'never', 'not_sent', '100/2018001'],
    [401, body(190), 'config', 'never', 'not_sent', '190'],
    [400, body(190, 463), 'config', 'never', 'not_sent', '190/463'],
    [400, body(102), 'config', 'never', 'not_sent', '102'],
    [400, body(368), 'config', 'never', 'not_sent', '368'],
    [403, body(200), 'not_permitted', 'never', 'not_sent', '200'],
    [403, body(230), 'not_permitted', 'never', 'not_sent', '230'],
    [400, body(551), 'not_permitted', 'never', 'not_sent', '551'],
    [400, body(10900), 'not_permitted', 'never', 'not_sent', '10900'],
    // A number decides, whatever the status says.
    [500, body(190), 'config', 'never', 'not_sent', '190'],
    [500, body(10), 'not_permitted', 'never', 'not_sent', '10'],
    // Numbers that nobody knows.
    [400, body(99999), 'rejected', 'never', 'not_sent', '99999'],
    [500, body(99999), 'connection', 'backoff', 'not_sent', '99999'],
    [400, 'not json', 'rejected', 'never', 'not_sent', '400'],
    [400, 'null', 'rejected', 'never', 'not_sent', '400'],
    [401, '', 'config', 'never', 'not_sent', '401'],
    [403, '', 'not_permitted', 'never', 'not_sent', '403'],
    [301, '', 'bad_response', 'backoff', 'not_sent', '301'],
  ])('%i %s is %s, %s, %s', (status, text, code, retry, certainty, providerCode) => {
    const error = graphError({ status, headers: headers(), body: text });
    expect(error).toMatchObject({ code, retry, certainty, providerCode });
    expect(error.message).not.toContain('secret words');
  });

  test.each([
    [131047, 'not_permitted', 'never', 'not_sent'],
    [131026, 'rejected', 'never', 'not_sent'],
    [131050, 'opted_out', 'never', 'not_sent'],
    [131056, 'throttled', 'backoff', 'not_sent'],
    [130429, 'throttled', 'backoff', 'not_sent'],
    [131000, 'connection', 'backoff', 'unknown'],
    [131016, 'connection', 'backoff', 'not_sent'],
    [131042, 'config', 'never', 'not_sent'],
    [132001, 'config', 'never', 'not_sent'],
    [132000, 'rejected', 'never', 'not_sent'],
    [190, 'config', 'never', 'not_sent'],
    [4, 'throttled', 'backoff', 'not_sent'],
  ])('of WhatsApp: %i is %s, %s, %s', (number, code, retry, certainty) => {
    const error = graphError({ status: 400, headers: headers(), body: body(number) }, WHATSAPP_CODES);
    expect(error).toMatchObject({ code, retry, certainty, providerCode: String(number) });
  });

  test('patience is asked for by a header or by the usage, and means nothing with a refusal', () => {
    const asked = headers({ 'retry-after': '7' });
    expect(graphError({ status: 429, headers: asked, body: '' }).retry).toEqual({ afterMs: 7_000 });
    expect(graphError({ status: 400, headers: headers(), body: body(4) }, undefined, 90_000).retry).toEqual({
      afterMs: 90_000,
    });
    expect(graphError({ status: 400, headers: asked, body: body(100) }).retry).toBe('never');
  });

  test('only a closed window is one', () => {
    const error = (code: number, subcode?: number) =>
      graphError({ status: 400, headers: headers(), body: body(code, subcode) });
    expect(isWindowClosed(error(10, 2018278))).toBe(true);
    expect(isWindowClosed(error(10))).toBe(true);
    expect(isWindowClosed(error(10, 99))).toBe(false);
    expect(isWindowClosed(error(200))).toBe(false);
    expect(isWindowClosed(new Error('x'))).toBe(false);
  });
});

test.each<[string | undefined, number | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['30', 30_000],
  ['0', 1_000],
  ['-5', 1_000],
  ['86400', 900_000],
  ['Infinity', 900_000],
])('Retry-After %p is %p ms', (given, expected) => {
  expect(retryAfterMs(headers(given === undefined ? {} : { 'retry-after': given }))).toBe(expected);
});

describe('no answer', () => {
  const failure = (code: string) => Object.assign(new Error('connect 10.0.0.1'), { code });
  test.each([
    ['ECONNREFUSED', 'not_sent'],
    ['ENOTFOUND', 'not_sent'],
    ['UND_ERR_CONNECT_TIMEOUT', 'not_sent'],
    ['CERT_HAS_EXPIRED', 'not_sent'],
    ['ECONNRESET', 'unknown'],
    ['UND_ERR_SOCKET', 'unknown'],
    ['UND_ERR_HEADERS_TIMEOUT', 'unknown'],
    ['SOMETHING_NEW', 'unknown'],
  ])('%s, wrapped by fetch: %s', (code, certainty) => {
    const thrown = new TypeError('fetch failed', { cause: failure(code) });
    expect(networkError(thrown)).toMatchObject({
      code: 'connection',
      retry: 'backoff',
      certainty,
      providerCode: code,
    });
  });

  test('of several failures the doubtful one counts', () => {
    const refused = new AggregateError([failure('ECONNREFUSED'), failure('ECONNREFUSED')]);
    expect(networkError(new TypeError('fetch failed', { cause: refused })).certainty).toBe('not_sent');
    const mixed = new AggregateError([failure('ECONNREFUSED'), failure('ECONNRESET')]);
    expect(networkError(new TypeError('fetch failed', { cause: mixed })).certainty).toBe('unknown');
  });

  test.each([undefined, null, 'text', new DOMException('timed out', 'TimeoutError')])(
    '%p is in doubt',
    (thrown) => {
      expect(networkError(thrown)).toMatchObject({ code: 'connection', certainty: 'unknown' });
    },
  );
});
