/** What an operator is told of a pull source. Pure. */
import type { ChannelHealth } from '../src/core/channel.js';
import type { SourceState, TroubleCode } from './poll-source.js';

/** So many failures in a row are no passing drop of a connection: then a run must first show that it works. */
const MANY = 3;

const REMEDIES: Readonly<Record<string, string>> = {
  config: 'the provider refuses our login or settings; correct them, npx tabea doctor tries them',
  connection: 'the provider is not reached; check its address, its port and the network',
  throttled: 'the provider asks for patience; there is nothing to do',
  store: 'messages could not be stored; see the database and the disk',
  lease: 'the database answers too slowly',
  stuck: 'it does not end when told to; start this process anew, and report it',
};
const UNFORESEEN = 'see the log for the reason';

/**
 * @param state in this process; undefined where it polls nothing.
 * @param isHeld some process runs it; undefined where the database did not tell.
 * @param now of `performance.now()`.
 */
export function sourceHealth(
  name: string,
  state: SourceState | undefined,
  isHeld: boolean | undefined,
  now: number,
): ChannelHealth {
  if (state?.is === 'running') {
    const { trouble } = state;
    if (trouble === undefined || trouble.failures < MANY) return OK;
    return degraded(name, trouble.code, now - trouble.since, 'it is being tried again now');
  }
  // By another process, while we stand by or rest.
  if (isHeld === true) return OK;
  if (state?.is === 'waiting' && state.trouble !== undefined) {
    const next = `next attempt in ${duration((state.until ?? now) - now)}`;
    return degraded(name, state.trouble.code, now - state.trouble.since, next);
  }
  if (state === undefined && isHeld === false) {
    return {
      state: 'degraded',
      detail: `No process reads ${name}: start one whose TABEA_ROLES has poller`,
    };
  }
  return OK;
}

const OK: ChannelHealth = { state: 'ok', detail: '' };

function degraded(name: string, code: TroubleCode, forMs: number, next: string): ChannelHealth {
  const remedy = REMEDIES[code] ?? UNFORESEEN;
  return {
    state: 'degraded',
    detail: `${name} is not read for ${duration(forMs)} (${code}): ${remedy}; ${next}`,
  };
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
