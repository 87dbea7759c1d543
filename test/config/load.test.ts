import { expect, test } from '@jest/globals';
import { readEnv } from '../../config/env.js';
import { loadConfig } from '../../config/load.js';

test("Ambon's configuration is read without any secret", () => {
  const config = loadConfig({ env: readEnv({}) });
  expect(config.channels.map((channel) => channel.id)).toEqual([
    'web',
    'sms-1708',
    'sms-08114706999',
    'call-center',
    'email',
    'twitter',
    'facebook',
    'complaint-box',
    'walk-in',
  ]);
});
