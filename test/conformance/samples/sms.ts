import type { ChannelSample } from '../sample.js';

export const sample: ChannelSample = {
  settings: (environment) => ({
    provider: 'twilio',
    twilio: {
      accountSid: environment['TWILIO_ACCOUNT_SID'],
      authToken: environment['TWILIO_AUTH_TOKEN'],
      apiUrl: environment['TWILIO_API_URL'],
    },
  }),
  address: '08114706999',
  citizen: { from: '081200000011', address: { scheme: 'tel', value: '+6281200000011' } },
  duplicateFault: 'duplicate',
};
