/** What the reply pipeline has to know of a channel, beside its adapter. */

export interface ReplyChannel {
  readonly id: string;
  /** What the provider allows; absent: as fast as it goes. */
  readonly repliesPerSecond?: number | undefined;
}
