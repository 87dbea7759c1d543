/** The HTTP application on a real server with a real database, for tests. */
import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import { readEnv } from '../../config/env.js';
import { loadConfig, type Config } from '../../config/load.js';
import type { Role } from '../../src/core/case-life.js';
import { syncOpds } from '../../src/db/opds.js';
import { createApp } from '../../src/http/app.js';
import { createAccount } from '../../src/http/auth/accounts.js';
import { createApiKey } from '../../src/http/auth/api-keys.js';
import { Refusal, type CaseDesk } from '../../src/http/case-desk.js';
import { openChangeFeed } from '../../src/http/change-feed.js';
import type { HttpDeps, Readiness } from '../../src/http/deps.js';
import { createTestDatabase, type TestDatabase } from './postgres.js';

export const PASSWORD = 'sagu-kenari-pala-cengkih';

export interface HttpApp {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly database: TestDatabase;
  readonly config: Config;
  readonly deps: HttpDeps;
  key(role: Role, opdId?: string): Promise<string>;
  /** An account with PASSWORD; returns its address. */
  account(role: Role, opdId?: string): Promise<string>;
  close(): Promise<void>;
}

export const ALL_WELL: Readiness = {
  status: 'ok',
  database: { state: 'ok', detail: '' },
  queue: { state: 'ok', detail: '' },
  spool: { state: 'ok', detail: '' },
  channels: {},
};

const refuse = () => Promise.reject(new Refusal('not_found', 'There is no case.'));
const EMPTY_DESK: CaseDesk = {
  list: () => Promise.resolve({ items: [], nextCursor: null }),
  find: () => Promise.resolve(null),
  publicStatus: () => Promise.resolve(null),
  move: refuse,
  open: refuse,
  preview: refuse,
};

export interface HttpAppOptions {
  /** Default: no case, and nobody may do anything. */
  readonly desk?: (database: TestDatabase, config: Config) => CaseDesk;
  readonly deps?: Partial<HttpDeps>;
}

export async function startHttpApp(options: HttpAppOptions = {}): Promise<HttpApp> {
  const database = await createTestDatabase({ max: 8 });
  const config = loadConfig({ env: readEnv({}) });
  await syncOpds(database.database, config.opds);
  const silent = () => undefined;
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const changes = openChangeFeed(database.url, logger);
  const deps: HttpDeps = {
    database: database.database,
    cases: options.desk?.(database, config) ?? EMPTY_DESK,
    config,
    adapters: new Map(),
    changes,
    readiness: () => Promise.resolve(ALL_WELL),
    metrics: new Registry(),
    clock: { now: () => new Date() },
    logger,
    publicUrl: 'http://tabea.example',
    ...options.deps,
  };
  const server = createServer(createApp(deps));
  const url = await listen(server);
  let people = 0;
  return {
    url,
    database,
    config,
    deps,
    key: (role, opdId) =>
      createApiKey(database.database, { role, ...(opdId === undefined ? {} : { opdId }) }),
    account: async (role, opdId) => {
      const email = `${role}${++people}@ambon.example`;
      await createAccount(database.database, {
        email,
        name: `Petugas ${people}`,
        password: PASSWORD,
        role,
        ...(opdId === undefined ? {} : { opdId }),
      });
      return email;
    },
    close: async () => {
      await changes.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.drop();
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return `http://127.0.0.1:${address.port}`;
}
