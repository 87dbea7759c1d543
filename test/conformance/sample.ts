import type { OutboundMessage } from '../../src/core/channel.js';
import type { Address } from '../../src/core/message.js';

/**
 * What the conformance suite must know of a kind of channel. A new channel adds one file
 * `samples/<kind>.ts` that exports `sample`.
 */
export interface ChannelSample {
  /** `channels[].settings`, with the values that the simulator's `demoEnvironment` gives. */
  settings(environment: Readonly<Record<string, string>>): unknown;
  /** The number, page or mailbox, as configured. */
  readonly address: string;
  /** A citizen: as he writes on the simulator's device, and as an address of the contract. */
  readonly citizen: { readonly from: string; readonly address: Address };
  /** What a reply has on this channel beside its text: the message that it answers. */
  readonly outbound?: Partial<OutboundMessage>;
  /** The simulator's fault that delivers what a citizen writes twice, where it has one. */
  readonly duplicateFault?: string;
}
