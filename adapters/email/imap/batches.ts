/** The mails of a folder in order, in portions that fit into memory. */
import type { PulledItem } from '../../../src/core/channel.js';
import { ChannelError } from '../../../src/core/channel-error.js';
import { imapError, isRefusal } from './errors.js';
import { WINDOW_BYTES, type MailFolder, type MailRow } from './folder.js';
import type { LeftOut } from './item.js';
import type { Stumbles } from './stumbles.js';

/** Mails of one FETCH. */
const CHUNK_MAILS = 50;
/** Mails that are being read at once. */
const PARSED_AT_ONCE = 8;

/** What goes into the store together. Everything up to `lastUid` is in it, or in one before. */
export interface Batch {
  readonly items: readonly PulledItem[];
  readonly lastUid: number;
  /** Latest arrival. */
  readonly newest: Date | undefined;
  /** UIDs of the mails that are in it as a whole: what is done afterwards concerns these. */
  readonly whole: readonly number[];
}

export interface BatchOptions {
  readonly toItem: (mail: MailRow, leftOut?: LeftOut) => Promise<PulledItem>;
  readonly maxMessageBytes: number;
  /** Of the UIDs up to `upTo`, only what came since then is taken. */
  readonly only?: { readonly since: Date; readonly upTo: number } | undefined;
  readonly stumbles: Stumbles;
  /** Resolves when what was handed over last is out of memory. */
  readonly settled: () => Promise<void>;
  /** Ends it all: what breaks then is nobody's fault. */
  readonly signal: AbortSignal;
}

/** A mail with what it says: not yet read where it goes on beyond the window. */
interface Taken {
  readonly row: MailRow;
  readonly item: Promise<PulledItem> | undefined;
}

/** Ascending `uids`, each once. Throws ChannelError where server or connection fail. */
export async function* batches(
  folder: MailFolder,
  uids: readonly number[],
  options: BatchOptions,
): AsyncGenerator<Batch> {
  const { stumbles, signal } = options;
  for (let start = 0; start < uids.length;) {
    const chunk = uids.slice(start, start + stumbles.chunkSize(uids[start] ?? 0, CHUNK_MAILS));
    start += chunk.length;
    try {
      yield* portions(folder, chunk, options);
    } catch (error) {
      if (!signal.aborted) stumbles.note(chunk, error);
      throw error;
    }
  }
}

async function* portions(
  folder: MailFolder,
  chunk: readonly number[],
  options: BatchOptions,
): AsyncGenerator<Batch> {
  const taken = await fetchChunk(folder, chunk, options);
  let open: Taken[] = [];
  let passed = 0;
  for (const one of taken) {
    if (one.item !== undefined) {
      open.push(one);
      continue;
    }
    // A big mail travels alone, and only when nothing else is in memory that need not be.
    if (open.length > 0) yield await batchOf(open, one.row.uid - 1);
    open = [];
    await options.settled();
    const big = await downloadBig(folder, one.row, options);
    if (big !== undefined) yield await batchOf([big], (passed = big.row.uid), big.isWhole);
  }
  // Also where nothing was taken: what is behind us need not be asked for again.
  const last = chunk.at(-1) ?? 0;
  if (passed < last) yield await batchOf(open, last);
}

async function batchOf(taken: readonly Taken[], lastUid: number, whole = true): Promise<Batch> {
  const items = await Promise.all(taken.map(async ({ item }) => await item));
  const arrivals = taken.map(({ row }) => row.arrived?.getTime() ?? 0);
  const newest = Math.max(0, ...arrivals);
  return {
    items: items.filter((item) => item !== undefined),
    lastUid,
    newest: newest === 0 ? undefined : new Date(newest),
    whole: whole ? taken.filter(({ row }) => row.bytes.length > 0).map(({ row }) => row.uid) : [],
  };
}

/** In ascending order of UIDs, whatever the order in which the server answers. */
async function fetchChunk(
  folder: MailFolder,
  chunk: readonly number[],
  options: BatchOptions,
): Promise<readonly Taken[]> {
  const { stumbles, toItem, only } = options;
  const asked = new Set(chunk);
  const taken = new Map<number, Taken>();
  const reading = new Set<Promise<void>>();
  const take = async (row: MailRow, leftOut?: LeftOut) => {
    // An answer may come twice, or for a mail that was not asked for.
    if (!asked.delete(row.uid) || isTooOld(row, only)) return;
    const isWhole = leftOut !== undefined || row.bytes.length !== WINDOW_BYTES;
    const item = isWhole ? toItem(row, leftOut) : undefined;
    taken.set(row.uid, { row, item });
    if (item === undefined) return;
    const read: Promise<void> = item.then(
      () => void reading.delete(read),
      () => void reading.delete(read),
    );
    reading.add(read);
    if (reading.size >= PARSED_AT_ONCE) await Promise.race(reading);
  };

  const [first = 0] = chunk;
  if (stumbles.isGivenUp(first)) {
    await take(nothingOf(first), 'unavailable');
  } else {
    await fetchRows(folder, chunk, take);
    if (asked.size > 0) await fetchMissing(folder, [...asked], take);
  }
  return [...taken.values()].toSorted((a, b) => a.row.uid - b.row.uid);
}

async function fetchRows(
  folder: MailFolder,
  uids: readonly number[],
  take: (row: MailRow) => Promise<void>,
): Promise<void> {
  const rows = folder.rows(uids);
  for (;;) {
    let next;
    try {
      next = await rows.next();
    } catch (error) {
      // It may do so for the sake of a single mail: the others are asked for one by one.
      if (isRefusal(error)) return;
      throw imapError(error);
    }
    if (next.done === true) return;
    await take(next.value);
  }
}

/** What was asked for and did not come: expunged meanwhile, or a mail at which the server fails. */
async function fetchMissing(
  folder: MailFolder,
  missing: readonly number[],
  take: (row: MailRow) => Promise<void>,
): Promise<void> {
  for (const uid of await folder.remaining(missing)) {
    let came = false;
    await fetchRows(folder, [uid], async (row) => {
      came ||= row.uid === uid;
      await take(row);
    });
    if (!came) await demandGone(folder, uid);
  }
}

/** A mail that is there and does not come is tried again, and is given up in the end, but never passed over. */
async function demandGone(folder: MailFolder, uid: number): Promise<void> {
  const [still] = await folder.remaining([uid]);
  if (still === undefined) return;
  throw new ChannelError('bad_response', 'Mail server: a mail is there and is not handed out', {
    retry: 'backoff',
  });
}

async function downloadBig(
  folder: MailFolder,
  row: MailRow,
  { toItem, maxMessageBytes }: BatchOptions,
): Promise<(Taken & { readonly isWhole: boolean }) | undefined> {
  const bytes = await folder.download(row.uid, maxMessageBytes);
  if (bytes === undefined) {
    await demandGone(folder, row.uid);
    return undefined;
  }
  if (bytes === 'too_large') return { row, item: toItem(row, 'too_large'), isWhole: false };
  return { row, item: toItem({ ...row, bytes }), isWhole: true };
}

function isTooOld({ uid, arrived }: MailRow, only: BatchOptions['only']): boolean {
  if (only === undefined || uid > only.upTo || arrived === undefined) return false;
  return arrived < only.since;
}

function nothingOf(uid: number): MailRow {
  return { uid, arrived: undefined, gmailId: undefined, bytes: Buffer.alloc(0) };
}
