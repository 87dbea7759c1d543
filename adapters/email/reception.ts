/**
 * Takes mail from a forwarder or as the MX of a domain, and nothing else: it relays to nobody and logs nobody in.
 * `250` is said after the mail is durable, so whatever breaks before is tried again by the sending server.
 */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Clock, InboundSink, Logger, PullSource } from '../../src/core/channel.js';
import { ChannelError } from '../../src/core/channel-error.js';
import { itemFrom } from './item-from.js';
import type { MailParser } from './mail.js';
import { parseReceived, receivedRequest } from './reception/received.js';
import { recipientCheck } from './reception/recipients.js';
import { replies, SmtpReply } from './reception/replies.js';
import { Room } from './reception/room.js';

const MAX_CLIENTS = 50;
/** A forwarder is one address, so it may use most of them; a stranger may not use all. */
const MAX_CLIENTS_PER_ADDRESS = 30;
const IDLE_TIMEOUT_MS = 60_000;
/** However slowly a client writes: after that its connection is over. */
const CONNECTION_TIMEOUT_MS = 10 * 60_000;
/** For mails that are being stored when the reception closes. */
const CLOSE_TIMEOUT_MS = 10_000;
/** Several of the largest mails at once, and no more. */
const ROOM_IN_MAILS = 4;

export interface ReceptionOptions {
  readonly channelId: string;
  /** `smtp://127.0.0.1:2525`. */
  readonly url: string;
  readonly recipients: readonly string[];
  readonly messagesPerMinute: number;
  readonly maxMessageBytes: number;
  readonly parser: Pick<MailParser, 'parse'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when it listens. */
  readonly onListening?: (port: number) => void;
}

/** Listens while it runs. It has no cursor: what was not answered with 250 is still at the sender. */
export function createReception(options: ReceptionOptions): PullSource {
  return {
    name: 'smtp',
    run: (sink, _cursor, signal) => runReception(options, sink, signal),
  };
}

async function runReception(
  options: ReceptionOptions,
  sink: InboundSink,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const { channelId, logger } = options;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  signal.addEventListener('abort', end, { once: true });

  const server = createServer(options, sink, (error) => fail(error));
  try {
    const port = await listen(server, options.url);
    logger.info({ channel: channelId, port }, 'Mail is received by SMTP');
    options.onListening?.(port);
    await Promise.race([ended, failed]);
  } finally {
    signal.removeEventListener('abort', end);
    failed.catch(() => undefined);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

function createServer(
  options: ReceptionOptions,
  sink: InboundSink,
  onLost: (error: unknown) => void,
): SMTPServer {
  const { channelId, logger, maxMessageBytes } = options;
  const isOurs = recipientCheck(options.recipients);
  const limiter = new RateLimiterMemory({ points: options.messagesPerMinute, duration: 60 });
  const room = new Room(maxMessageBytes * ROOM_IN_MAILS);
  const clients = new Map<string, number>();

  const server = new SMTPServer({
    banner: 'Tabea',
    // There is nobody to log in, and the built-in certificate is published with the package.
    disabledCommands: ['AUTH', 'STARTTLS'],
    authOptional: true,
    // The library has one enhanced code for each reply code, and often the wrong one; ours stand in the texts.
    hideENHANCEDSTATUSCODES: true,
    size: maxMessageBytes,
    maxClients: MAX_CLIENTS,
    maxRecipients: 20,
    maxAllowedUnauthenticatedCommands: false,
    socketTimeout: IDLE_TIMEOUT_MS,
    closeTimeout: CLOSE_TIMEOUT_MS,
    // A look-up for every client would tell the resolver who writes, and hang where it hangs.
    disableReverseLookup: true,
    logger: false,

    onConnect({ remoteAddress }, done) {
      const count = (clients.get(remoteAddress) ?? 0) + 1;
      clients.set(remoteAddress, count);
      done(count > MAX_CLIENTS_PER_ADDRESS ? replies.tooManyConnections() : null);
    },
    onClose({ remoteAddress }) {
      const count = (clients.get(remoteAddress) ?? 1) - 1;
      if (count > 0) clients.set(remoteAddress, count);
      else clients.delete(remoteAddress);
    },
    onMailFrom(_address, { remoteAddress }, done) {
      void answered(limiter.consume(remoteAddress), replies.tooMany, done);
    },
    onRcptTo({ address }, _session, done) {
      done(isOurs(address) ? null : replies.notHere());
    },
    onData(stream, session, done) {
      void answered(receive(stream, session), replies.notStored, (error) => done(error, '2.0.0 Stored'));
    },
  });
  // Clients that break off come here too: none of our affairs.
  server.on('error', () => undefined);
  server.server.on('connection', (socket) => {
    const timer = setTimeout(() => socket.destroy(), CONNECTION_TIMEOUT_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  });

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> {
    let held = 0;
    const take = (bytes: number) => {
      const taken = room.take(bytes);
      // Without room for the rest, what is here of it goes at once, for others to come through.
      if (!taken) room.giveBack(held);
      held = taken ? held + bytes : 0;
      return taken;
    };
    try {
      const body = await readMail(stream, take);
      const { mailFrom } = session.envelope;
      const envelopeFrom = mailFrom === false ? '' : mailFrom.address;
      const request = receivedRequest(body, envelopeFrom, options.clock.now());
      const item = await itemFrom(request, () =>
        parseReceived(options.parser, channelId, request, sink.putBlob),
      );
      await sink.accept([item]).catch((error: unknown) => {
        // The contract of a sink: after that there is nobody to take anything in until the next run.
        onLost(error);
        throw error;
      });
    } catch (error) {
      if (!(error instanceof SmtpReply)) {
        const name = error instanceof Error ? error.name : 'unknown';
        logger.warn(
          { channel: channelId, error: name },
          'A received mail was not stored; its server keeps it',
        );
      }
      throw error;
    } finally {
      room.giveBack(held);
    }
  }
  return server;
}

/** The whole of DATA; of a mail that is too large the rest is read and dropped, as SMTP has no way to say stop. */
async function readMail(stream: SMTPServerDataStream, take: (bytes: number) => boolean): Promise<Buffer> {
  let chunks: Buffer[] = [];
  let noRoom = false;
  const incoming: AsyncIterable<Buffer> = stream;
  for await (const bytes of incoming) {
    if (!noRoom && !stream.sizeExceeded && take(bytes.length)) chunks.push(bytes);
    else {
      noRoom ||= !stream.sizeExceeded;
      chunks = [];
    }
  }
  if (stream.sizeExceeded) throw replies.tooLarge();
  if (noRoom) throw replies.noRoom();
  return Buffer.concat(chunks);
}

/** The library speaks in callbacks. */
async function answered(
  work: Promise<unknown>,
  otherwise: () => SmtpReply,
  done: (error: Error | null) => void,
): Promise<void> {
  let reply: SmtpReply | null = null;
  try {
    await work;
  } catch (error) {
    reply = error instanceof SmtpReply ? error : otherwise();
  }
  done(reply);
}

async function listen(server: SMTPServer, url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  try {
    await new Promise<void>((resolve, reject) => {
      server.server.once('error', reject);
      server.listen(port === '' ? 25 : Number(port), host, () => {
        server.server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw cannotListen(error);
  }
  const address = server.server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function cannotListen(error: unknown): ChannelError {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
  // A port that is taken is most often that of a process that is about to end.
  const soon = code === 'EADDRINUSE';
  return new ChannelError(
    soon ? 'connection' : 'config',
    `Cannot listen for mail on the address in reception.url (${code})`,
    { retry: soon ? 'backoff' : 'never', providerCode: code },
  );
}
