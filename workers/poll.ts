/** The pollers of this process: every pull source of every channel, each for itself. */
import type { ChannelAdapter } from '../src/core/channel.js';
import type { SourceId } from '../src/intake/source-lease.js';
import { startSource, type PollParts, type RunningSource } from './poll-source.js';

export interface RunningPollers {
  readonly sources: readonly RunningSource[];
  /** Gives the leases back; bounded by the grace of the sources. */
  stop(): Promise<void>;
}

export function startPollers(
  parts: PollParts,
  adapters: ReadonlyMap<string, ChannelAdapter>,
): RunningPollers {
  const sources = [...adapters].flatMap(([channelId, { pull }]) =>
    (pull?.sources ?? []).map((source) => startSource(parts, channelId, source)),
  );
  return {
    sources,
    stop: async () => {
      await Promise.all(sources.map((source) => source.stop()));
    },
  };
}

/** The pull sources that there are, whoever runs them. */
export function sourcesOf(adapters: ReadonlyMap<string, ChannelAdapter>): SourceId[] {
  return [...adapters].flatMap(([channelId, { pull }]) =>
    (pull?.sources ?? []).map(({ name }) => ({ channelId, source: name })),
  );
}
