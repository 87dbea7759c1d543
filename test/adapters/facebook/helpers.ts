import { facebook } from '../../../adapters/facebook/index.js';
import { FacebookSimulator } from '../../../adapters/facebook/simulator.js';
import type { AdapterContext, ChannelAdapter, OutboundMessage, Parsed } from '../../../src/core/channel.js';
import type { SimulatorContext } from '../../../src/core/simulator.js';
import { serve } from '../../support/stand.js';
import {
  APP_SECRET,
  NOW,
  PREVIOUS_SECRET,
  silentLogger,
  VERIFY_TOKEN,
  webhook,
} from '../shared/meta/helpers.js';

export const PAGE = '104070110021997';
export const TOKEN = 'EAA-a-page-token-for-tests';
export const PSID = '7201000000000011';
export const USER = '6100000000000022';
export const POST = `${PAGE}_1001`;
export const COMMENT = '1001_5001';

export function adapterFor(
  apiUrl = 'http://127.0.0.1:9',
  more: Readonly<Record<string, unknown>> = {},
  context: Partial<AdapterContext> = {},
): ChannelAdapter {
  const settings = facebook.settings.parse({
    appSecret: APP_SECRET,
    previousAppSecret: PREVIOUS_SECRET,
    verifyToken: VERIFY_TOKEN,
    pageId: PAGE,
    pageAccessToken: TOKEN,
    apiUrl,
    ...more,
  });
  return facebook.create(settings, {
    channelId: 'facebook',
    address: 'tabea_Amq',
    publicUrl: 'https://tabea.example',
    replyCostIdr: 0,
    sign: () => 'f'.repeat(20),
    logger: silentLogger,
    clock: { now: () => NOW },
    ...context,
  });
}

const parser = adapterFor();

/** What becomes of these entries. */
export function parse(...entries: readonly object[]): Parsed {
  const { webhook: receiver } = parser;
  if (!receiver) throw new Error('there is no webhook');
  const entry = entries.map((one) => ({ id: PAGE, time: 1795395723000, ...one }));
  return receiver.parse(webhook({ object: 'page', entry }));
}

/** One event of Messenger by the citizen. */
export const messaging = (event: object) => ({
  messaging: [{ sender: { id: PSID }, recipient: { id: PAGE }, timestamp: 1795395722500, ...event }],
});

/** One change of the feed by the citizen. */
export const feed = (value: object) => ({
  changes: [
    {
      field: 'feed',
      value: {
        from: { id: USER, name: 'Nona Latuconsina' },
        item: 'comment',
        verb: 'add',
        post_id: POST,
        parent_id: POST,
        comment_id: COMMENT,
        message: 'Air PDAM mati tiga hari di Batu Merah',
        created_time: 1795395720,
        ...value,
      },
    },
  ],
});

/** A reply in Messenger. */
export function reply(over: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    id: '0193-outbox',
    channelId: 'facebook',
    to: { scheme: 'fb-psid', value: PSID },
    text: 'Laporan Anda kami teruskan.',
    automated: false,
    confidentiality: 'public',
    attempt: 1,
    ...over,
  };
}

/** A reply to a comment. */
export function commentReply(over: Partial<OutboundMessage> = {}): OutboundMessage {
  return reply({
    to: { scheme: 'fb-user', value: USER },
    thread: { conversationId: COMMENT, references: [COMMENT] },
    ...over,
  });
}

/** The simulator behind a real server, and the gateway that it dials. */
export async function playedFacebook(gatewayUrl = 'http://127.0.0.1:9', clock = () => new Date()) {
  const context: SimulatorContext = {
    channels: [
      {
        channelId: 'facebook',
        label: 'Facebook tabea_Amq',
        address: 'tabea_Amq',
        settings: { appSecret: APP_SECRET, verifyToken: VERIFY_TOKEN, pageId: PAGE, pageAccessToken: TOKEN },
      },
    ],
    gatewayUrl,
    publicUrl: 'https://tabea.example',
    clock: { now: clock },
    logger: silentLogger,
  };
  const simulator = new FacebookSimulator(context);
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
