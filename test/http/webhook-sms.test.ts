/** The route with a real adapter: the wire format of Twilio, signed by its SDK. */
import { stringify } from 'node:querystring';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import twilio from 'twilio';
import { sms } from '../../adapters/sms/index.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { count, inboxKeys, startGateway, type Gateway } from '../intake/gateway.js';

const TOKEN = 'a-token-for-tests';
const PUBLIC_URL = 'https://tabea.example';
let store: TestDatabase;
let gateway: Gateway;

beforeAll(async () => {
  const settings = sms.settings.parse({
    provider: 'twilio',
    twilio: { accountSid: `AC${'0'.repeat(32)}`, authToken: TOKEN },
  });
  const adapter = sms.create(settings, {
    channelId: 'sms-1708',
    address: '08114706999',
    publicUrl: PUBLIC_URL,
    replyCostIdr: 350,
    sign: () => 'f'.repeat(20),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    clock: { now: () => new Date() },
  });
  store = await createTestDatabase();
  gateway = await startGateway({ url: store.url, adapters: { 'sms-1708': adapter } });
});

afterAll(async () => {
  await gateway.close();
  await store.drop();
});

beforeEach(() => store.database.pool.query('TRUNCATE inbox, envelope, quarantine'));

const message = (sid: string, body = 'Lampu jalan padam') => ({
  MessageSid: `SM${sid.padStart(32, '0')}`,
  AccountSid: `AC${'0'.repeat(32)}`,
  From: '+6281200000011',
  To: '+628114706999',
  Body: body,
  NumMedia: '0',
});

function send(parameters: Record<string, string | string[]>, token = TOKEN, path = '/webhooks/sms-1708') {
  return fetch(gateway.origin + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': twilio.getExpectedTwilioSignature(token, PUBLIC_URL + path, parameters),
    },
    body: stringify(parameters),
  });
}

test('a message is stored and answered with TwiML, ten times at once', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => send(message('1'))));
  expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
  expect(await answers[0]?.text()).toContain('<Response');
  expect(await inboxKeys(store.database)).toEqual([`m:${message('1').MessageSid}`]);
});

test('fault 13: an address with an apostrophe and a query is signed as received', async () => {
  expect((await send(message('2'), TOKEN, `/webhooks/sms-1708?note=it's%20so`)).status).toBe(200);
  expect(await count(store.database, 'inbox')).toBe(1);
});

test('fault 12: another token is refused and no case', async () => {
  expect((await send(message('3'), 'another token')).status).toBe(403);
  expect(await count(store.database, 'inbox')).toBe(0);
});

test('fault 17: 10,000 form parameters are 400 and kept', async () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`p${n}`, '1']));
  const answer = await send({ ...message('4'), ...many });
  expect(answer.status).toBe(400);
  expect(await count(store.database, 'inbox')).toBe(0);
  expect(await gateway.quarantine.listHeld({ kind: 'unparsable' })).toHaveLength(1);
});

test('fault 18: 70 and 71, 160 and 161 characters and odd signs arrive whole', async () => {
  const texts = [
    'é'.repeat(70),
    '漢'.repeat(71),
    'a'.repeat(160),
    'a'.repeat(161),
    '\u202eabc 👩‍👩‍👧 %00 +',
    '   ',
  ];
  for (const [n, text] of texts.entries()) expect((await send(message(`5${n}`, text))).status).toBe(200);
  const { rows } = await store.database.pool.query<{ text: string }>(
    `SELECT payload->>'text' AS text FROM inbox ORDER BY event_key`,
  );
  expect(rows.map((row) => row.text)).toEqual(texts);
});

test('a delivery report comes in at its own address', async () => {
  const report = {
    MessageSid: `SM${'9'.repeat(32)}`,
    MessageStatus: 'delivered',
    AccountSid: `AC${'0'.repeat(32)}`,
  };
  expect((await send(report, TOKEN, '/webhooks/sms-1708/status?ref=x')).status).toBe(200);
  expect(await inboxKeys(store.database)).toEqual([`d:SM${'9'.repeat(32)}:delivered`]);
});
