import { describe, expect, test } from '@jest/globals';
import { AuthenticationFailure } from 'imapflow';
import { tokenError } from '../../../../adapters/email/imap/access-token.js';
import { imapError, isRefusal } from '../../../../adapters/email/imap/errors.js';
import { ChannelError } from '../../../../src/core/channel-error.js';

/** As the client makes them. Texts hold what must never be passed on. */
function failure(fields: object): Error {
  return Object.assign(new Error('Command failed for warga@example.com'), fields);
}

function loginFailure(serverResponseCode: string | undefined, text: string): Error {
  return Object.assign(new AuthenticationFailure('Invalid credentials for warga@example.com'), {
    authenticationFailed: true,
    response: text,
    responseStatus: 'NO',
    ...(serverResponseCode !== undefined && { serverResponseCode }),
  });
}

describe('errors of a mail server', () => {
  test.each<[string, unknown, string, unknown, string | undefined]>([
    ['refused', failure({ code: 'ECONNREFUSED' }), 'connection', 'backoff', 'ECONNREFUSED'],
    ['reset', failure({ code: 'ECONNRESET' }), 'connection', 'backoff', 'ECONNRESET'],
    ['no name', failure({ code: 'ENOTFOUND' }), 'connection', 'backoff', 'ENOTFOUND'],
    ['closed', failure({ code: 'EConnectionClosed' }), 'connection', 'backoff', 'EConnectionClosed'],
    ['not there', failure({ code: 'NoConnection' }), 'connection', 'backoff', 'NoConnection'],
    ['silent', failure({ code: 'ETIMEOUT' }), 'connection', 'backoff', 'ETIMEOUT'],
    ['no greeting', failure({ code: 'GREETING_TIMEOUT' }), 'connection', 'backoff', 'GREETING_TIMEOUT'],
    ['BYE', failure({ responseStatus: 'BYE' }), 'connection', 'backoff', 'BYE'],
    ['wrong password', loginFailure('AUTHENTICATIONFAILED', 'x'), 'config', 'never', 'AUTHENTICATIONFAILED'],
    ['Gmail', loginFailure('ALERT', 'Application-specific password required'), 'config', 'never', 'ALERT'],
    ['without code', loginFailure(undefined, 'LOGIN failed.'), 'config', 'never', 'NO'],
    ['expired', loginFailure('EXPIRED', 'x'), 'config', 'never', 'EXPIRED'],
    ['server ill', loginFailure('UNAVAILABLE', 'x'), 'connection', 'backoff', 'UNAVAILABLE'],
    [
      'Gmail busy',
      loginFailure('ALERT', 'Too many simultaneous connections.'),
      'throttled',
      'backoff',
      'ALERT',
    ],
    [
      'bandwidth',
      loginFailure(undefined, 'Account exceeded command or bandwidth limits.'),
      'throttled',
      'backoff',
      'NO',
    ],
    [
      'self-signed',
      failure({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      'config',
      'backoff',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
    [
      'other name',
      failure({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
      'config',
      'backoff',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    ['no STARTTLS', failure({ tlsFailed: true }), 'config', 'backoff', 'Error'],
    ['no folder', failure({ mailboxMissing: true, responseStatus: 'NO' }), 'config', 'never', 'NO'],
    [
      'no folder, coded',
      failure({ responseStatus: 'NO', serverResponseCode: 'NONEXISTENT' }),
      'config',
      'never',
      'NONEXISTENT',
    ],
    [
      'not allowed',
      failure({ responseStatus: 'NO', serverResponseCode: 'NOPERM' }),
      'config',
      'never',
      'NOPERM',
    ],
    [
      'throttled',
      failure({ code: 'ETHROTTLE', throttleReset: 92_415 }),
      'throttled',
      { afterMs: 92_415 },
      'ETHROTTLE',
    ],
    [
      'for ever',
      failure({ code: 'ETHROTTLE', throttleReset: 9e9 }),
      'throttled',
      { afterMs: 900_000 },
      'ETHROTTLE',
    ],
    [
      'at once',
      failure({ code: 'ETHROTTLE', throttleReset: 1 }),
      'throttled',
      { afterMs: 1_000 },
      'ETHROTTLE',
    ],
    [
      'limit',
      failure({ responseStatus: 'NO', serverResponseCode: 'LIMIT' }),
      'throttled',
      'backoff',
      'LIMIT',
    ],
    [
      'fault',
      failure({ responseStatus: 'NO', serverResponseCode: 'SERVERBUG' }),
      'connection',
      'backoff',
      'SERVERBUG',
    ],
    [
      'in words',
      failure({ responseStatus: 'NO', responseText: 'Internal error occurred' }),
      'connection',
      'backoff',
      'NO',
    ],
    ['command', failure({ responseStatus: 'BAD', responseText: 'what?' }), 'bad_response', 'backoff', 'BAD'],
    ['garbage', failure({ code: 'ParserError11' }), 'bad_response', 'backoff', 'ParserError11'],
    ['too long', failure({ code: 'LiteralTooLarge' }), 'bad_response', 'backoff', 'LiteralTooLarge'],
    [
      'a code with a text in it',
      failure({ code: 'warga@example.com said' }),
      'bad_response',
      'backoff',
      'Error',
    ],
    ['not an error', 'warga@example.com', 'bad_response', 'backoff', 'unknown'],
  ])('%s', (_name, cause, code, retry, providerCode) => {
    const error = imapError(cause);
    expect(error).toMatchObject({ name: 'ChannelError', code, retry, providerCode });
    expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(/warga|example\.com/);
    expect(error.cause).toBeUndefined();
  });

  test('a mistake of ours keeps its face, and a verdict that is there stays', () => {
    const bug = new TypeError('x is undefined');
    expect(imapError(bug)).toBe(bug);
    const verdict = new ChannelError('throttled', 'patience', { retry: 'backoff' });
    expect(imapError(verdict)).toBe(verdict);
  });

  test.each([
    [true, { responseStatus: 'NO', responseText: 'That mail is broken' }],
    [true, { responseStatus: 'BAD' }],
    [false, { responseStatus: 'NO', serverResponseCode: 'UNAVAILABLE' }],
    [false, { responseStatus: 'NO', code: 'ETHROTTLE' }],
    [false, { code: 'ECONNRESET' }],
  ])('a refusal of one request: %s', (expected, fields) => {
    expect(isRefusal(failure(fields))).toBe(expected);
  });

  test.each([
    [400, { error: 'invalid_grant' }, 'config', 'invalid_grant'],
    [401, { error: 'invalid_client' }, 'config', 'invalid_client'],
    [400, { error: 'a text, with warga@example.com' }, 'config', '400'],
    [400, 'x', 'config', '400'],
    [429, undefined, 'throttled', '429'],
    [503, undefined, 'connection', '503'],
  ])('the token server answers %s %j: %s', (status, body, code, providerCode) => {
    const error = tokenError(status, body);
    expect(error).toMatchObject({ code, providerCode });
    expect(error.message).not.toMatch(/warga/);
  });
});
