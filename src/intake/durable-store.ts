/**
 * Where a batch becomes durable: in the database, or, while that is away, in the spool, which is drained when
 * the database is back. Whether it is away is found out by failing once; after that batches go to the spool
 * at once, and only the probe knocks.
 */
import type { Pool } from 'pg';
import type { Clock, Logger } from '../core/channel.js';
import { createDatabaseLine } from './database-line.js';
import type { Entry, HeldRow, Stored } from './entry.js';
import { tornRow } from './held-row.js';
import { countHeld, countStored, type IntakeMetrics } from './intake-metrics.js';
import { heldOnly, reportPoison, storeIsolating } from './isolate.js';
import { decodeSpoolFile, TornSpoolFile } from './spool-file.js';
import type { Spool } from './spool.js';
import { isDataError, sqlState } from './store-unavailable.js';

export interface DurableStoreOptions {
  readonly pool: Pool;
  readonly lanes: number;
  /** Milliseconds after which a silent database counts as away. */
  readonly limitMs: number;
  /** Milliseconds between probes while it is away or the spool is not empty. */
  readonly probeMs: number;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: IntakeMetrics;
  /** Told of inbox ids after they were committed. */
  readonly onFresh: (ids: readonly string[]) => void;
}

export interface DurableStore {
  commit(lane: number, batch: readonly Entry[]): Promise<readonly Stored[]>;
  /** True while batches go to the database. */
  isUp(): boolean;
  spoolFiles(): number;
  /** Looks at the spool and drains it; called by a timer, and by tests. */
  tick(): Promise<void>;
  close(): Promise<void>;
}

/** Every so many ticks the folder is listed although we know of nothing in it: files of an earlier life. */
const LIST_EVERY_TICKS = 20;
/** Files are drained together up to so many events or bytes. */
const DRAIN_EVENTS = 500;
const DRAIN_BYTES = 4 * 1024 * 1024;

export function createDurableStore(options: DurableStoreOptions): DurableStore {
  const { pool, spool, clock, logger, metrics, onFresh } = options;
  const line = () => createDatabaseLine({ pool, limitMs: options.limitMs });
  const lines = Array.from({ length: options.lanes }, line);
  // Draining may take longer than a webhook can wait.
  const onPoison = (row: HeldRow) => reportPoison(metrics, logger, row);
  const drainLine = createDatabaseLine({ pool, limitMs: options.limitMs * 4 });
  let up = true;
  let files = 0;
  let ticks = 0;
  let ticking: Promise<void> | undefined;
  let closing = false;
  metrics.databaseUp.set(1);

  async function commit(lane: number, batch: readonly Entry[]): Promise<readonly Stored[]> {
    const database = lines[lane];
    if (up && database !== undefined) {
      try {
        const ids = await storeIsolating(database, batch, onPoison);
        metrics.batchEvents.observe(Math.max(1, ids.length));
        if (ids.length > 0) onFresh(ids);
        return countStored(metrics, batch, ids);
      } catch (error) {
        goDown(error);
      }
    }
    await spool.write(batch);
    metrics.spooled.inc();
    setFiles(files + 1);
    return batch.map(() => ({ stored: 'spool', fresh: 0 }));
  }

  function goDown(error: unknown): void {
    if (up) logger.warn({ err: error }, 'The database does not take messages; they go to the spool');
    up = false;
    metrics.databaseUp.set(0);
  }

  function goUp(): void {
    if (!up) logger.info({ files }, 'The database is back');
    up = true;
    metrics.databaseUp.set(1);
  }

  function setFiles(count: number): void {
    files = count;
    metrics.spoolFiles.set(count);
  }

  function tick(): Promise<void> {
    ticking ??= look().finally(() => {
      ticking = undefined;
    });
    return ticking;
  }

  async function look(): Promise<void> {
    ticks += 1;
    const mayHaveFiles = files > 0 || ticks % LIST_EVERY_TICKS === 1;
    if (up && !mayHaveFiles) return;
    try {
      if (mayHaveFiles) setFiles((await spool.list()).length);
      if (up && files === 0) return;
      await drainLine.probe();
      goUp();
      if (files > 0) await drain();
    } catch (error) {
      goDown(error);
    }
  }

  /** Throws where the database is away again. */
  async function drain(): Promise<void> {
    const names = await spool.list();
    let group = new Map<string, readonly Entry[]>();
    let events = 0;
    let bytes = 0;
    for (const [index, name] of names.entries()) {
      if (closing) return;
      const entries = await read(name);
      if (entries !== undefined) {
        group.set(name, entries);
        events += entries.reduce((sum, entry) => sum + entry.events.length + entry.held.length, 0);
        bytes += entries.reduce((sum, entry) => sum + entry.bytes, 0);
      }
      if (events < DRAIN_EVENTS && bytes < DRAIN_BYTES && index < names.length - 1) continue;
      await drainGroup(group);
      group = new Map();
      events = 0;
      bytes = 0;
    }
    const left = (await spool.list()).length;
    if (left === 0) logger.info({ files: names.length }, 'The spool is drained');
    setFiles(left);
  }

  async function read(name: string): Promise<readonly Entry[] | undefined> {
    const file = await spool.load(name);
    if (file === undefined) return undefined;
    try {
      return decodeSpoolFile(file);
    } catch (error) {
      const reason = error instanceof TornSpoolFile ? error.message : 'not readable';
      await drainLine.store([heldOnly(tornRow(name, reason, file, clock.now()))]);
      await setAside(name, error);
      countHeld(metrics, [{ kind: 'spool' }]);
      return undefined;
    }
  }

  async function drainGroup(group: ReadonlyMap<string, readonly Entry[]>): Promise<void> {
    if (group.size === 0) return;
    const entries = [...group.values()].flat();
    try {
      const ids = await storeIsolating(drainLine, entries, onPoison);
      if (ids.length > 0) onFresh(ids);
      countStored(metrics, entries, ids);
      for (const name of group.keys()) await spool.remove(name);
    } catch (error) {
      if (group.size > 1) {
        // One by one, so that a file which always fails holds up no other.
        for (const [name, one] of group) await drainGroup(new Map([[name, one]]));
        return;
      }
      const [name = ''] = group.keys();
      if (isDataError(error)) return setAside(name, error);
      // A database that refuses this file for a reason of its own may take the next; one that is gone does not.
      const state = sqlState(error);
      if (state === undefined || /^(08|53|57|58)/.test(state)) throw error;
      logger.warn({ err: error, file: name }, 'A file of the spool could not be drained; it is tried again');
    }
  }

  async function setAside(name: string, error: unknown): Promise<void> {
    await spool.setAside(name);
    logger.error({ err: error, file: name }, 'A file of the spool cannot be drained; it lies in spool/torn');
  }

  const timer = setInterval(() => {
    void tick();
  }, options.probeMs);
  timer.unref();

  return {
    commit,
    tick,
    isUp: () => up,
    spoolFiles: () => files,
    async close() {
      clearInterval(timer);
      closing = true;
      await ticking;
      for (const one of [...lines, drainLine]) one.close();
    },
  };
}
