import type { ChannelHealth } from '../../src/core/channel.js';
import { ChannelError } from '../../src/core/channel-error.js';

const ORDER = { ok: 0, degraded: 1, down: 2 } as const;

/** Whether the server that sends for us lets us in. */
export async function probeSmtp(
  verify: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<ChannelHealth> {
  try {
    await verify(signal);
    return { state: 'ok', detail: 'The mail server takes our mail' };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    const down = error.code === 'config';
    return { state: down ? 'down' : 'degraded', detail: `Sending: ${error.message}` };
  }
}

/** The worst of several, in its own words. */
export function worstOf(healths: readonly ChannelHealth[]): ChannelHealth {
  const [worst] = healths.toSorted((a, b) => ORDER[b.state] - ORDER[a.state]);
  return worst ?? { state: 'ok', detail: '' };
}
