import { describe, expect, test } from '@jest/globals';
import { ChannelError } from '../../../../src/core/channel-error.js';
import { smtpError } from '../../../../adapters/email/smtp/errors.js';

const before = { handedOver: false, nullSender: false };
const after = { handedOver: true, nullSender: false };

const failure = (fields: object) =>
  Object.assign(new Error('550 5.1.1 <budi@warga.example> secret words'), fields);
/** As nodemailer makes it of a reply. */
const reply = (command: string, response: string, code = 'EENVELOPE') =>
  failure({ code, command, response, responseCode: Number(response.slice(0, 3)) });

describe('what the server answered', () => {
  test.each([
    // Greylisting and what else concerns one recipient: the others do not wait.
    ['RCPT TO', '451 4.7.1 Greylisted, try again', 'rejected', 'backoff', '4.7.1'],
    ['RCPT TO', '451 Greylisted', 'rejected', 'backoff', '451'],
    ['RCPT TO', '450 4.2.0 Greylisted', 'rejected', 'backoff', '4.2.0'],
    ['RCPT TO', '452 4.2.2 over quota', 'rejected', 'backoff', '4.2.2'],
    ['DATA', '451 4.3.0 try later', 'rejected', 'backoff', '4.3.0'],
    ['RCPT TO', '450 4.7.1 too much mail', 'throttled', 'backoff', '4.7.1'],
    ['AUTH PLAIN', '454 4.7.0 Too many login attempts', 'throttled', 'backoff', '4.7.0'],
    ['MAIL FROM', '451 4.7.500 Server busy', 'throttled', 'backoff', '4.7.500'],
    ['CONN', '421 4.7.0 Try again later', 'throttled', 'backoff', '4.7.0'],
    ['DATA', '421 closing', 'throttled', 'backoff', '421'],
    ['CONN', '450 not now', 'connection', 'backoff', '450'],
    ['MAIL FROM', '452 4.3.1 Insufficient storage', 'connection', 'backoff', '4.3.1'],
    ['EHLO', '432 4.3.2 thread limit', 'connection', 'backoff', '4.3.2'],
    ['RCPT TO', '550 5.1.1 <budi@warga.example> unknown', 'rejected', 'never', '5.1.1'],
    ['RCPT TO', '550-5.1.1 The account\n550 5.1.1 does not exist', 'rejected', 'never', '5.1.1'],
    ['RCPT TO', '550 No such user', 'rejected', 'never', '550'],
    ['RCPT TO', '554 5.7.1 Relay access denied', 'rejected', 'never', '5.7.1'],
    ['DATA', '554 5.6.0 content refused', 'rejected', 'never', '5.6.0'],
    ['DATA', '552 5.2.2 mailbox full', 'rejected', 'never', '5.2.2'],
    ['DATA', '552 5.3.4 too big', 'rejected', 'never', '5.3.4'],
    ['MAIL FROM', '552 Message size exceeds', 'rejected', 'never', '552'],
    ['RCPT TO', '550 5.4.5 Daily user sending limit exceeded', 'throttled', { afterMs: 900_000 }, '5.4.5'],
    ['AUTH PLAIN', '535 5.7.8 Error: authentication failed', 'config', 'never', '5.7.8'],
    ['AUTH LOGIN', '535 authentication failed', 'config', 'never', '535'],
    ['MAIL FROM', '530 5.7.0 Authentication Required', 'config', 'never', '5.7.0'],
    ['DATA', '550 5.7.60 SMTP; Client does not have permissions', 'config', 'never', '5.7.60'],
    ['MAIL FROM', '553 5.7.1 Sender address rejected: not owned by user', 'config', 'never', '5.7.1'],
    ['MAIL FROM', '501 5.1.7 Invalid MAIL FROM address', 'config', 'never', '5.1.7'],
    ['CONN', '554 no service for you', 'config', 'never', '554'],
    ['STARTTLS', '454 4.7.0 TLS not available', 'throttled', 'backoff', '4.7.0'],
    ['DATA', '503 5.5.1 bad sequence', 'bad_response', 'backoff', '5.5.1'],
    // An enhanced code that contradicts the reply is none (RFC 2034).
    ['RCPT TO', '550 4.1.1 odd', 'rejected', 'never', '550'],
  ])('%s: %s is %s, retry %p', (command, response, code, retry, providerCode) => {
    for (const progress of [before, after]) {
      const error = smtpError(reply(command, response), progress);
      // A refusal says that nothing was taken, also after DATA.
      expect(error).toMatchObject({ code, retry, providerCode, certainty: 'not_sent' });
      expect(error.message).not.toMatch(/secret|warga|@/);
      expect(error.cause).toBeUndefined();
    }
  });

  // An answer of a person, with a sender of its own, is judged by itself: the queue goes on for it.
  test.each([
    ['MAIL FROM', '501 5.1.7 Invalid MAIL FROM address', 'rejected', '5.1.7'],
    ['MAIL FROM', '530 5.7.0 Authentication Required', 'rejected', '5.7.0'],
    ['MAIL FROM', '530 Authentication required', 'rejected', '530'],
    ['MAIL FROM', '550 5.7.60 SMTP; Client does not have permissions', 'rejected', '5.7.60'],
    ['DATA', '550 5.7.60 SMTP; Client does not have permissions', 'rejected', '5.7.60'],
    ['CONN', '550 5.7.60 SMTP; Client does not have permissions', 'rejected', '5.7.60'],
    ['RCPT TO', '554 5.1.8 Sender address rejected', 'rejected', '5.1.8'],
    ['MAIL FROM', '503 5.5.1 a sender is needed', 'rejected', '5.5.1'],
    ['MAIL FROM', '534 no', 'rejected', '534'],
    ['MAIL FROM', '553 5.7.1 Sender address rejected: not owned by user', 'rejected', '5.7.1'],
    ['MAIL FROM', '552 Message size exceeds', 'rejected', '552'],
    // Nobody is logged in: no mail will pass, whoever it is from.
    ['MAIL FROM', '535 5.7.3 Authentication unsuccessful', 'config', '5.7.3'],
    ['MAIL FROM', '535 Authentication unsuccessful', 'config', '535'],
    ['MAIL FROM', '530 5.7.57 Client not authenticated', 'config', '5.7.57'],
    ['AUTH PLAIN', '535 5.7.8 Error: authentication failed', 'config', '5.7.8'],
    ['AUTH PLAIN', '530 5.7.0 Must issue a STARTTLS command first', 'config', '5.7.0'],
    ['RCPT TO', '550 5.1.1 unknown', 'rejected', '5.1.1'],
  ])('%s: %s to the null sender is %s, never again', (command, response, code, providerCode) => {
    for (const handedOver of [false, true]) {
      const error = smtpError(reply(command, response), { handedOver, nullSender: true });
      expect(error).toMatchObject({ code, retry: 'never', providerCode, certainty: 'not_sent' });
    }
  });

  test('the daily limit and a server that is busy are not about the null sender', () => {
    const progress = { handedOver: false, nullSender: true };
    expect(smtpError(reply('MAIL FROM', '550 5.4.5 Daily limit'), progress).code).toBe('throttled');
    expect(smtpError(reply('MAIL FROM', '421 4.3.2 bye'), progress).code).toBe('throttled');
  });

  test("outranks the library's code", () => {
    const error = reply('CONN', '550 5.1.1 no', 'ECONNECTION');
    expect(smtpError(error, after)).toMatchObject({
      code: 'rejected',
      retry: 'never',
      certainty: 'not_sent',
    });
    expect(smtpError(reply('DATA', '421 bye', 'ECONNECTION'), after)).toMatchObject({
      code: 'throttled',
      certainty: 'not_sent',
    });
  });
});

