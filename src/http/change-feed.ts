/** Tells pages that something changed: one LISTEN connection a process, re-opened when it breaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from '../core/channel.js';
import { CHANGES_CHANNEL } from '../db/database.js';

/** Ids of the cases that changed; `*` where that is not known and everything should be looked at. */
export type ChangeListener = (ids: ReadonlySet<string>) => void;

export interface ChangeFeed {
  /** Returns the unsubscriber. */
  subscribe(listener: ChangeListener): () => void;
  close(): Promise<void>;
}

/** A burst of messages becomes one refresh of each page. */
const COALESCE_MS = 250;
const RECONNECT_MS = [100, 500, 2_000, 5_000];

/** Connects in the background; while the database is away it keeps trying. `url`: past any pooler, as LISTEN needs. */
export function openChangeFeed(url: string, logger: Logger): ChangeFeed {
  const listeners = new Set<ChangeListener>();
  const stopping = new AbortController();
  let pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const tell = (payload: string) => {
    for (const id of payload === '' ? ['*'] : payload.split(',')) pending.add(id);
    timer ??= setTimeout(() => {
      timer = undefined;
      const ids = pending;
      pending = new Set();
      for (const listener of listeners) listener(ids);
    }, COALESCE_MS);
  };

  const running = keepListening(url, tell, logger, stopping.signal);
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

async function keepListening(
  url: string,
  tell: (payload: string) => void,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await listenUntilBroken(url, signal, tell, () => {
        failures = 0;
        // What changed while nobody listened is not known.
        tell('*');
      });
    } catch (error) {
      logger.warn(
        { error: error instanceof Error ? error.message : 'unknown' },
        'change feed lost its connection',
      );
    }
    if (signal.aborted) return;
    await sleep(RECONNECT_MS[Math.min(failures, RECONNECT_MS.length - 1)], undefined, { signal }).catch(
      () => undefined,
    );
  }
}

async function listenUntilBroken(
  url: string,
  signal: AbortSignal,
  tell: (payload: string) => void,
  onListening: () => void,
): Promise<void> {
  const client = new Client({
    connectionString: url,
    application_name: 'tabea-changes',
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
  });
  const ended = new Promise<void>((resolve, reject) => {
    client.once('error', reject);
    client.once('end', () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  // It may fail while the connection is still being made; that is reported by connect().
  ended.catch(() => undefined);
  try {
    await client.connect();
    client.on('notification', ({ payload }) => tell(payload ?? ''));
    await client.query(`LISTEN ${CHANGES_CHANNEL}`);
    onListening();
    await ended;
  } finally {
    await client.end().catch(() => undefined);
  }
}
