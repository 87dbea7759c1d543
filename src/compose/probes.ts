/** Asks each provider now and then whether it still knows us, so that a channel never dies silently. */
import type { ChannelAdapter, ChannelHealth, Logger } from '../core/channel.js';

export interface Probes {
  /** What each channel's provider said last; a channel that cannot be probed is absent. */
  latest(): ReadonlyMap<string, ChannelHealth>;
  /** Asks all of them now. */
  run(): Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MS = 5 * 60_000;
const PATIENCE_MS = 15_000;

export function startProbes(adapters: ReadonlyMap<string, ChannelAdapter>, logger: Logger): Probes {
  const latest = new Map<string, ChannelHealth>();
  const stopping = new AbortController();

  async function probe(channelId: string, adapter: ChannelAdapter): Promise<void> {
    if (adapter.probe === undefined) return;
    const before = latest.get(channelId)?.state ?? 'ok';
    const health = await ask(adapter);
    if (stopping.signal.aborted) return;
    latest.set(channelId, health);
    if (health.state === before) return;
    const say = health.state === 'ok' ? logger.info.bind(logger) : logger.warn.bind(logger);
    say({ channel: channelId, state: health.state, reason: health.detail }, 'A channel changed its state');
  }

  async function ask(adapter: ChannelAdapter): Promise<ChannelHealth> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      return (await adapter.probe?.(signal)) ?? { state: 'ok', detail: '' };
    } catch {
      return { state: 'down', detail: 'The provider was not reached' };
    }
  }

  async function run(): Promise<void> {
    await Promise.all([...adapters].map(([channelId, adapter]) => probe(channelId, adapter)));
  }

  const timer = setInterval(() => void run(), EVERY_MS);
  timer.unref();
  return {
    latest: () => latest,
    run,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await Promise.resolve();
    },
  };
}
