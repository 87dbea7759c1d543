import { whatsapp } from '../../../adapters/whatsapp/index.js';
import { WhatsappSimulator } from '../../../adapters/whatsapp/simulator.js';
import type { ChannelAdapter, Clock, OutboundMessage, Parsed } from '../../../src/core/channel.js';
import { serve } from '../../support/stand.js';
import { APP_SECRET, NOW, silentLogger, VERIFY_TOKEN, webhook } from '../shared/meta/helpers.js';

export const NUMBER_ID = '104070110021998';
export const ACCOUNT_ID = '104070110021999';
export const TOKEN = 'EAA-a-number-token-for-tests';
export const CITIZEN = '+6281200000011';
export const HIDDEN = 'ID.13491208655302741918';

const settings = {
  appSecret: APP_SECRET,
  verifyToken: VERIFY_TOKEN,
  phoneNumberId: NUMBER_ID,
  businessAccountId: ACCOUNT_ID,
  accessToken: TOKEN,
};

export function adapterFor(
  apiUrl = 'http://127.0.0.1:9',
  more: Readonly<Record<string, unknown>> = {},
  clock: Clock = { now: () => NOW },
): ChannelAdapter {
  return whatsapp.create(whatsapp.settings.parse({ ...settings, apiUrl, ...more }), {
    channelId: 'whatsapp',
    address: '+628114706990',
    publicUrl: 'https://tabea.example',
    replyCostIdr: 0,
    sign: () => 'f'.repeat(20),
    logger: silentLogger,
    clock,
  });
}

const parser = adapterFor();

/** What becomes of these values of `changes[]`. */
export function parse(...values: readonly object[]): Parsed {
  const changes = values.map((value) => ({
    field: 'messages',
    value: { messaging_product: 'whatsapp', metadata: { phone_number_id: NUMBER_ID }, ...value },
  }));
  const parsed = parser.webhook?.parse(
    webhook({ object: 'whatsapp_business_account', entry: [{ id: ACCOUNT_ID, changes }] }),
  );
  if (!parsed) throw new Error('there is no webhook');
  return parsed;
}

/** A message of the citizen. */
export const message = (more: object) => ({
  contacts: [{ profile: { name: 'Bung Sahetapy' }, wa_id: '6281200000011', user_id: 'ID.77' }],
  messages: [{ from: '6281200000011', id: 'wamid.1', timestamp: '1795395720', ...more }],
});

export function reply(over: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    id: '0193-outbox',
    channelId: 'whatsapp',
    to: { scheme: 'tel', value: CITIZEN },
    text: 'Laporan Anda kami teruskan.',
    automated: false,
    attempt: 1,
    ...over,
  };
}

/** The simulator behind a real server, and the gateway that it dials. */
export async function playedWhatsapp(gatewayUrl: string) {
  const simulator = new WhatsappSimulator({
    channels: [{ channelId: 'whatsapp', label: 'WhatsApp', address: '+628114706990', settings }],
    gatewayUrl,
    publicUrl: 'https://tabea.example',
    clock: { now: () => new Date() },
    logger: silentLogger,
  });
  const stand = await serve((request) => simulator.handle(request));
  return {
    simulator,
    stand,
    async close() {
      await simulator.close();
      await stand.close();
    },
  };
}
