/**
 * What a mail server's answers and nodemailer's errors mean for us: the one place that maps them to ChannelError.
 * Replies: https://www.rfc-editor.org/rfc/rfc5321#section-4.2 · codes: https://www.rfc-editor.org/rfc/rfc3463
 */
import { ChannelError, type ChannelErrorCode, type RetryVerdict } from '../../../src/core/channel-error.js';

/** How far the exchange had come. */
export interface SendProgress {
  /**
   * True from the moment at which the last byte of the mail was handed to the connection: the `.` that ends DATA
   * may have reached the server. Before it a server takes nothing (RFC 5321, section 4.1.1.4).
   */
  readonly handedOver: boolean;
  /** The mail went with `MAIL FROM:<>`. */
  readonly nullSender: boolean;
}

/** A wish for patience without a time is believed for so long; mail servers count in minutes. */
const QUOTA_WAIT_MS = 15 * 60_000;

/** Account or credentials: no mail will go out until a person acts. The x.7.57 … ones are Exchange Online's. */
const CONFIG_REPLIES = new Set([530, 534, 538]);
const LOGIN_CODES = new Set(['5.7.8', '5.7.9', '5.7.11', '5.7.14', '5.7.57', '5.7.139']);
/** The sender, wherever in the exchange it is said; Exchange Online says 5.7.60 after the whole mail. */
const SENDER_CODES = new Set(['5.1.7', '5.1.8', '5.7.60']);
/** Gmail's daily limit, though it is said with 550: https://support.google.com/a/answer/3726730 */
const QUOTA_CODE = '5.4.5';
const TOO_LARGE_CODES = new Set(['5.3.4', '5.2.3']);
/** Where a refusal concerns the line and not one recipient. */
const BEFORE_MAIL = /^(?:CONN|EHLO|HELO|LHLO|STARTTLS|AUTH.*|API)?$/;

const WORDS: Readonly<Record<string, string>> = {
  '5.1.1': 'the recipient does not exist',
  '5.1.2': 'the domain of the recipient does not exist',
  '5.1.3': 'the address of the recipient is not valid',
  '5.1.10': 'the recipient does not exist',
  '5.2.1': 'the mailbox of the recipient is closed',
  '5.2.2': 'the mailbox of the recipient is full',
  '4.2.2': 'the mailbox of the recipient is full',
  '5.4.1': 'the recipient does not exist',
  '5.7.1': 'the policy of the server forbids it',
  '5.7.26': 'our mail is not authenticated: check SPF and DKIM of the sender',
};

