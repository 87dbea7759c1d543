import type { ChannelSample } from '../sample.js';

export const sample: ChannelSample = {
  settings: (environment) => ({
    appSecret: environment['FB_APP_SECRET'],
    verifyToken: environment['FB_VERIFY_TOKEN'],
    pageId: environment['FB_PAGE_ID'],
    pageAccessToken: environment['FB_PAGE_ACCESS_TOKEN'],
    apiUrl: environment['GRAPH_API_URL'],
    pollSeconds: 0.2,
  }),
  address: 'tabea_Amq',
  citizen: { from: '7201000000000011', address: { scheme: 'fb-psid', value: '7201000000000011' } },
  duplicateFault: 'duplicate',
};
