import type { Readable } from 'node:stream';
import type { FetchMessageObject, ImapFlow, MailboxLockObject } from 'imapflow';
import { ChannelError } from '../../../src/core/channel-error.js';
import { connect, disconnect, type ConnectOptions } from './connect.js';
import type { FolderState } from './cursor.js';
import { imapError } from './errors.js';

/** So much of each mail is asked for in one go: most are shorter, and 50 of them stay below 8 MB. */
export const WINDOW_BYTES = 160 * 1024;
const DOWNLOAD_BYTES = 1024 * 1024;
const DAY_MS = 86_400_000;

export interface FolderOptions extends ConnectOptions {
  readonly folder: string;
  /** True where mails are marked or moved. Otherwise the server is told that we only look. */
  readonly writes: boolean;
}

export interface MailRow {
  readonly uid: number;
  /** INTERNALDATE: when the server got it. Absent where the server says nothing readable. */
  readonly arrived: Date | undefined;
  /** X-GM-MSGID. */
  readonly gmailId: string | undefined;
  /** The mail, or its first WINDOW_BYTES. */
  readonly bytes: Buffer;
}

/** One folder on one connection. Every method throws ChannelError where server or connection fail. */
export class MailFolder {
  readonly state: FolderState;
  readonly #client: ImapFlow;
  readonly #lock: MailboxLockObject;
  #news = false;
  #wake: (() => void) | undefined;

  private constructor(client: ImapFlow, lock: MailboxLockObject, state: FolderState) {
    this.#client = client;
    this.#lock = lock;
    this.state = state;
    client.on('exists', () => {
      this.#news = true;
      this.#wake?.();
    });
    client.on('close', () => this.#wake?.());
  }

  static async open(options: FolderOptions, signal: AbortSignal): Promise<MailFolder> {
    const client = await connect(options, signal);
    const giveUp = () => client.close();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      // Held for the whole session: the client then keeps a quiet connection alive by itself.
      const lock = await client.getMailboxLock(options.folder, {
        readOnly: !options.writes,
        maxLockHoldTime: false,
      });
      return new MailFolder(client, lock, await readState(client));
    } catch (error) {
      client.close();
      throw imapError(error);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** UIDs from `first` on, ascending; `since` by day only, generously. */
  async uids(first: number, last: number | '*', since?: Date): Promise<number[]> {
    const found = await asked(() =>
      this.#client.search(
        // The server's day may have begun earlier than ours.
        { uid: `${first}:${last}`, ...(since && { since: new Date(since.getTime() - DAY_MS) }) },
        { uid: true },
      ),
    );
    if (!Array.isArray(found)) throw refused('a search was refused');
    // `5:*` names the last mail too where 5 lies above it.
    return found.filter((uid) => uid >= first).toSorted((a, b) => a - b);
  }

  /** Those of the mails that are still there. */
  async remaining(uids: readonly number[]): Promise<number[]> {
    const found = await asked(() => this.#client.search({ uid: sequenceSet(uids) }, { uid: true }));
    if (!Array.isArray(found)) throw refused('a search was refused');
    return found.toSorted((a, b) => a - b);
  }

  /**
   * The mails with the first of their bytes, as the server sends them; never marks anything. What is gone is
   * left out. No other command may be awaited before the end. Throws the client's own error.
   */
  async *rows(uids: readonly number[]): AsyncGenerator<MailRow> {
    const query = { uid: true, internalDate: true, source: { maxLength: WINDOW_BYTES } };
    for await (const message of this.#client.fetch(sequenceSet(uids), query, { uid: true })) {
      // Servers may tell of changed flags in between: a row without a source.
      if (message.source !== undefined) yield this.#row(message, message.source);
    }
  }

  /** The whole mail; `too_large` above `maxBytes`; undefined where it is gone. */
  async download(uid: number, maxBytes: number): Promise<Buffer | 'too_large' | undefined> {
    return await asked(async () => {
      const { meta, content } = await this.#client.download(String(uid), undefined, {
        uid: true,
        chunkSize: DOWNLOAD_BYTES,
        maxBytes: maxBytes + 1,
      });
      if (content === undefined) return undefined;
      if ((meta.expectedSize ?? 0) > maxBytes) {
        content.destroy();
        return 'too_large';
      }
      const bytes = await collect(content, meta.expectedSize ?? WINDOW_BYTES);
      return bytes.length > maxBytes ? 'too_large' : bytes;
    });
  }

