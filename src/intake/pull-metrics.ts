/** What the pollers measure. Labels are channel ids, names of sources and codes only. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { SourceId } from './source-lease.js';

export interface PullMetrics {
  /** Items that sources handed over and that are durable, new or not. */
  readonly pulled: Counter<'channel' | 'source'>;
  readonly failures: Counter<'channel' | 'source' | 'code'>;
  /** `running` here, `waiting` after a failure, or `elsewhere`: in another process. */
  told(id: SourceId, state: 'running' | 'waiting' | 'elsewhere'): void;
  /** The source has saved what it fetched, or where it stands. */
  succeeded(id: SourceId): void;
}

/** Declares the metrics; once a registry. */
export function createPullMetrics(registry: Registry): PullMetrics {
  const registers = [registry];
  const labels = ({ channelId: channel, source }: SourceId) => ({ channel, source });
  const keyOf = ({ channelId, source }: SourceId) => `${channelId}/${source}`;
  const successes = new Map<string, { readonly id: SourceId; readonly at: number }>();
  const up = new Gauge({
    name: 'tabea_pull_source_up',
    help: '1 where this process runs the source, 0 where it does not',
    labelNames: ['channel', 'source'],
    registers,
  });
  const age = new Gauge({
    name: 'tabea_pull_last_success_age_seconds',
    help: 'Since the source last saved something here; absent where another process has it',
    labelNames: ['channel', 'source'],
    registers,
    collect: () => {
      age.reset();
      for (const { id, at } of successes.values()) age.set(labels(id), (performance.now() - at) / 1_000);
    },
  });
  return {
    pulled: new Counter({
      name: 'tabea_pulled_total',
      help: 'Messages that sources fetched and that are durable, new or known',
      labelNames: ['channel', 'source'],
      registers,
    }),
    failures: new Counter({
      name: 'tabea_pull_failures_total',
      help: 'Runs of a source that ended in a failure',
      labelNames: ['channel', 'source', 'code'],
      registers,
    }),
    told: (id, state) => {
      up.set(labels(id), state === 'running' ? 1 : 0);
      // It goes on growing while the source fails, from the first attempt on.
      if (state === 'elsewhere') successes.delete(keyOf(id));
      else if (!successes.has(keyOf(id))) successes.set(keyOf(id), { id, at: performance.now() });
    },
    succeeded: (id) => successes.set(keyOf(id), { id, at: performance.now() }),
  };
}
