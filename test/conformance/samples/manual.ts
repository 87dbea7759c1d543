import type { ChannelSample } from '../sample.js';

export const sample: ChannelSample = {
  settings: () => ({}),
  address: '0811000000',
  citizen: { from: '081200000011', address: { scheme: 'tel', value: '+6281200000011' } },
};
