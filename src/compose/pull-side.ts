/** What is fetched instead of being sent to us: the pollers of this process, and what is known of all of them. */
import { sourceHealth } from '../../workers/poll-health.js';
import { sourcesOf, startPollers, type RunningPollers } from '../../workers/poll.js';
import type { ChannelHealth } from '../core/channel.js';
import { createPullMetrics } from '../intake/pull-metrics.js';
import { heldSources, type SourceId } from '../intake/source-lease.js';
import type { Lifecycle } from './lifecycle.js';
import type { Parts } from './parts.js';

export interface PullSide {
  /** Some enabled channel is polled, by whichever process. */
  readonly hasSources: boolean;
  /** Starts the pollers of this process. To be called last: in the demo the sources dial the simulator. */
  start(lifecycle: Lifecycle): void;
  /** The worst of each channel's sources; channels without one are absent. */
  health(): Promise<ReadonlyMap<string, ChannelHealth>>;
}

type PullParts = Pick<Parts, 'adapters' | 'registry' | 'logger'> & {
  readonly store: Pick<Parts['store'], 'database'>;
  readonly intake: Pick<Parts['intake'], 'intake' | 'blobs'>;
};

export function createPullSide({ store, intake, adapters, registry, logger }: PullParts): PullSide {
  const { database } = store;
  const known = sourcesOf(adapters);
  let pollers: RunningPollers | undefined;

  function stateOf({ channelId, source }: SourceId) {
    return pollers?.sources.find(({ id }) => id.channelId === channelId && id.source === source)?.state();
  }

  return {
    hasSources: known.length > 0,
    start(lifecycle) {
      const metrics = createPullMetrics(registry);
      const parts = { database, intake: intake.intake, blobs: intake.blobs, logger, metrics };
      const running = startPollers(parts, adapters);
      pollers = running;
      lifecycle.add('pollers', () => running.stop());
    },
    async health() {
      const channels = new Map<string, ChannelHealth>();
      if (known.length === 0) return channels;
      const held = await heldSources(database.pool, known).catch(() => undefined);
      for (const id of known) {
        const health = sourceHealth(id.source, stateOf(id), held?.has(id), performance.now());
        if (channels.get(id.channelId)?.state !== 'degraded') channels.set(id.channelId, health);
      }
      return channels;
    },
  };
}