  async markSeen(uids: readonly number[]): Promise<boolean> {
    return await asked(() =>
      this.#client.messageFlagsAdd(sequenceSet(uids), ['\\Seen'], { uid: true, silent: true }),
    );
  }

  /** False where the folder is not there, or the server could only do it by removing others' mails too. */
  async move(uids: readonly number[], to: string): Promise<boolean> {
    const { capabilities } = this.#client;
    // Without either, EXPUNGE would remove whatever else is marked as deleted: RFC 4315, 2.1.
    if (!capabilities.has('MOVE') && !capabilities.has('UIDPLUS') && !capabilities.has('IMAP4REV2'))
      return false;
    return (await asked(() => this.#client.messageMove(sequenceSet(uids), to, { uid: true }))) !== false;
  }

  /** Until the server tells of a mail (IDLE), or until it is time to look. Throws where the connection is lost. */
  async waitForNews(lookAfterMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#news && !signal.aborted) {
      // Ends when the next command is given. Where the server has no IDLE, only the time counts.
      if (this.#client.capabilities.has('IDLE')) void this.#client.idle().catch(() => undefined);
      await this.#woken(lookAfterMs, signal);
    }
    if (signal.aborted) return;
    // Also proves that somebody is there; a server may tell of new mail only in answer to a command.
    await asked(() => this.#client.noop());
    this.#news = false;
  }

  close(): void {
    this.#client.close();
  }

  async leave(): Promise<void> {
    this.#lock.release();
    await disconnect(this.#client);
  }

  #woken(afterMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, afterMs);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
      if (!this.#client.usable) done();
    });
  }

  #row(message: FetchMessageObject, bytes: Buffer): MailRow {
    const { uid, internalDate, emailId } = message;
    const { capabilities } = this.#client;
    // With OBJECTID the client asks for that id instead: another namespace, never the same string.
    const isGmail = capabilities.has('X-GM-EXT-1') && !capabilities.has('OBJECTID');
    return {
      uid,
      arrived: internalDate instanceof Date ? internalDate : undefined,
      gmailId: isGmail && emailId !== undefined && /^\d+$/.test(emailId) ? emailId : undefined,
      bytes,
    };
  }
}

async function readState(client: ImapFlow): Promise<FolderState> {
  const { mailbox } = client;
  if (mailbox === false) throw refused('the folder did not open');
  // Absent on servers that have none: then every UID is as good as the other's.
  const uidValidity = String(mailbox.uidValidity ?? 0);
  if (mailbox.uidNext > 0) return { uidValidity, highestUid: mailbox.uidNext - 1, saysNext: true };
  const last = mailbox.exists > 0 ? await client.fetchOne('*', { uid: true }) : false;
  return { uidValidity, highestUid: last === false ? 0 : last.uid, saysNext: false };
}

async function asked<T>(command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    throw imapError(error);
  }
}

function refused(words: string): ChannelError {
  return new ChannelError('bad_response', `Mail server: ${words}`, { retry: 'backoff' });
}

/** Into one buffer of the right size from the start: a mail of 50 MB is not held twice. */
async function collect(content: Readable, expected: number): Promise<Buffer> {
  let bytes = Buffer.allocUnsafeSlow(Math.max(expected, 1));
  let length = 0;
  for await (const part of content) {
    if (!Buffer.isBuffer(part)) continue;
    if (length + part.length > bytes.length) {
      // The server said less than it sends, as some do.
      const more = Buffer.allocUnsafeSlow(2 * (length + part.length));
      bytes.copy(more, 0, 0, length);
      bytes = more;
    }
    part.copy(bytes, length);
    length += part.length;
  }
  return bytes.subarray(0, length);
}

/** `1:50,53` of ascending UIDs. */
export function sequenceSet(uids: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const uid of uids) {
    const last = ranges.at(-1);
    if (last !== undefined && uid === last[1] + 1) last[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}:${to}`)).join(',');
}
