import { stringify } from 'node:querystring';
import twilio from 'twilio';
import { ChannelError } from '../../../src/core/channel-error.js';
import type {
  AdapterContext,
  ChannelAdapter,
  Logger,
  OutboundMessage,
  RawRequest,
  SendAttempt,
} from '../../../src/core/channel.js';
import type { SimulatorContext } from '../../../src/core/simulator.js';
import { sms } from '../../../adapters/sms/index.js';
import type { SmsLine } from '../../../adapters/sms/provider.js';
import { serve } from '../../support/stand.js';
import { SmsSimulator } from '../../../adapters/sms/simulator.js';

export const ACCOUNT = `AC${'0'.repeat(32)}`;
export const TOKEN = 'a-token-for-tests';
export const PUBLIC_URL = 'https://tabea.example';
export const LINE_NUMBER = '+628114706999';
export const CITIZEN = '+6281200000011';
export const NOW = new Date('2026-11-23T01:02:03.000Z');

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export const line: SmsLine = {
  channelId: 'sms-test',
  address: LINE_NUMBER,
  region: 'ID',
  publicUrl: PUBLIC_URL,
  logger: silentLogger,
  clock: { now: () => NOW },
};

/** A request as the gateway hands it over, signed with the SDK's own function. */
export function signedRequest(
  target: string,
  parameters: Readonly<Record<string, string | string[]>>,
  options: { token?: string; publicUrl?: string } = {},
): RawRequest {
  const url = (options.publicUrl ?? PUBLIC_URL) + target;
  return rawRequest(target, stringify(parameters), {
    'x-twilio-signature': twilio.getExpectedTwilioSignature(options.token ?? TOKEN, url, parameters),
  });
}

export function rawRequest(
  target: string,
  body: string | Buffer,
  headers: RawRequest['headers'] = {},
): RawRequest {
  return {
    method: 'POST',
    target,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: Buffer.from(body),
    receivedAt: NOW,
  };
}

export function adapterFor(apiUrl: string, overrides: Partial<AdapterContext> = {}): ChannelAdapter {
  const settings = sms.settings.parse({
    provider: 'twilio',
    twilio: { accountSid: ACCOUNT, authToken: TOKEN, apiUrl },
  });
  return sms.create(settings, {
    channelId: 'sms-test',
    address: LINE_NUMBER,
    publicUrl: PUBLIC_URL,
    replyCostIdr: 350,
    sign: () => 'f'.repeat(20),
    logger: silentLogger,
    clock: { now: () => new Date() },
    ...overrides,
  });
}

/** The simulator behind a real server, and the gateway that it dials. */
export async function playedTwilio(gatewayUrl = 'http://127.0.0.1:9', clock = () => new Date()) {
  const context: SimulatorContext = {
    channels: [
      {
        channelId: 'sms-test',
        label: 'SMS pengaduan',
        address: LINE_NUMBER,
        settings: { provider: 'twilio', twilio: { accountSid: ACCOUNT, authToken: TOKEN } },
      },
    ],
    gatewayUrl,
    publicUrl: PUBLIC_URL,
    clock: { now: clock },
    logger: silentLogger,
  };
  const simulator = new SmsSimulator(context);
  const stand = await serve((request) => simulator.handle(request));
  return {
    simulator,
    stand,
    apiUrl: `${stand.url}/twilio`,
    async close() {
      await simulator.close();
      await stand.close();
    },
  };
}

export const signal = () => new AbortController().signal;

export function reply(over: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    id: '0193-outbox',
    channelId: 'sms-test',
    to: { scheme: 'tel', value: CITIZEN },
    text: 'Laporan Anda kami terima.',
    automated: true,
    attempt: 1,
    ...over,
  };
}

export function attemptOf(
  message: OutboundMessage,
  ageMs: number,
  claimed: readonly string[] = [],
): SendAttempt {
  const now = new Date();
  return {
    message,
    startedAt: new Date(now.getTime() - ageMs),
    now,
    isClaimed: (id) => Promise.resolve(claimed.includes(id)),
  };
}

export async function errorOf(promise: Promise<unknown> | undefined): Promise<ChannelError> {
  const error: unknown = await Promise.resolve(promise).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChannelError)) throw new Error(`not a ChannelError: ${String(error)}`);
  return error;
}
