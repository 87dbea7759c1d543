/** The HTTP application on a real server with a real database, for tests. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import { manual } from '../../adapters/manual/index.js';
import type { Config } from '../../config/load.js';
import { ingestBatch } from '../../src/cases/ingest.js';
import type { Role } from '../../src/core/case-life.js';
import type { Clock, Logger } from '../../src/core/channel.js';
import type { Address } from '../../src/core/message.js';
import { createApp } from '../../src/http/app.js';
import { createAccount } from '../../src/http/auth/accounts.js';
import { createApiKey } from '../../src/http/auth/api-keys.js';
import { openChangeFeed } from '../../src/http/change-feed.js';
import type { HttpDeps, Readiness } from '../../src/http/deps.js';
import { config, openCaseStore, sms, type CaseStore } from '../cases/support.js';

export const PASSWORD = 'sagu-kenari-pala-cengkih';

export interface HttpApp {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly store: CaseStore;
  readonly config: Config;
  readonly deps: HttpDeps;
  key(role: Role, opdId?: string): Promise<string>;
  /** An account with PASSWORD; returns its address. */
  account(role: Role, opdId?: string): Promise<string>;
  /** A citizen (a new one, unless named) writes an SMS that opens a case; returns its number. */
  report(text: string, from?: Address): Promise<string>;
  close(): Promise<void>;
}

export const ALL_WELL: Readiness = {
  status: 'ok',
  database: { state: 'ok', detail: '' },
  queue: { state: 'ok', detail: '' },
  spool: { state: 'ok', detail: '' },
  channels: {},
};

export interface HttpAppOptions {
  readonly deps?: Partial<HttpDeps>;
}

/** Every channel is served, by people: these tests are about pages, not about providers. */
function conveyedByPeople(clock: Clock, logger: Logger): HttpDeps['adapters'] {
  const around = {
    publicUrl: 'http://tabea.example',
    replyCostIdr: 0,
    sign: () => 'f'.repeat(20),
    clock,
    logger,
  };
  return new Map(
    config.channels.map(({ id, address }) => [
      id,
      manual.create(manual.settings.parse({}), { channelId: id, address, ...around }),
    ]),
  );
}

/** The clock stands at `store.now`. */
export async function startHttpApp(options: HttpAppOptions = {}): Promise<HttpApp> {
  const store = await openCaseStore();
  const { database, logger, clock } = store.services;
  const changes = openChangeFeed(store.db.url, logger);
  const blobs = new Map<string, Buffer>();
  const deps: HttpDeps = {
    database,
    cases: store.services,
    putBlob: (bytes) => {
      const hash = createHash('sha256').update(bytes).digest('hex');
      blobs.set(hash, bytes);
      return Promise.resolve(hash);
    },
    getBlob: (hash) => Promise.resolve(blobs.get(hash)),
    normalisePhone: (text) => (/^\+\d{8,15}$/.test(text) ? text : null),
    config,
    adapters: conveyedByPeople(clock, logger),
    changes,
    readiness: () => Promise.resolve(ALL_WELL),
    metrics: new Registry(),
    clock,
    logger,
    publicUrl: 'http://tabea.example',
    ...options.deps,
  };
  const server = createServer(createApp(deps));
  const url = await listen(server);
  let people = 0;
  return {
    url,
    store,
    config,
    deps,
    key: (role, opdId) => createApiKey(database, { role, ...(opdId === undefined ? {} : { opdId }) }),
    account: async (role, opdId) => {
      const email = `${role}${++people}@ambon.example`;
      await createAccount(database, {
        email,
        name: `Petugas ${people}`,
        password: PASSWORD,
        role,
        ...(opdId === undefined ? {} : { opdId }),
      });
      return email;
    },
    report: async (
      text,
      from = { scheme: 'tel', value: `+6281200001${String(++people).padStart(3, '0')}` },
    ) => {
      await ingestBatch(store.services, await store.arrive(sms(from, text)));
      const { rows } = await database.pool.query<{ tracking_number: string }>(
        'SELECT tracking_number FROM cases ORDER BY id DESC LIMIT 1',
      );
      return rows[0]?.tracking_number ?? '';
    },
    close: async () => {
      await changes.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.drop();
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return `http://127.0.0.1:${address.port}`;
}
