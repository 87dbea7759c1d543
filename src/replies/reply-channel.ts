/** What the reply pipeline has to know of a channel, beside its adapter. */
import type { ChannelAdapter } from '../core/channel.js';

export interface ReplyChannel {
  readonly id: string;
  /** What the provider allows; absent: as fast as it goes. */
  readonly repliesPerSecond?: number | undefined;
}

/** A channel that has an adapter, and how answers leave by it. */
export interface ServedChannel extends ReplyChannel {
  /** False where a person conveys them (telephone, paper): no job is for them. */
  readonly sends: boolean;
  /** What the files of one answer may weigh together; 0: it carries none. */
  readonly maxAttachmentBytes: number;
}

/** Those of the channels that are served, by id. */
export function servedChannels(
  channels: readonly ReplyChannel[],
  adapters: ReadonlyMap<string, Pick<ChannelAdapter, 'send' | 'maxAttachmentBytes'>>,
): ReadonlyMap<string, ServedChannel> {
  return new Map(
    channels.flatMap(({ id, repliesPerSecond }) => {
      const adapter = adapters.get(id);
      if (adapter === undefined) return [];
      const sends = adapter.send !== undefined;
      return [
        [id, { id, repliesPerSecond, sends, maxAttachmentBytes: adapter.maxAttachmentBytes ?? 0 }] as const,
      ];
    }),
  );
}