describe('no answer', () => {
  test.each([
    ['ECONNECTION', 'ECONNREFUSED', 'connection', 'backoff', 'ECONNREFUSED'],
    ['ESOCKET', 'ECONNRESET', 'connection', 'backoff', 'ECONNRESET'],
    ['ESOCKET', '', 'connection', 'backoff', 'ESOCKET'],
    ['EDNS', 'ENOTFOUND', 'connection', 'backoff', 'ENOTFOUND'],
    ['ETIMEDOUT', '', 'connection', 'backoff', 'ETIMEDOUT'],
    ['ETLS', '', 'connection', 'backoff', 'ETLS'],
    ['ESOCKET', 'CERT_HAS_EXPIRED', 'config', 'never', 'CERT_HAS_EXPIRED'],
    ['ESOCKET', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'config', 'never', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['EREQUIRETLS', '', 'config', 'never', 'EREQUIRETLS'],
    ['EAUTH', '', 'config', 'never', 'EAUTH'],
    ['EAUTH', 'EOAUTH2', 'config', 'never', 'EOAUTH2'],
    ['EPROTOCOL', '', 'bad_response', 'backoff', 'EPROTOCOL'],
    ['EMESSAGE', '', 'rejected', 'never', '5.3.4'],
    ['EENVELOPE', '', 'rejected', 'never', 'EENVELOPE'],
    ['EABORT', '', 'connection', 'backoff', 'aborted'],
    ['SOMETHING_NEW', '', 'connection', 'backoff', 'SOMETHING_NEW'],
  ])('%s (%s) is %s', (code, originalCode, expected, retry, providerCode) => {
    const error = failure({ code, originalCode });
    expect(smtpError(error, before)).toMatchObject({
      code: expected,
      retry,
      providerCode,
      certainty: 'not_sent',
    });
    expect(smtpError(error, after).certainty).toBe('unknown');
    expect(smtpError(error, before).message).not.toMatch(/secret|warga|@/);
  });

  test('a certificate whose code the library dropped', () => {
    const error = Object.assign(new Error('Error initiating TLS - self-signed certificate'), {
      code: 'ETLS',
    });
    expect(smtpError(error, before)).toMatchObject({ code: 'config' });
  });

  test('an access token that could not be had keeps the verdict of who fetches it', () => {
    const cause = new ChannelError('connection', 'The token server was not reached', { retry: 'backoff' });
    const error = Object.assign(new Error('no access token', { cause }), { code: 'EAUTH' });
    expect(smtpError(error, before)).toBe(cause);
  });

  test.each([undefined, null, 'text', 7, new Error('x'), new DOMException('aborted', 'AbortError')])(
    'anything else (%p) is in doubt exactly where the mail was out',
    (cause) => {
      expect(smtpError(cause, before)).toMatchObject({ code: 'connection', certainty: 'not_sent' });
      expect(smtpError(cause, after)).toMatchObject({ code: 'connection', certainty: 'unknown' });
    },
  );
});
