/**
 * What a mail server's refusals and a broken connection mean for us: the one place that maps them to
 * ChannelError. Response codes: https://www.rfc-editor.org/rfc/rfc5530, https://www.rfc-editor.org/rfc/rfc9051#section-7.1
 */
import { ChannelError, type ChannelErrorCode } from '../../../src/core/channel-error.js';

export const LOGIN_REMEDY =
  'check user and password in imapUrl; Gmail and most providers want an app password or OAuth2';

/** Nothing the account or we did: it goes away by itself. */
const TEMPORARY = new Set(['UNAVAILABLE', 'INUSE', 'SERVERBUG']);
const THROTTLED = new Set(['LIMIT', 'THROTTLED', 'ETHROTTLE']);
/** Gmail and Outlook say it in words only; the words themselves are not passed on. */
const THROTTLED_WORDS = /too many|throttl|rate.?limit|exceeded .*(bandwidth|limits?)|try again later/i;
const TEMPORARY_WORDS = /temporar|unavailable|internal error|system error/i;

const TLS_FAILURE =
  /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO$)/;
/** What the operating system and the client call a connection that is not there. */
const CONNECTION = new Set([
  'NoConnection',
  'EConnectionClosed',
  'StateLogout',
  'ClosedAfterConnectText',
  'ClosedAfterConnectTLS',
  'CONNECT_TIMEOUT',
  'GREETING_TIMEOUT',
  'UPGRADE_TIMEOUT',
  'ETIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Mistakes of ours, which must not look like a fault of the server. */
const BUGS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AssertionError']);

/** A server's wish for patience is believed between these. */
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15 * 60_000;

/** What is read of an error of the client; its texts may name people and are not passed on. */
interface ImapFailure {
  readonly name: string;
  readonly code: string;
  /** Code in brackets of the server's answer. */
  readonly responseCode: string;
  readonly status: string;
  readonly text: string;
  readonly authenticationFailed: boolean;
  readonly tlsFailed: boolean;
  readonly mailboxMissing: boolean;
  readonly throttleMs: number | undefined;
}

/** Any failure of the connection or of the server. A mistake of ours comes back as it is. */
export function imapError(cause: unknown): Error {
  if (cause instanceof ChannelError) return cause;
  if (cause instanceof Error && BUGS.has(cause.name)) return cause;
  const failure = read(cause);
  if (failure.authenticationFailed) return loginError(failure);
  if (failure.mailboxMissing || failure.responseCode === 'NONEXISTENT' || failure.code === 'NotFound') {
    return failed(failure, 'config', 'a configured folder is not there: check the names of the folders');
  }
  if (failure.tlsFailed || TLS_FAILURE.test(failure.code)) return tlsError(failure);
  if (THROTTLED.has(failure.code) || THROTTLED.has(failure.responseCode)) return throttled(failure);
  if (CONNECTION.has(failure.code))
    return failed(failure, 'connection', 'the connection was lost or not made');
  if (failure.status === 'NO' || failure.status === 'BAD') return refusal(failure);
  if (failure.status === 'BYE') return failed(failure, 'connection', 'the server closed the connection');
  return failed(failure, 'bad_response', 'the answer cannot be understood');
}

/** True where the server looked at this one request and said no: asking for something else may well work. */
export function isRefusal(cause: unknown): boolean {
  const failure = read(cause);
  if (failure.status !== 'NO' && failure.status !== 'BAD') return false;
  return !isPassing(failure) && !THROTTLED.has(failure.code);
}

function loginError(failure: ImapFailure): ChannelError {
  if (THROTTLED.has(failure.responseCode) || THROTTLED_WORDS.test(failure.text)) return throttled(failure);
  if (isPassing(failure)) return failed(failure, 'connection', 'the login is not possible at present');
  return failed(failure, 'config', `the mailbox refuses the login: ${LOGIN_REMEDY}`);
}

function tlsError(failure: ImapFailure): ChannelError {
  const remedy =
    'its certificate is not trusted or not valid for that name: check the host, or name the CA in NODE_EXTRA_CA_CERTS';
  // A renewed certificate mends it without us.
  return failed(failure, 'config', `no safe connection: ${remedy}`, 'backoff');
}

function refusal(failure: ImapFailure): ChannelError {
  if (THROTTLED_WORDS.test(failure.text)) return throttled(failure);
  if (isPassing(failure)) return failed(failure, 'connection', 'the server has a fault');
  if (failure.responseCode === 'NOPERM') {
    return failed(failure, 'config', 'the account may not do that: check the permissions of the folders');
  }
  return failed(failure, 'bad_response', 'a command was refused');
}

function isPassing(failure: ImapFailure): boolean {
  return TEMPORARY.has(failure.responseCode) || TEMPORARY_WORDS.test(failure.text);
}

function throttled(failure: ImapFailure): ChannelError {
  const { throttleMs } = failure;
  const wait = Math.min(Math.max(throttleMs ?? 0, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
  return new ChannelError('throttled', 'The mail server asks for patience', {
    retry: throttleMs === undefined ? 'backoff' : { afterMs: wait },
    providerCode: codeOf(failure),
  });
}

function failed(
  failure: ImapFailure,
  code: ChannelErrorCode,
  words: string,
  retry: 'never' | 'backoff' = code === 'config' ? 'never' : 'backoff',
): ChannelError {
  const providerCode = codeOf(failure);
  return new ChannelError(code, `Mail server: ${words} (${providerCode})`, { retry, providerCode });
}

/** Codes only, and only what looks like one. */
function codeOf({ responseCode, code, status, name }: ImapFailure): string {
  const found = [responseCode, code, status, name].find((one) => /^[A-Za-z][\w.-]{0,60}$/.test(one));
  return found ?? 'unknown';
}

function read(cause: unknown): ImapFailure {
  const fields: Readonly<Record<string, unknown>> =
    typeof cause === 'object' && cause !== null ? Object.fromEntries(Object.entries(cause)) : {};
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
  const throttle = fields['throttleReset'];
  return {
    name: cause instanceof Error ? cause.name : '',
    code: text('code'),
    responseCode: text('serverResponseCode').toUpperCase(),
    status: text('responseStatus').toUpperCase(),
    text: `${text('responseText')} ${text('response')}`,
    authenticationFailed: fields['authenticationFailed'] === true,
    tlsFailed: fields['tlsFailed'] === true,
    mailboxMissing: fields['mailboxMissing'] === true,
    throttleMs: typeof throttle === 'number' ? throttle : undefined,
  };
}
