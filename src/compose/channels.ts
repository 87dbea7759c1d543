/** The adapters of the enabled channels, and in the demo the providers that are played for them. */
import { channelKinds } from '../../adapters/index.js';
import { UserError } from '../core/errors.js';
import { signText } from '../core/keys.js';
import type { ChannelAdapter, Clock, Logger } from '../core/channel.js';
import type { ChannelKind } from '../core/channel-kind.js';
import type { SimulatorPart } from '../core/simulator.js';
import { dialUrl, type Settings } from './settings.js';

export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** By channel id. */
export function createAdapters(settings: Settings, around: Surroundings): Map<string, ChannelAdapter> {
  const adapters = new Map<string, ChannelAdapter>();
  for (const { channel, settings: own } of settings.channels) {
    const adapter = kindOf(channel.kind)?.create(own, {
      channelId: channel.id,
      address: channel.address,
      publicUrl: settings.env.publicUrl,
      replyCostIdr: channel.replyCostIdr,
      sign: (text) => signText(settings.keys, text),
      ...around,
    });
    if (adapter) adapters.set(channel.id, adapter);
  }
  return adapters;
}

export interface PlayedProvider {
  readonly kind: string;
  readonly part: SimulatorPart;
}

/** One simulator for each kind that has one and an enabled channel. */
export function createSimulators(
  settings: Settings,
  around: Surroundings,
  gatewayUrl = dialUrl(settings.env),
): PlayedProvider[] {
  return channelKinds.flatMap((kind) => {
    const channels = settings.channels.filter((one) => one.channel.kind === kind.kind);
    if (kind.simulator === undefined || channels.length === 0) return [];
    const part = kind.simulator.create({
      channels: channels.map(({ channel }) => ({
        channelId: channel.id,
        label: channel.label.id,
        address: channel.address,
        settings: channel.settings,
      })),
      gatewayUrl,
      publicUrl: settings.env.publicUrl,
      ...around,
    });
    return [{ kind: kind.kind, part }];
  });
}

/** Those that speak something other than HTTP begin to listen. Throws UserError where they cannot. */
export async function startSimulators(played: readonly PlayedProvider[]): Promise<void> {
  for (const { kind, part } of played) {
    await part.start?.().catch((cause: unknown) => {
      throw new UserError('simulator_cannot_listen', `The played provider of ${kind} cannot listen.`, {
        remedy: `Is another demo running on the same data folder? Its ports stand in demo-secrets.json (${kind}.port…).`,
        cause,
      });
    });
  }
}

function kindOf(name: string): ChannelKind | undefined {
  return channelKinds.find((kind) => kind.kind === name);
}
