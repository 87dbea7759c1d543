import { channelKinds } from '../../adapters/index.js';
import { describeChannel } from './channel-conformance.js';
import type { ChannelSample } from './sample.js';

for (const kind of channelKinds) {
  // A kind without its sample file fails here, by name.
  const { sample }: { sample: ChannelSample } = await import(`./samples/${kind.kind}.js`);
  await describeChannel(kind, sample);
}
