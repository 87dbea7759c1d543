/** The route with a real adapter and a real PostgreSQL: Meta's handshake, signatures, batches. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { signMetaBody } from '../../adapters/shared/meta/signature.js';
import { metaJson } from '../../adapters/shared/meta/simulator/webhooks.js';
import { adapterFor, messaging, PAGE } from '../adapters/facebook/helpers.js';
import { APP_SECRET, PREVIOUS_SECRET, VERIFY_TOKEN } from '../adapters/shared/meta/helpers.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { count, inboxKeys, startGateway, type Gateway } from '../intake/gateway.js';

let store: TestDatabase;
let gateway: Gateway;

beforeAll(async () => {
  store = await createTestDatabase();
  gateway = await startGateway({ url: store.url, adapters: { facebook: adapterFor() } });
});

afterAll(async () => {
  await gateway.close();
  await store.drop();
});

beforeEach(() => store.database.pool.query('TRUNCATE inbox, envelope, quarantine'));

function post(body: Buffer<ArrayBuffer>, signature = signMetaBody(APP_SECRET, body)) {
  return fetch(`${gateway.origin}/webhooks/facebook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
    body,
  });
}

const bodyOf = (...entries: readonly object[]) =>
  Buffer.from(metaJson({ object: 'page', entry: entries.map((one) => ({ id: PAGE, time: 1, ...one })) }));
const message = (n: number, text = `Lampu mati ke-${n} 😀`) =>
  messaging({ message: { mid: `m_${n}`, text } });

test('the handshake is answered with the challenge, and stores nothing', async () => {
  const ask = (token: string) => {
    const query = new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.verify_token': token,
      'hub.challenge': '42',
    });
    return fetch(`${gateway.origin}/webhooks/facebook?${query.toString()}`);
  };
  const right = await ask(VERIFY_TOKEN);
  expect([right.status, await right.text()]).toEqual([200, '42']);
  expect((await ask('another')).status).toBe(403);
  expect(await count(store.database, 'envelope')).toBe(0);
});

test('fault 14: escaped letters are taken as they were signed; a copy that was written again is 403', async () => {
  const body = bodyOf(message(1, 'jalan P\u00e4timura 😀'));
  expect((await post(body)).status).toBe(200);
  const copy = Buffer.from(JSON.stringify(JSON.parse(body.toString())));
  expect((await post(copy, signMetaBody(APP_SECRET, body))).status).toBe(403);
  const { rows } = await store.database.pool.query(`SELECT payload->>'text' AS text FROM inbox`);
  expect(rows).toEqual([{ text: 'jalan P\u00e4timura 😀' }]);
});

test('the secret of before holds while it is being rotated', async () => {
  const body = bodyOf(message(2));
  expect((await post(body, signMetaBody(PREVIOUS_SECRET, body))).status).toBe(200);
  expect((await post(body, signMetaBody('another', body))).status).toBe(403);
});

test('fault 15: of a batch of 1000 with one poison entry 999 are taken, and one is kept with its reason', async () => {
  const entries = Array.from({ length: 1000 }, (_, n) =>
    n === 500 ? messaging({ message: { text: 'tanpa mid' } }) : message(n),
  );
  expect((await post(bodyOf(...entries))).status).toBe(200);
  expect(await count(store.database, 'inbox')).toBe(999);
  const held = await gateway.quarantine.listHeld({ kind: 'part' });
  expect(held).toMatchObject([{ channelId: 'facebook', kind: 'part', reason: 'message.mid is missing' }]);
});

test('fault 15: the same in one entry with 1000 events, delivered again: nothing twice', async () => {
  const events = Array.from({ length: 1000 }, (_, n) => (n === 999 ? null : message(n).messaging[0]));
  const body = bodyOf({ messaging: events });
  const answers = await Promise.all([post(body), post(body)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(await count(store.database, 'inbox')).toBe(999);
  expect(await gateway.quarantine.listHeld({ kind: 'part' })).toHaveLength(1);
});

test('fault 10: one webhook ten times at once is one message', async () => {
  const body = bodyOf(message(3));
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(body)));
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(await inboxKeys(store.database)).toEqual(['m:m_3']);
});

test('fault 17: 10 MB are 413, and rubbish is 400 and kept', async () => {
  expect((await post(Buffer.alloc(10 * 1024 * 1024, 0x20))).status).toBe(413);
  expect(await post(Buffer.from('[')).then((answer) => answer.status)).toBe(400);
  expect(await gateway.quarantine.listHeld({ kind: 'unparsable' })).toHaveLength(1);
});

test('the log tells nothing of whom and what', () => {
  const log = gateway.log.join('\n');
  for (const secret of ['Lampu mati', 'timura', '7201000000000011', APP_SECRET, VERIFY_TOKEN]) {
    expect(log).not.toContain(secret);
  }
});
