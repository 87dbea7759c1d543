/** Pollers in the process of the test, over a real database. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { createPullMetrics } from '../../src/intake/pull-metrics.js';
import { createLogger } from '../../src/ops/log.js';
import { createRegistry } from '../../src/ops/metrics.js';
import type { PollTiming } from '../../workers/poll-source.js';
import { startPollers, type RunningPollers } from '../../workers/poll.js';
import { startGateway, type Gateway, type GatewayOptions } from '../intake/gateway.js';
import { MAILBOX, playedMailbox, type PlayedMailboxOptions } from '../support/played-mailbox.js';

/** Quick enough for a test, and with room for a machine that is busy. */
const TIMING: PollTiming = {
  lease: { ttlMs: 4_000, renewMs: 300, retryMs: 100 },
  pauses: { firstMs: 20, longestMs: 200 },
  askMs: 50,
  workedMs: 30_000,
  graceMs: 1_000,
};

export interface Poller {
  readonly gateway: Gateway;
  readonly pollers: RunningPollers;
  readonly registry: Registry;
  /** Lines of its log. */
  readonly log: string[];
  stop(): Promise<void>;
}

export interface PollerOptions extends PlayedMailboxOptions {
  readonly url: string;
  readonly folder: string;
  readonly timing?: Partial<PollTiming>;
  readonly gateway?: Partial<GatewayOptions>;
}

const running = new Set<Poller>();

/** For `afterEach`. */
export async function stopPollers(): Promise<void> {
  for (const poller of running) await poller.stop();
}

export async function startPoller(options: PollerOptions): Promise<Poller> {
  const adapter = playedMailbox(options.folder, options);
  const channelId = options.channelId ?? MAILBOX;
  const gateway = await startGateway({
    url: options.url,
    adapters: { [channelId]: adapter },
    ...options.gateway,
  });
  const log: string[] = [];
  const registry = createRegistry({ processFigures: false });
  const pollers = startPollers(
    {
      database: gateway.database,
      intake: gateway.intake,
      blobs: gateway.blobs,
      logger: createLogger({ level: 'info', destination: { write: (line) => void log.push(line) } }),
      metrics: createPullMetrics(registry),
      timing: { ...TIMING, ...options.timing },
    },
    new Map([[channelId, adapter]]),
  );
  const poller: Poller = {
    gateway,
    pollers,
    registry,
    log,
    async stop() {
      if (!running.delete(poller)) return;
      await pollers.stop();
      await gateway.close();
    },
  };
  running.add(poller);
  return poller;
}

export function newMailFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'tabea-mail-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
