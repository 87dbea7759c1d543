import type { z } from 'zod';
import type { AdapterContext, ChannelAdapter } from './channel.js';
import type { SimulatorKind } from './simulator.js';

/** One folder under `adapters/`, one line in `adapters/index.ts`. */
export interface ChannelKind<Settings = unknown> {
  readonly kind: string;
  /** Shape of `channels[].settings` in the configuration. Only what it reads is demanded. */
  readonly settings: z.ZodType<Settings>;
  create(settings: Settings, context: AdapterContext): ChannelAdapter;
  /** The provider, played for the demo and for tests. */
  readonly simulator?: SimulatorKind;
}
