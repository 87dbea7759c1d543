import type { Clock, InboundSink, Logger, PullSource } from '../../../src/core/channel.js';
import { ChannelError } from '../../../src/core/channel-error.js';
import { itemFrom } from '../item-from.js';
import type { MailParser } from '../mail.js';
import type { EmailSettings } from '../settings.js';
import { batches, type Batch } from './batches.js';
import { MAX_IDLE_MS, type ConnectOptions } from './connect.js';
import {
  advance,
  firstCursor,
  isStale,
  readCursor,
  rescanCursor,
  sinceAttempt,
  type FolderCursor,
  type FolderState,
} from './cursor.js';
import { MailFolder } from './folder.js';
import { parseMail, requestOf } from './item.js';
import { Stumbles } from './stumbles.js';

export interface FolderSourceOptions {
  readonly connect: ConnectOptions;
  readonly folder: string;
  readonly settings: Pick<EmailSettings, 'since' | 'pollSeconds' | 'afterwards' | 'maxMessageBytes'>;
  readonly parser: Pick<MailParser, 'parse'>;
  readonly channelId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** For what is under way when we are told to end: mails that are stored are marked and moved as well. */
const GRACE_MS = 1_500;

/** What is gone through in one go. */
interface Drain {
  readonly folder: MailFolder;
  readonly sink: InboundSink;
  readonly uids: readonly number[];
  readonly only?: { readonly since: Date; readonly upTo: number } | undefined;
  readonly signal: AbortSignal;
  /** Called in order, when a batch is handed over; undefined leaves the cursor as it is. */
  readonly cursorAfter: (batch: Batch) => unknown;
}

/** One folder of a mailbox. */
export class FolderSource implements PullSource {
  readonly name: string;
  readonly #options: FolderSourceOptions;
  readonly #stumbles: Stumbles;
  /** When this process first tried to reach a folder that has no cursor yet. */
  #firstAttempt: Date | undefined;

  constructor(options: FolderSourceOptions) {
    this.name = `${options.connect.account.name}/${options.folder}`;
    this.#options = options;
    this.#stumbles = new Stumbles(options.clock);
  }

