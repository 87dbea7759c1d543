/** For commands that take messages in: the store, the channels and the intake, as in the gateway but for its work. */
import { createAdapters } from '../compose/channels.js';
import { openIntake, type IntakeSide } from '../compose/intake-side.js';
import { createLifecycle } from '../compose/lifecycle.js';
import type { ChannelAdapter } from '../core/channel.js';
import { createLogger } from '../ops/log.js';
import { createRegistry } from '../ops/metrics.js';
import { createQueueSystem } from '../queue/create-queue-system.js';
import { withStore, type Opened } from './with-store.js';

export interface OpenedIntake extends Opened, IntakeSide {
  /** By channel id. */
  readonly adapters: ReadonlyMap<string, ChannelAdapter>;
}

export async function withIntake<T>(work: (opened: OpenedIntake) => Promise<T>): Promise<T> {
  return await withStore(async ({ settings, store }) => {
    const logger = createLogger({ level: 'warn', destination: process.stderr });
    const clock = { now: () => new Date() };
    const lifecycle = createLifecycle(logger);
    try {
      const queue = createQueueSystem({
        databaseUrl: store.url,
        ...(settings.env.redisUrl === undefined ? {} : { redisUrl: settings.env.redisUrl }),
        logger,
      });
      lifecycle.add('queue', () => queue.close());
      const adapters = createAdapters(settings, { clock, logger });
      for (const adapter of adapters.values()) lifecycle.add('adapter', async () => adapter.close?.());
      const registry = createRegistry({ processFigures: false });
      const side = await openIntake(
        { settings, database: store.database, queue, registry, clock, logger },
        lifecycle,
      );
      return await work({ settings, store, adapters, ...side });
    } finally {
      await lifecycle.stop();
    }
  });
}
