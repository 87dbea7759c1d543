/** The intake with its route as it runs, over a real database, for tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelAdapter, RawRequest } from '../../src/core/channel.js';
import { deriveKeys } from '../../src/core/keys.js';
import { openDatabase, type Database } from '../../src/db/database.js';
import { createGatewayServer } from '../../src/http/server.js';
import { createWebhookRoute, type WebhookRouteOptions } from '../../src/http/webhook-route.js';
import { createIntake, type Intake, type IntakeLimits } from '../../src/intake/accept.js';
import { createFolderBlobs, type BlobStore } from '../../src/intake/blobs.js';
import { createIntakeMetrics, type IntakeMetrics } from '../../src/intake/intake-metrics.js';
import { createQuarantine, type Quarantine } from '../../src/intake/quarantine.js';
import type { SignatureHoldOptions } from '../../src/intake/signature-hold.js';
import { createSpool, type Spool, type SpoolOptions } from '../../src/intake/spool.js';
import { createLogger } from '../../src/ops/log.js';
import { createRegistry } from '../../src/ops/metrics.js';
import type { Registry } from 'prom-client';
import { fakeAdapter, sign } from './fake-provider.js';

export const KEYS = deriveKeys(Buffer.alloc(32, 7));
export const CHANNEL = 'fake-1';

export interface GatewayOptions {
  readonly url: string;
  readonly limits?: Partial<IntakeLimits>;
  readonly spool?: Partial<SpoolOptions>;
  readonly signatures?: Partial<SignatureHoldOptions>;
  readonly adapters?: Readonly<Record<string, ChannelAdapter>>;
  readonly route?: Partial<WebhookRouteOptions>;
  /** Data folder to use; default a new one. */
  readonly folder?: string;
}

export interface Gateway {
  readonly origin: string;
  readonly folder: string;
  readonly database: Database;
  readonly intake: Intake;
  readonly quarantine: Quarantine;
  readonly blobs: BlobStore;
  readonly spool: Spool;
  readonly metrics: IntakeMetrics;
  readonly registry: Registry;
  /** Inbox ids that went to the queue. */
  readonly queued: string[];
  /** Lines of the log. */
  readonly log: string[];
  readonly adapterOf: (channelId: string) => ChannelAdapter | undefined;
  close(): Promise<void>;
}

const running = new Set<Gateway>();

/** For `afterEach`: closes what a failed test left running, so that it fails instead of hanging the run. */
export async function closeGateways(): Promise<void> {
  for (const gateway of running) await gateway.close();
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'tabea-intake-')));
  const clock = { now: () => new Date() };
  const log: string[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => void log.push(line) } });
  const registry = createRegistry({ processFigures: false });
  const metrics = createIntakeMetrics(registry);
  const database = openDatabase({ url: options.url, max: 8 });
  const spool = createSpool({ folder: join(folder, 'spool'), clock, minFreeBytes: 0, ...options.spool });
  await spool.open();
  const blobs = createFolderBlobs(join(folder, 'blobs'));
  const queued: string[] = [];
  const queue = {
    enqueue: (_name: string, jobs: readonly { readonly ids: readonly string[] }[]) => {
      queued.push(...jobs.flatMap((job) => job.ids));
      return Promise.resolve(true);
    },
  };
  const shared = { database, blobs, clock, logger, metrics };
  const intake = createIntake({
    ...shared,
    keys: KEYS,
    queue,
    spool,
    limits: { probeMs: 100, ...options.limits },
  });
  const quarantine = createQuarantine({ ...shared, intake, signatures: options.signatures ?? {} });
  const adapters = options.adapters ?? { [CHANNEL]: fakeAdapter(CHANNEL) };
  const adapterOf = (channelId: string) =>
    Object.hasOwn(adapters, channelId) ? adapters[channelId] : undefined;
  const route = createWebhookRoute({
    adapterOf,
    intake,
    quarantine,
    clock,
    logger,
    metrics,
    ...options.route,
  });
  const server = createGatewayServer({
    webhooks: route,
    handler: (_request, response) => response.writeHead(404).end('other'),
  });
  const port = await server.listen(0, '127.0.0.1');
  const gateway: Gateway = {
    origin: `http://127.0.0.1:${port}`,
    folder,
    database,
    intake,
    quarantine,
    blobs,
    spool,
    metrics,
    registry,
    queued,
    log,
    adapterOf,
    async close() {
      if (!running.delete(gateway)) return;
      await server.close(1_000);
      await quarantine.close();
      await intake.close();
      await database.close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
  running.add(gateway);
  return gateway;
}

/** Sends a signed batch. */
export function post(
  gateway: Pick<Gateway, 'origin'>,
  entries: unknown,
  headers: Readonly<Record<string, string>> = {},
  path = `/webhooks/${CHANNEL}`,
): Promise<Response> {
  const body = typeof entries === 'string' ? entries : JSON.stringify(entries);
  return fetch(gateway.origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-fake-signature': sign(body), ...headers },
    body,
  });
}

/** A request as the route would hand it over. */
export function rawRequest(body: string, target = `/webhooks/${CHANNEL}`): RawRequest {
  return {
    method: 'POST',
    target,
    headers: { 'content-type': 'application/json', 'x-fake-signature': sign(body) },
    body: Buffer.from(body),
    receivedAt: new Date(),
  };
}

/** Keys of the inbox, sorted. */
export async function inboxKeys(database: Database): Promise<string[]> {
  const { rows } = await database.pool.query<{ event_key: string }>('SELECT event_key FROM inbox ORDER BY 1');
  return rows.map((row) => row.event_key);
}

export async function count(database: Database, table: 'inbox' | 'envelope' | 'quarantine'): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  return rows[0]?.n ?? -1;
}

/** Waits until `condition` holds; throws after `withinMs`. */
export async function eventually(
  condition: () => Promise<boolean> | boolean,
  withinMs = 10_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; ;) {
    if (await condition()) return;
    if (Date.now() > end) throw new Error(`Not so within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
