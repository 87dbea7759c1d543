/** A provider that is played, for the demo and for tests: what a kind brings along, and what its page is made of. */
import type { Clock, Logger, RawReply, RawRequest } from './channel.js';

/** How a kind's provider is played. `simulatorUrl` is where the part's `handle` is mounted, no trailing slash. */
export interface SimulatorKind {
  /**
   * Values for the `${NAME}`s of the configuration that are absent in the demo: addresses that point at
   * the simulator, secrets made by `secret(bytes)` (hex) and loopback ports chosen by `port(name)`, both of
   * which the caller keeps in the data folder.
   */
  demoEnvironment(
    simulatorUrl: string,
    secret: (bytes: number) => string,
    port: (name: string) => number,
  ): Readonly<Record<string, string>>;
  create(context: SimulatorContext): SimulatorPart;
}

export interface SimulatorChannel {
  readonly channelId: string;
  readonly label: string;
  readonly address: string;
  /** Settings as in the configuration, after interpolation. */
  readonly settings: unknown;
}

export interface SimulatorContext {
  readonly channels: readonly SimulatorChannel[];
  /** Where the gateway's webhooks are as the provider dials them; may differ from `publicUrl`. */
  readonly gatewayUrl: string;
  /** What the provider signs. */
  readonly publicUrl: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A fault that the played provider can be told to have. */
export interface SimulatorFault {
  readonly id: string;
  /** For the page, Indonesian. */
  readonly label: string;
}

/** A message as the device of the citizen shows it. */
export interface SimulatedMessage {
  readonly id: string;
  /** Seen from the citizen: `out` he wrote, `in` he received. */
  readonly direction: 'in' | 'out';
  readonly subject?: string;
  readonly text: string;
  readonly at: string;
  readonly state: string;
  /** Segments, where the provider counts them. */
  readonly segments?: number;
}

/** A device on the simulator's page: a telephone, a mailbox. */
export interface SimulatedDevice {
  readonly channelId: string;
  /** Chooses the drawing: `phone`, `mailbox`, `timeline`. */
  readonly look: string;
  readonly title: string;
  readonly address: string;
}

export interface SimulatorPart {
  /** Begins to listen, where the provider speaks something other than HTTP. */
  start?(): Promise<void>;
  readonly devices: readonly SimulatedDevice[];
  readonly faults: readonly SimulatorFault[];
  /** The provider's HTTP interface in its wire format; `target` is relative to where the part is mounted. */
  handle(request: RawRequest): Promise<RawReply>;
  /** The citizen `from` writes on a device: delivered to the gateway's webhook, signed as the provider signs. */
  write(input: {
    readonly channelId: string;
    readonly from: string;
    readonly text: string;
    /** Where the device has a line for it. */
    readonly subject?: string;
  }): Promise<SimulatedMessage>;
  /** What the device of `from` shows, oldest first. */
  conversation(channelId: string, from: string): readonly SimulatedMessage[];
  /** Switches a fault on for the next `times` requests that it concerns (0: off). */
  setFault(id: string, times: number): void;
  activeFaults(): Readonly<Record<string, number>>;
  /** Called with the channel and the citizen's address whenever a conversation changes; returns the unsubscriber. */
  onChange(listener: (channelId: string, from: string) => void): () => void;
  close(): Promise<void>;
}