  async run(sink: InboundSink, saved: unknown, signal: AbortSignal): Promise<void> {
    const cursor = readCursor(saved);
    if (cursor === undefined) this.#firstAttempt ??= this.#options.clock.now();
    await this.#inFolder(signal, async (folder) => {
      let at = await this.#begin(folder.state, sink, cursor);
      const { pollSeconds } = this.#options.settings;
      while (!signal.aborted) {
        at = await this.#catchUp(folder, sink, at, signal);
        await folder.waitForNews(Math.min(pollSeconds * 1000, MAX_IDLE_MS), signal);
      }
    });
  }

  async backfill(sink: InboundSink, since: Date, signal: AbortSignal): Promise<void> {
    await this.#inFolder(signal, async (folder) => {
      const only = { since, upTo: Number.MAX_SAFE_INTEGER };
      const uids = await folder.uids(1, '*', since);
      await this.#drain({ folder, sink, uids, only, signal, cursorAfter: () => undefined });
    });
  }

  async #inFolder(signal: AbortSignal, work: (folder: MailFolder) => Promise<void>): Promise<void> {
    if (signal.aborted) return;
    const { connect, folder: name, settings } = this.#options;
    const { markSeen, moveTo } = settings.afterwards;
    const options = { ...connect, folder: name, writes: markSeen || moveTo !== undefined };
    let folder: MailFolder | undefined;
    let grace: NodeJS.Timeout | undefined;
    const giveUp = () => (grace = setTimeout(() => folder?.close(), GRACE_MS));
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      folder = await MailFolder.open(options, signal);
      await work(folder);
    } catch (error) {
      // Whatever was under way when we were told to end.
      if (signal.aborted && error instanceof ChannelError) return;
      throw error;
    } finally {
      signal.removeEventListener('abort', giveUp);
      clearTimeout(grace);
      await folder?.leave();
    }
  }

  /** Where to begin; what that changes in the cursor is saved at once. */
  async #begin(
    state: FolderState,
    sink: InboundSink,
    saved: FolderCursor | undefined,
  ): Promise<FolderCursor> {
    if (saved === undefined) return await this.#beginFirst(state, sink);
    if (!isStale(saved, state)) return saved;
    const at = rescanCursor(saved, state);
    await sink.accept([], at);
    this.#warn(at, 'The mail server has numbered a folder anew: reading again by date what may be new');
    return at;
  }

  async #beginFirst(state: FolderState, sink: InboundSink): Promise<FolderCursor> {
    const { clock, settings, channelId } = this.#options;
    const { since } = settings;
    const at = firstCursor(
      state,
      since === undefined ? sinceAttempt(this.#firstAttempt ?? clock.now()) : startOf(since),
    );
    await sink.accept([], at);
    this.#firstAttempt = undefined;
    if (since === undefined) {
      const remedy = `npx tabea backfill ${channelId} --from YYYY-MM-DD`;
      this.#warn(
        at,
        `A mail folder is read for the first time, without what lay there; to take it in: ${remedy}`,
      );
    }
    return at;
  }

  #warn({ scan }: FolderCursor, message: string): void {
    const { channelId, logger } = this.#options;
    logger.warn({ channel: channelId, source: this.name, since: scan?.since }, message);
  }

  async #catchUp(
    folder: MailFolder,
    sink: InboundSink,
    start: FolderCursor,
    signal: AbortSignal,
  ): Promise<FolderCursor> {
    const { clock } = this.#options;
    let at = start;
    if (start.scan !== undefined) {
      const only = { since: new Date(start.scan.since), upTo: start.scan.upTo };
      const uids = await folder.uids(start.lastUid + 1, Math.max(only.upTo, 1), only.since);
      const wanted = uids.filter((uid) => uid <= only.upTo);
      const cursorAfter = (batch: Batch) => (at = advance(at, batch.lastUid, batch.newest, clock.now()));
      await this.#drain({ folder, sink, uids: wanted, only, signal, cursorAfter });
      if (signal.aborted) return at;
      // Behind the last mail that is new enough.
      at = advance(at, only.upTo, undefined, clock.now());
      await sink.accept([], at);
    }
    const uids = await folder.uids(at.lastUid + 1, '*');
    const cursorAfter = (batch: Batch) => (at = advance(at, batch.lastUid, batch.newest, clock.now()));
    await this.#drain({ folder, sink, uids, signal, cursorAfter });
    return at;
  }

  /** While one batch becomes durable the next one is fetched; they are handed over one after the other. */
  async #drain({ folder, sink, uids, only, signal, cursorAfter }: Drain): Promise<void> {
    const { parser, channelId, clock, settings } = this.#options;
    const { uidValidity } = folder.state;
    let durable: Promise<void> = Promise.resolve();
    const hand = async (batch: Batch) => {
      const cursor = cursorAfter(batch);
      if (batch.items.length === 0 && cursor === undefined) return;
      await sink.accept(batch.items, cursor);
      await this.#afterwards(folder, batch.whole);
    };
    const portions = batches(folder, uids, {
      toItem: async (mail, leftOut) => {
        const pulled = { ...mail, folder: this.#options.folder, uidValidity, ...(leftOut && { leftOut }) };
        return await itemFrom(requestOf(pulled, clock.now()), (request) =>
          parseMail(parser, channelId, request, sink.putBlob),
        );
      },
      maxMessageBytes: settings.maxMessageBytes,
      only,
      stumbles: this.#stumbles,
      settled: () => durable,
      signal,
    });
    try {
      for await (const batch of portions) {
        await durable;
        if (signal.aborted) return;
        durable = hand(batch);
        // Nothing more is fetched in vain; the error itself is thrown below.
        durable.catch(() => folder.close());
      }
    } catch (error) {
      // Of two errors the store's is the cause of the other.
      await durable;
      throw error;
    } finally {
      await durable;
    }
  }

  /** Best effort: the mails are safe, and one that keeps its place does no harm. */
  async #afterwards(folder: MailFolder, uids: readonly number[]): Promise<void> {
    const { markSeen, moveTo } = this.#options.settings.afterwards;
    if (uids.length === 0) return;
    let done = true;
    if (markSeen) done = await folder.markSeen(uids);
    if (moveTo !== undefined) done = (await folder.move(uids, moveTo)) && done;
    if (done) return;
    const fields = { channel: this.#options.channelId, source: this.name, mails: uids.length };
    this.#options.logger.warn(
      fields,
      'Mails were stored, but could not be marked or moved: check afterwards',
    );
  }
}

/** That day begins earliest at UTC+14: rather a few hours too many than a complaint too few. */
function startOf(day: string): Date {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 14 * 3_600_000);
}
