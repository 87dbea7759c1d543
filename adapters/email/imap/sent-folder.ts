import type { ImapFlow } from 'imapflow';
import { ChannelError } from '../../../src/core/channel-error.js';
import type { MessageIds } from '../mail.js';
import type { EmailSettings } from '../settings.js';
import { connect, disconnect, type ConnectOptions } from './connect.js';
import { imapError } from './errors.js';
import { reachMailboxes, type ReachOptions } from './reach.js';

/** A connection is kept for the next copy so long: replies come in bursts, and a login takes a while. */
const KEEP_MS = 30_000;
const DAY_MS = 86_400_000;
/** Newest mails of the folder among which one of ours is looked for. People send from the same account. */
const LOOKED_AT = 200;

export interface SentFolder {
  /** True where copies are ours to write; otherwise `append` does nothing. */
  readonly wantsCopies: boolean;
  /** Files a copy of what was sent, as it was sent. Throws ChannelError: the mail itself is out all the same. */
  append(raw: Buffer, signal: AbortSignal): Promise<void>;
  /**
   * Whether a mail with that Message-ID (without angle brackets) is there. `absent` only where the server files
   * everything by itself, which another mail of ours in that folder must prove, found by its Message-ID: the lack of
   * a copy of our own may mean that we died before we wrote it. `unknown` also where the server refuses to search.
   * Throws ChannelError where it cannot be asked.
   */
  find(messageId: string, since: Date, signal: AbortSignal): Promise<'sent' | 'absent' | 'unknown'>;
  close(): Promise<void>;
}

export interface SentFolderOptions extends ReachOptions {
  /** By which a mail in the folder is known as ours. */
  readonly messageIds: Pick<MessageIds, 'read'>;
}

/** In the first mailbox. Undefined where there is none, or no `sentFolder`. Throws ChannelError. */
export function createSentFolder(
  settings: EmailSettings,
  options: SentFolderOptions,
): SentFolder | undefined {
  const { sentFolder: path, serverFilesSent } = settings;
  const [mailbox] = reachMailboxes(settings, options);
  if (path === undefined || mailbox === undefined) return undefined;
  const line = new Line(mailbox);
  // A setting may be wrong, and a server may give mails ids of its own: it is believed when it has been seen to work.
  let isProven = false;
  return {
    wantsCopies: !serverFilesSent,
    append: async (raw, signal) => {
      if (serverFilesSent) return;
      const filed = await line.use(signal, (client) => client.append(path, raw, ['\\Seen']));
      if (filed === false) throw refused();
    },
    find: (messageId, since, signal) =>
      line.use(signal, async (client) => {
        const lock = await client.getMailboxLock(path, { readOnly: true });
        try {
          const found = await isThere(client, messageId, since);
          if (found === true) {
            isProven = true;
            return 'sent';
          }
          if (found === undefined || !serverFilesSent) return 'unknown';
          if (isProven) return 'absent';
          const ours = await newestOf(client, options.messageIds);
          if (ours.includes(messageId)) return 'sent';
          const [newest] = ours;
          isProven = newest !== undefined && (await isThere(client, newest)) === true;
          return isProven ? 'absent' : 'unknown';
        } finally {
          lock.release();
        }
      }),
    close: () => line.close(),
  };
}

/** Undefined where the server does not say. */
async function isThere(client: ImapFlow, messageId: string, since?: Date): Promise<boolean | undefined> {
  const found = await client.search(
    {
      header: { 'Message-ID': `<${messageId}>` },
      ...(since && { since: new Date(since.getTime() - DAY_MS) }),
    },
    { uid: true },
  );
  return Array.isArray(found) ? found.length > 0 : undefined;
}

/** Message-IDs of the mails of ours that lie there, newest first. */
async function newestOf(client: ImapFlow, { read }: Pick<MessageIds, 'read'>): Promise<string[]> {
  const { exists } = client.mailbox || { exists: 0 };
  if (exists === 0) return [];
  const mails = await client.fetchAll(`${Math.max(1, exists - LOOKED_AT + 1)}:*`, { envelope: true });
  const ids = mails.map(({ envelope }) => envelope?.messageId?.trim().replaceAll(/^<|>$/g, '') ?? '');
  return ids.filter((id) => read(id) !== undefined).toReversed();
}

/** One connection, used by one at a time, and given up when nobody needs it for a while. */
class Line {
  readonly #options: ConnectOptions;
  #client: ImapFlow | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  async use<T>(signal: AbortSignal, work: (client: ImapFlow) => Promise<T>): Promise<T> {
    const mine = this.#turn.then(() => this.#alone(signal, work));
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }

  async close(): Promise<void> {
    await this.#turn;
    clearTimeout(this.#idle);
    if (this.#client) await disconnect(this.#client);
    this.#client = undefined;
  }

  /** Asked before it is used: a copy that was perhaps written cannot be tried again. */
  async #kept(): Promise<ImapFlow | undefined> {
    const client = this.#client;
    await client?.noop().catch(() => undefined);
    return client?.usable === true ? client : undefined;
  }

  async #alone<T>(signal: AbortSignal, work: (client: ImapFlow) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    const client = (await this.#kept()) ?? (await connect(this.#options, signal));
    this.#client = client;
    const giveUp = () => client.close();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await work(client);
    } catch (error) {
      throw imapError(error);
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.#idle = setTimeout(() => void disconnect(client), KEEP_MS).unref();
    }
  }
}

function refused(): ChannelError {
  return new ChannelError('bad_response', 'Mail server: the copy of a reply was refused', {
    retry: 'backoff',
  });
}
