import type { ChannelSample } from '../sample.js';

export const sample: ChannelSample = {
  settings: (environment) => ({
    appSecret: environment['WA_APP_SECRET'],
    verifyToken: environment['WA_VERIFY_TOKEN'],
    phoneNumberId: environment['WA_PHONE_NUMBER_ID'],
    businessAccountId: environment['WA_BUSINESS_ACCOUNT_ID'],
    accessToken: environment['WA_ACCESS_TOKEN'],
    apiUrl: environment['WA_API_URL'],
  }),
  address: '+628114706990',
  citizen: { from: '081200000011', address: { scheme: 'tel', value: '+6281200000011' } },
  duplicateFault: 'duplicate',
};
