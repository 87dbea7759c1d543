/** A pool of connections to our mail server, and for each mail how far it got. */
import { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import type { ChannelError } from '../../../src/core/channel-error.js';
import type { AccessTokens } from '../imap/index.js';
import type { ComposedMail } from './compose.js';
import { smtpError, type SendProgress } from './errors.js';

/**
 * Shorter than what RFC 5321 (4.5.3.2) asks of a relay: whoever waits longer is reconciled, and the caller's signal
 * ends an attempt in any case.
 */
const CONNECT_TIMEOUT_MS = 15_000;
const SOCKET_TIMEOUT_MS = 120_000;
const CONNECTIONS = 3;
const MAILS_PER_CONNECTION = 100;
const SLICE_BYTES = 64 * 1024;

/** How far a mail got; written while it is sent. */
interface Progress {
  begun: boolean;
  handedOver: boolean;
}

/** The key under which a mail carries its progress through nodemailer. */
const PROGRESS = 'tabeaProgress';

export interface SmtpTransport {
  /** Resolves when the server has taken the mail. Throws ChannelError. */
  deliver(mail: ComposedMail, signal: AbortSignal): Promise<void>;
  /** Connects, logs in and says goodbye. Throws ChannelError. */
  verify(signal: AbortSignal): Promise<void>;
  /** Connections in use finish their mail first. */
  close(): void;
}

export interface TransportSettings {
  readonly smtpUrl: string;
  /** Instead of the password in `smtpUrl`. */
  readonly tokens?: AccessTokens | undefined;
}

export function createSmtpTransport(settings: TransportSettings): SmtpTransport {
  const pool = createTransport({
    ...optionsOf(settings),
    pool: true,
    maxConnections: CONNECTIONS,
    maxMessages: MAILS_PER_CONNECTION,
    // nodemailer itself tries another connection only where not a byte of the mail was read.
    maxRequeues: 2,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const tokens = settings.tokens && new TokenSource(settings.tokens);
  if (tokens) pool.set('oauth2_provision_cb', (_user, renew, done) => void tokens.provide(renew, done));
  const failed = (cause: unknown, progress: SendProgress): ChannelError => {
    const error = smtpError(cause, progress);
    if (error.code === 'config') tokens?.forget();
    return error;
  };
  pool.use('stream', (mail, done) => {
    const progress: unknown = Reflect.get(mail.data, PROGRESS);
    if (isProgress(progress)) mail.message.processFunc((input) => watched(input, progress));
    done();
  });

  return {
    async deliver({ raw, envelope }, signal) {
      const progress: Progress = { begun: false, handedOver: false };
      const nullSender = envelope.from === '';
      const mail = { raw, envelope: { ...envelope }, signal, [PROGRESS]: progress };
      try {
        await pool.sendMail(mail);
      } catch (error) {
        throw failed(error, { handedOver: progress.handedOver, nullSender });
      }
    },
    async verify(signal) {
      try {
        await within(() => pool.verify(), signal);
      } catch (error) {
        throw failed(error, { handedOver: false, nullSender: false });
      }
    },
    close: () => pool.close(),
  };
}

/**
 * The mail as the connection draws it. The library tells of every lost connection with the same code, whether it
 * broke before or after DATA; but it draws the mail only after the server's 354, and ends DATA only after the end.
 */
function watched(input: Readable, progress: Progress): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    // A fence: whatever the pool does, a mail that was drawn once goes over no second connection.
    if (progress.begun) throw new Error('this mail was begun before');
    progress.begun = true;
    const whole: AsyncIterable<Buffer> = input;
    for await (const chunk of whole) yield* slices(chunk);
    progress.handedOver = true;
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** A large mail comes in one piece; drawn so, it would count as out while most of it still waits here. */
function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}

function isProgress(value: unknown): value is Progress {
  return typeof value === 'object' && value !== null && 'handedOver' in value;
}

function optionsOf({ smtpUrl, tokens }: TransportSettings) {
  const url = new URL(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  const [user, pass] = [url.username, url.password].map((part) => decodeURIComponent(part));
  const auth = user ? { auth: authOf(user, pass ?? '', tokens) } : {};
  return {
    host,
    port: url.port ? Number(url.port) : secure ? 465 : 587,
    secure,
    // A password never goes in the clear over a network, not even where somebody removes STARTTLS on the way.
    requireTLS: !secure && user !== '' && !isLoopback(host),
    ...auth,
  };
}

function authOf(user: string, pass: string, tokens: AccessTokens | undefined) {
  return tokens === undefined ? { user, pass } : { type: 'OAuth2' as const, user };
}

/** Access tokens are shared with the reading of the mailbox: some providers end the old one with each new one. */
class TokenSource {
  readonly #tokens: AccessTokens;
  #last: string | undefined;

  constructor(tokens: AccessTokens) {
    this.#tokens = tokens;
  }

  /** As nodemailer asks for one; `renew`: the last was refused. */
  async provide(renew: boolean, done: (error: Error | null, token?: string) => void): Promise<void> {
    if (renew) this.forget();
    let failure: Error | null = null;
    try {
      this.#last = await this.#tokens.get();
    } catch (cause) {
      // The library writes its own code over that of the error it is given.
      failure = new Error('no access token', { cause });
    }
    if (failure === null) done(null, this.#last);
    else done(failure);
  }

  /** Not every server says in the way of XOAUTH2 that it refuses a token; the next one may be good. */
  forget(): void {
    if (this.#last !== undefined) this.#tokens.forget(this.#last);
  }
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}

/** The library's check of a connection knows no signal; what it left open ends by its own time limits. */
async function within<T>(begin: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const work = begin();
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new DOMException('given up', 'AbortError'));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
  }
}