const CERTIFICATE = /^(?:CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** What is read of an error; `response` is the server's own text and names addresses: never passed on. */
interface Failure {
  readonly code: string;
  readonly originalCode: string;
  readonly command: string;
  readonly name: string;
  readonly message: string;
  readonly reply: { readonly code: number; readonly enhanced: string | undefined } | undefined;
}

/** @param error whatever nodemailer rejected with. Its own text stays behind: it quotes addresses. */
export function smtpError(error: unknown, progress: SendProgress): ChannelError {
  if (error instanceof ChannelError) return error;
  // An access token that could not be had; whoever fetches them has judged already.
  if (error instanceof Error && error.cause instanceof ChannelError) return error.cause;
  const failure = read(error);
  // What the server said is certain, whatever the library made of it.
  if (failure.reply !== undefined && failure.reply.code >= 400)
    return replyError(failure.reply, failure, progress);
  return libraryError(failure, progress);
}

interface Verdict {
  readonly code: ChannelErrorCode;
  readonly words: string;
  readonly retry: RetryVerdict;
}

function replyError(
  reply: NonNullable<Failure['reply']>,
  failure: Failure,
  progress: SendProgress,
): ChannelError {
  const verdict = judge(reply.code, reply.enhanced ?? '', failure, progress);
  const providerCode = reply.enhanced ?? String(reply.code);
  // A refusal says that it was not taken, also after DATA.
  return new ChannelError(
    verdict.code,
    `The mail server answered ${reply.code}, code ${providerCode}: ${verdict.words}`,
    { retry: verdict.retry, certainty: 'not_sent', providerCode },
  );
}

function judge(code: number, enhanced: string, failure: Failure, progress: SendProgress): Verdict {
  // A reply on which the connection ended stands under CONN, also where it was about the recipient.
  const early = BEFORE_MAIL.test(failure.command) && !/^[45]\.[12]\./.test(enhanced);
  if (enhanced === QUOTA_CODE) {
    return { code: 'throttled', words: 'the daily limit is reached', retry: { afterMs: QUOTA_WAIT_MS } };
  }
  if (isThrottled(code, enhanced)) return { code: 'throttled', words: 'too many at once', retry: 'backoff' };
  if (code < 500) {
    return early || failure.command === 'MAIL FROM'
      ? { code: 'connection', words: 'the server is not ready', retry: 'backoff' }
      : // Greylisting and full mailboxes concern one recipient: the others need not wait.
        { code: 'rejected', words: wordsOf(enhanced, 'not now, try again'), retry: 'backoff' };
  }
  if (code === 552 && enhanced !== '5.2.2') return tooLarge();
  if (TOO_LARGE_CODES.has(enhanced)) return tooLarge();
  // Before what is about the configuration: answers of people, who have a sender, must not wait for this.
  if (progress.nullSender && isAboutSender(code, enhanced, failure)) {
    return { code: 'rejected', words: 'it takes no mail from the null sender', retry: 'never' };
  }
  if (code === 503)
    return { code: 'bad_response', words: 'commands came out of order for it', retry: 'backoff' };
  if (CONFIG_REPLIES.has(code) || isAboutLogin(code, enhanced, failure) || enhanced === '5.7.60') {
    return { code: 'config', words: 'check user, password and rights in smtpUrl', retry: 'never' };
  }
  if (early) return { code: 'config', words: 'it does not serve us: check smtpUrl', retry: 'never' };
  if (failure.command === 'MAIL FROM') {
    return { code: 'config', words: 'it does not take our sender: check "from"', retry: 'never' };
  }
  return { code: 'rejected', words: wordsOf(enhanced, 'the mail is refused'), retry: 'never' };
}

/** 421 ends the connection; 450 and 454 with x.7.x are policy limits; 4.7.5xx is Exchange Online's "server busy". */
function isThrottled(code: number, enhanced: string): boolean {
  if (code === 421) return true;
  if (/^4\.7\.[56]\d\d$/.test(enhanced)) return true;
  return (code === 450 || code === 454) && enhanced.startsWith('4.7.');
}

function isAboutSender(code: number, enhanced: string, failure: Failure): boolean {
  return (
    SENDER_CODES.has(enhanced) ||
    // Also 530, which some say to the null sender of somebody who has logged in long ago.
    (failure.command === 'MAIL FROM' && !isAboutLogin(code, enhanced, failure))
  );
}

function isAboutLogin(code: number, enhanced: string, failure: Failure): boolean {
  return code === 535 || LOGIN_CODES.has(enhanced) || failure.code === 'EAUTH';
}

function tooLarge(): Verdict {
  return { code: 'rejected', words: 'the mail is too large', retry: 'never' };
}

function wordsOf(enhanced: string, otherwise: string): string {
  return WORDS[enhanced] ?? otherwise;
}

function libraryError(failure: Failure, progress: SendProgress): ChannelError {
  const certainty = progress.handedOver ? 'unknown' : 'not_sent';
  const known = judgeLibrary(failure);
  const providerCode = failure.originalCode || failure.code || failure.name;
  const words = certainty === 'unknown' ? 'did not answer after it had the whole mail' : known.words;
  return new ChannelError(known.code, `The mail server ${words} (${providerCode})`, {
    retry: known.retry,
    certainty,
    providerCode: known.providerCode ?? providerCode,
  });
}

function judgeLibrary(failure: Failure): Verdict & { readonly providerCode?: string } {
  const { code, originalCode, message, name } = failure;
  if (code === 'EABORT' || name === 'AbortError') {
    return { code: 'connection', words: 'did not answer in time', retry: 'backoff', providerCode: 'aborted' };
  }
  // The library lays its own code over that of TLS, and for STARTTLS even drops it.
  const certificate =
    CERTIFICATE.test(originalCode) || CERTIFICATE.test(code) || /certificate/i.test(message);
  if (certificate || code === 'EREQUIRETLS') {
    return { code: 'config', words: 'has no certificate that we trust', retry: 'never' };
  }
  if (code === 'EAUTH' || code === 'ENOAUTH' || code === 'EOAUTH2') {
    return { code: 'config', words: 'cannot be logged in to: check smtpUrl and oauth2', retry: 'never' };
  }
  if (code === 'EMESSAGE') {
    return {
      code: 'rejected',
      words: 'does not take mails of this size',
      retry: 'never',
      providerCode: '5.3.4',
    };
  }
  if (code === 'EENVELOPE') return { code: 'rejected', words: 'cannot be told this address', retry: 'never' };
  if (code === 'EPROTOCOL') {
    return { code: 'bad_response', words: 'answered what SMTP does not know', retry: 'backoff' };
  }
  return { code: 'connection', words: 'was not reached', retry: 'backoff' };
}

function read(error: unknown): Failure {
  const from: object = typeof error === 'object' && error !== null ? error : {};
  const text = (name: string): string => {
    const value: unknown = Reflect.get(from, name);
    return typeof value === 'string' ? value : '';
  };
  return {
    code: text('code'),
    originalCode: text('originalCode'),
    command: text('command'),
    name: text('name') || 'unknown',
    message: text('message'),
    reply: readReply(text('response'), Reflect.get(from, 'responseCode')),
  };
}

/** `550-5.1.1 …` or `451 …`; the enhanced code counts only where it agrees with the reply (RFC 2034). */
function readReply(response: string, responseCode: unknown): Failure['reply'] {
  const [, digits, enhanced] = /^(\d{3})(?:[ -]([245]\.\d{1,3}\.\d{1,3})(?!\S))?/.exec(response) ?? [];
  const code = digits === undefined ? responseCode : Number(digits);
  if (typeof code !== 'number' || !Number.isInteger(code)) return undefined;
  return { code, enhanced: enhanced?.[0] === String(code)[0] ? enhanced : undefined };
}
