/** Ambon's configuration with one SMS line, as the benchmarks run it: real adapter, no provider's secret. */
import { channelKinds } from '../adapters/index.js';
import { resolveChannelSettings } from '../config/channel-settings.js';
import { readEnv } from '../config/env.js';
import { loadConfig, type Config } from '../config/load.js';
import type { ChannelAdapter, Clock, Logger } from '../src/core/channel.js';
import { deriveKeys, signText, type Keys } from '../src/core/keys.js';
import { createLogger } from '../src/ops/log.js';

export const CHANNEL = 'sms-1708';
export const PUBLIC_URL = 'https://tabea.example';
export const AUTH_TOKEN = 'bench-token-of-nobody';

export const benchKeys: Keys = deriveKeys(Buffer.alloc(32, 7));
export const benchClock: Clock = { now: () => new Date() };

/** Warnings and errors go to standard output: a benchmark that meets one is not to be believed. */
export function benchLogger(): Logger {
  return createLogger({ level: 'warn' });
}

/** @param apiUrl where the provider is. */
export function openCity(apiUrl = 'http://127.0.0.1:9'): { config: Config; adapter: ChannelAdapter } {
  const env = readEnv({
    PUBLIC_URL,
    TABEA_CHANNELS: CHANNEL,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_API_URL: apiUrl,
  });
  const config = loadConfig({ env });
  const { channels } = resolveChannelSettings(
    config,
    new Map(channelKinds.map((kind) => [kind.kind, kind.settings])),
  );
  const [resolved] = channels;
  const kind = channelKinds.find((one) => one.kind === resolved?.channel.kind);
  if (resolved === undefined || kind === undefined) throw new Error(`${CHANNEL} is not configured`);
  const adapter = kind.create(resolved.settings, {
    channelId: CHANNEL,
    address: resolved.channel.address,
    publicUrl: PUBLIC_URL,
    sign: (text) => signText(benchKeys, text),
    replyCostIdr: resolved.channel.replyCostIdr ?? 0,
    logger: benchLogger(),
    clock: benchClock,
  });
  return { config, adapter };
}
