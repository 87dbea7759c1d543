/** The simulator of SMS outside the gateway, so that it remembers what it accepted when the gateway is killed. */
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SmsSimulator } from '../../adapters/sms/simulator.js';
import { projectRoot } from '../../config/root.js';
import { freePort } from '../../src/db/postgres-server.js';
import { newFolder } from './run-folder.js';
import { serve } from './stand.js';
import { citizenAt, demoEnvironment, LINE, type Citizen } from './whole-gateway.js';

export interface PlayedProvider {
  /** Of a gateway at `url` behind this provider: the same secrets, port and data folder at every start. */
  readonly environment: NodeJS.ProcessEnv;
  readonly url: string;
  readonly citizen: Citizen;
  readonly simulator: SmsSimulator;
  /** Where its API, and with it the ledger, is. */
  readonly api: string;
  close(): Promise<void>;
}

export async function playProvider(
  databaseUrl: string,
  more: NodeJS.ProcessEnv = {},
): Promise<PlayedProvider> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const secrets = {
    accountSid: `AC${randomBytes(16).toString('hex')}`,
    authToken: randomBytes(16).toString('hex'),
  };
  const silent = () => undefined;
  const simulator = new SmsSimulator({
    channels: [
      { ...LINE, label: 'SMS', settings: { provider: 'twilio', twilio: secrets } },
      {
        channelId: 'sms-1708',
        address: '1708',
        label: 'SMS 1708',
        settings: { provider: 'twilio', twilio: secrets },
      },
    ],
    gatewayUrl: url,
    publicUrl: url,
    clock: { now: () => new Date() },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
  const stand = await serve((request) => simulator.handle(request));
  const { PATH, HOME } = process.env;
  return {
    environment: {
      PATH,
      HOME,
      ...demoEnvironment(databaseUrl, {
        PORT: String(port),
        TABEA_CONFIG: configWithoutRates(),
        TWILIO_API_URL: `${stand.url}/twilio`,
        TWILIO_ACCOUNT_SID: secrets.accountSid,
        TWILIO_AUTH_TOKEN: secrets.authToken,
        TABEA_SECRET_KEY: randomBytes(32).toString('base64'),
        ...more,
      }),
    },
    url,
    citizen: citizenAt(url, secrets),
    simulator,
    api: stand.url,
    close: async () => {
      await simulator.close();
      await stand.close();
    },
  };
}

/** The city's configuration with lines that take as many replies as we can send: one a second is the truth, but slow. */
function configWithoutRates(): string {
  const folder = newFolder('config');
  cpSync(join(projectRoot(), 'config'), folder, { recursive: true });
  const file = join(folder, 'ambon.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/repliesPerSecond: .*/g, 'repliesPerSecond: 1000'));
  return file;
}
