/** A Facebook page and a WhatsApp number through the whole gateway: where the answer appears, and where it does not. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { httpClient, type HttpClient } from '../support/http-client.js';
import { demoEnvironment, startWholeGateway, until, type WholeGateway } from '../support/whole-gateway.js';

const ANSWER = 'Petugas sudah ke lokasi.';
const COMMENTS = 'facebook--komentar';

let store: TestDatabase;
let whole: WholeGateway;
let citizen: HttpClient;

beforeAll(async () => {
  store = await createTestDatabase();
  whole = await startWholeGateway(demoEnvironment(store.url, { TABEA_CHANNELS: 'facebook,whatsapp' }));
  citizen = httpClient(whole.url);
  await citizen.get('/simulator');
});
afterAll(async () => {
  await whole.gateway.stop();
  await store.drop();
});

async function write(device: string, from: string, text: string): Promise<void> {
  const sent = await citizen.form('/simulator/messages', { channel: device, from, text });
  expect(sent.headers.get('location')).toBe(`/simulator#device-${device}`);
}

/** What the device shows that the city wrote. */
async function received(device: string, from: string): Promise<string> {
  const query = new URLSearchParams({ channel: device, from }).toString();
  const { text } = await citizen.get(`/simulator/conversation?${query}`);
  return text
    .split('data-direction="')
    .filter((part) => part.startsWith('in'))
    .join('\n');
}

async function caseOf(text: string) {
  const [found] = await until(
    async () => (await whole.operator.cases()).filter((one) => text.includes(one.text)),
    (cases) => cases.length === 1,
  );
  return found?.trackingNumber ?? '';
}

async function answer(number: string): Promise<void> {
  for (const [action, fields] of [
    ['verify', {}],
    ['dispose', { opd: 'dinas-pupr' }],
    ['accept', {}],
    ['respond', { reply: ANSWER }],
  ] as const) {
    await whole.operator.move(number, action, fields);
  }
}

const shows = (device: string, from: string, text: string) =>
  until(
    () => received(device, from),
    (seen) => seen.includes(text),
  );

test.each([
  ['facebook', 'Nona Latuconsina', 'Lampu jalan di Passo padam'],
  ['whatsapp', '+6281200000031', 'Sampah di Mardika menumpuk'],
])('%s: acknowledged and answered in the chat', async (device, from, text) => {
  await write(device, from, text);
  const number = await caseOf(text);
  await shows(device, from, number);
  await answer(number);
  await shows(device, from, ANSWER);
});

test('a public comment is acknowledged and answered below it', async () => {
  const [from, text] = ['Bung Sahetapy', 'Drainase di Batu Merah tersumbat'];
  await write(COMMENTS, from, text);
  const number = await caseOf(text);
  await shows(COMMENTS, from, number);
  await answer(number);
  await shows(COMMENTS, from, ANSWER);
  expect(await received('facebook', from)).not.toContain(ANSWER);
});

test('a secret comment is answered in Messenger, and nothing of it stands below the post', async () => {
  const [from, text] = ['Usi Pattiasina', 'RAHASIA Pungutan liar di sekolah'];
  await write(COMMENTS, from, text);
  const number = await caseOf(text);
  await answer(number);
  await shows('facebook', from, ANSWER);
  // Asked for below the post, the state of it is told in Messenger too.
  await write(COMMENTS, from, `CEK ${number}`);
  await until(
    () => received('facebook', from),
    (seen) => seen.split(number).length > 2,
  );
  const below = await received(COMMENTS, from);
  expect(below).not.toContain(ANSWER);
  expect(below).not.toContain(number);
});

test('fault 29: a message that came 25 hours late is not acknowledged by the machine, and answered by a person', async () => {
  const [from, text] = ['Opa Tuhumury', 'Talud di Soya retak'];
  await citizen.form('/simulator/faults', { kind: 'facebook', fault: 'older-than-24-hours', times: '1' });
  await write('facebook', from, text);
  const number = await caseOf(text);
  const refused = await until(
    async () =>
      (await store.database.pool.query("SELECT error FROM outbox WHERE automated AND state = 'failed'")).rows,
    (rows) => rows.some((row: { error: string }) => row.error === 'not_permitted'),
  );
  expect(refused.length).toBeGreaterThan(0);
  await answer(number);
  await shows('facebook', from, ANSWER);
  expect((await received('facebook', from)).split(number)).toHaveLength(2);
});

test('each reply knows what became of it', async () => {
  const shape = z.array(z.object({ channel_id: z.string(), state: z.string() }));
  const replies = await until(
    async () => {
      const { rows } = await store.database.pool.query(
        'SELECT channel_id, state FROM outbox WHERE NOT automated',
      );
      return shape.parse(rows);
    },
    (rows) => rows.filter(({ state }) => state === 'delivered' || state === 'read').length === 4,
  );
  // What stands below a post is there; Facebook reports nothing more of it.
  expect(replies.map(({ channel_id, state }) => `${channel_id} ${state}`).sort()).toEqual([
    'facebook delivered',
    'facebook delivered',
    'facebook delivered',
    'facebook sent',
    'whatsapp read',
  ]);
});
