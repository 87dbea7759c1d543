/** Where a folder has been read to. UIDs only grow, as long as UIDVALIDITY stays: RFC 9051, 2.3.1.1. */
import { z } from 'zod';
import { ChannelError } from '../../../src/core/channel-error.js';

const DAY_MS = 86_400_000;
/** Mail that was filed after it came, and clocks that differ. What is known already does no harm. */
const RESCAN_MARGIN_MS = 7 * DAY_MS;
/** INTERNALDATE has whole seconds, by the server's clock: rather minutes too many than a complaint too few. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

const scan = z.object({
  /** RFC 3339. */
  since: z.iso.datetime(),
  upTo: z.number().int().min(0),
});

const cursor = z.object({
  /** 32 bits by the standard, more in practice: kept as text. */
  uidValidity: z.string().regex(/^\d+$/),
  /** Everything up to it is done. */
  lastUid: z.number().int().min(0),
  /** Nothing that came to the mailbox before then is ours, ever. RFC 3339. */
  from: z.iso.datetime(),
  /** Newest arrival that was seen, by the server's clock: from where on to look when UIDs mean nothing any more. */
  seenUntil: z.iso.datetime(),
  /** While UIDs up to `upTo` are gone through by date: of those only what came since then is taken. */
  scan: scan.exactOptional(),
});

export type FolderCursor = z.output<typeof cursor>;

/** What the server says of the folder when it is opened. */
export interface FolderState {
  readonly uidValidity: string;
  /** 0 in a folder that never had a mail. */
  readonly highestUid: number;
  /** True where the server says itself which UID comes next. */
  readonly saysNext: boolean;
}

/** What was saved; undefined at the first start. */
export function readCursor(saved: unknown): FolderCursor | undefined {
  if (saved === undefined || saved === null) return undefined;
  const read = cursor.safeParse(saved);
  if (read.success) return read.data;
  const remedy = 'remove it and take in what is missing with a backfill';
  throw new ChannelError('config', `The saved position in a mail folder cannot be read: ${remedy}`, {
    retry: 'never',
  });
}

/** First start: what came from then on. */
export function firstCursor({ uidValidity, highestUid }: FolderState, since: Date): FolderCursor {
  const from = since.toISOString();
  return { uidValidity, lastUid: 0, from, seenUntil: from, scan: { since: from, upTo: highestUid } };
}

/**
 * From when on mail is ours that nobody named a day for. The attempt counts, not the success: while a server is
 * not reached, mail goes on arriving there.
 */
export function sinceAttempt(firstAttempt: Date): Date {
  return new Date(firstAttempt.getTime() - CLOCK_TOLERANCE_MS);
}

/**
 * True where the saved UIDs mean nothing any more: UIDVALIDITY has changed, or the folder was put back to
 * an older state without saying so.
 */
export function isStale(saved: FolderCursor, state: FolderState): boolean {
  if (saved.uidValidity !== state.uidValidity) return true;
  return state.saysNext && saved.lastUid > state.highestUid;
}

/** Everything again from a while before the last mail that was seen; dedupe sorts out what is known. */
export function rescanCursor(saved: FolderCursor, state: FolderState): FolderCursor {
  const back = Math.max(Date.parse(saved.seenUntil) - RESCAN_MARGIN_MS, Date.parse(saved.from));
  return {
    uidValidity: state.uidValidity,
    lastUid: 0,
    from: saved.from,
    seenUntil: saved.seenUntil,
    scan: { since: new Date(back).toISOString(), upTo: state.highestUid },
  };
}

/** After everything up to `lastUid`; `newest` is the latest arrival among it. */
export function advance(
  at: FolderCursor,
  lastUid: number,
  newest: Date | undefined,
  now: Date,
): FolderCursor {
  // A server's clock that runs ahead must not hide what comes later.
  const seen = Math.max(Date.parse(at.seenUntil), Math.min(newest?.getTime() ?? 0, now.getTime()));
  const { scan: scanning, ...rest } = at;
  const goesOn = scanning !== undefined && lastUid < scanning.upTo;
  return {
    ...rest,
    lastUid: Math.max(lastUid, at.lastUid),
    seenUntil: new Date(seen).toISOString(),
    ...(goesOn && { scan: scanning }),
  };
}
