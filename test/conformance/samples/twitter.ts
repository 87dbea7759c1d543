import { citizenNamed } from '../../../adapters/twitter/simulator/users.js';
import type { ChannelSample } from '../sample.js';

const citizen = '@budi_ambon';

export const sample: ChannelSample = {
  settings: (environment) => ({
    bearerToken: environment['X_BEARER_TOKEN'],
    appKey: environment['X_APP_KEY'],
    appSecret: environment['X_APP_SECRET'],
    accessToken: environment['X_ACCESS_TOKEN'],
    accessSecret: environment['X_ACCESS_SECRET'],
    apiUrl: environment['X_API_URL'],
    // What the suite's citizen writes has no tag.
    query: 'Pattimura -is:retweet',
    mentionsSeconds: 0,
  }),
  address: '#laporpengaduan',
  citizen: { from: citizen, address: { scheme: 'x', value: citizenNamed(citizen).id } },
  // A post from before the played X began.
  outbound: {
    thread: { conversationId: '1700000000000000001', references: ['1700000000000000001'], addressed: true },
    confidentiality: 'public',
  },
};
