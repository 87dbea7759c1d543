/** Checks the settings of enabled channels with the schema of their adapter: only here are secrets demanded. */
import type { z } from 'zod';
import { ConfigError } from '../src/core/errors.js';
import { missingBelow } from './interpolate.js';
import type { ChannelConfig, Config } from './load.js';
import { absentLine, problemsOf } from './problems.js';

/** An enabled channel; its settings are what the adapter's schema made of them. */
export interface ResolvedChannel {
  readonly channel: ChannelConfig;
  readonly settings: unknown;
}

export interface ResolvedChannels {
  readonly channels: readonly ResolvedChannel[];
  /** Enabled channels of a kind for which there is no adapter: nothing is demanded for them. */
  readonly missingKinds: readonly { readonly channelId: string; readonly kind: string }[];
}

/**
 * @param kinds kind → schema of its settings.
 * Throws ConfigError with every problem of every enabled channel; keys and variables are named, values never.
 */
export function resolveChannelSettings(
  config: Pick<Config, 'channels'>,
  kinds: ReadonlyMap<string, z.ZodType>,
): ResolvedChannels {
  const channels: ResolvedChannel[] = [];
  const missingKinds: { channelId: string; kind: string }[] = [];
  const problems: string[] = [];
  for (const channel of config.channels.filter((one) => one.enabled)) {
    const schema = kinds.get(channel.kind);
    if (!schema) {
      missingKinds.push({ channelId: channel.id, kind: channel.kind });
      continue;
    }
    const resolved = resolveOne(channel, schema);
    if (resolved.ok) channels.push({ channel, settings: resolved.settings });
    else problems.push(...resolved.problems);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { channels, missingKinds };
}

type Resolved =
  | { readonly ok: true; readonly settings: unknown }
  | { readonly ok: false; readonly problems: readonly string[] };

function resolveOne(channel: ChannelConfig, schema: z.ZodType): Resolved {
  const prefix = `channels.${channel.id}.settings`;
  const result = parseQuietly(schema, channel.settings);
  if (!result) return { ok: false, problems: [`${prefix}: cannot be checked`] };
  if (!result.success) return { ok: false, problems: problemsOf(result.error, prefix, channel.settings) };
  // A schema that takes anything must not hand an absent secret on.
  const absent = missingBelow(result.data).map((one) => absentLine(prefix, one.path, one.names));
  return absent.length > 0 ? { ok: false, problems: absent } : { ok: true, settings: result.data };
}

/** An error out of a schema's own code may quote a value: it is not passed on. */
function parseQuietly(schema: z.ZodType, input: unknown): z.ZodSafeParseResult<unknown> | null {
  try {
    return schema.safeParse(input);
  } catch {
    return null;
  }
}
