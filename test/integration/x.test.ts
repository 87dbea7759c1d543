/** From a post to its case and back to the timeline, through the whole gateway and the played X. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { httpClient } from '../support/http-client.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { demoEnvironment, startWholeGateway, until, type WholeGateway } from '../support/whole-gateway.js';

const ledgerShape = z.array(z.object({ id: z.string(), text: z.string(), to: z.string().nullable() }));
const portShape = z.looseObject({ 'twitter.port.api': z.string() });

let store: TestDatabase;
let whole: WholeGateway;
let ledgerUrl: string;

beforeAll(async () => {
  store = await createTestDatabase();
  const environment = demoEnvironment(store.url, { TABEA_CHANNELS: 'twitter' });
  whole = await startWholeGateway(environment);
  const kept = readFileSync(join(environment['TABEA_DATA_DIR'] ?? '', 'demo-secrets.json'), 'utf8');
  const { 'twitter.port.api': port } = portShape.parse(JSON.parse(kept));
  ledgerUrl = `http://127.0.0.1:${port}/__ledger`;
}, 60_000);
afterAll(async () => {
  await whole.gateway.stop();
  await store.drop();
});

async function post(from: string, text: string): Promise<void> {
  const client = httpClient(whole.url);
  await client.get('/simulator');
  const answer = await client.form('/simulator/messages', { channel: 'twitter', from, text });
  expect(answer.headers.get('location')).toBe('/simulator#device-twitter');
}

async function fault(id: string): Promise<void> {
  const client = httpClient(whole.url);
  await client.get('/simulator');
  expect((await client.form('/simulator/faults', { kind: 'twitter', fault: id, times: '1' })).status).toBe(
    303,
  );
}

const posted = async () => ledgerShape.parse(await (await fetch(ledgerUrl)).json());
const casesWith = async (text: string) => (await whole.operator.cases()).filter((one) => one.text === text);

test('one case a post, though stream, search and mentions all tell of it', async () => {
  const text = '@tabea_ambon Lampu padam di Passo #laporpengaduan';
  await fault('duplicate');
  await post('@satu_ambon', text);
  await until(
    () => casesWith(text),
    (found) => found.length > 0,
  );
  await sleep(1_000);
  expect(await casesWith(text)).toHaveLength(1);
}, 30_000);

test('a bare hashtag becomes a case, and nobody answers it on X', async () => {
  const before = (await posted()).length;
  const text = 'Sampah menumpuk di Batu Merah #laporpengaduan';
  await post('@dua_ambon', text);
  await until(
    () => casesWith(text),
    (found) => found.length === 1,
  );
  await sleep(1_500);
  expect(await posted()).toHaveLength(before);
}, 30_000);

test('an answer whose acceptance is lost is looked up, and on the timeline once', async () => {
  const text = '@tabea_ambon Selokan tersumbat di Galala #laporpengaduan';
  await post('@tiga_ambon', text);
  const [found] = await until(
    () => casesWith(text),
    (list) => list.length === 1,
  );
  // The acknowledgement is out; the next post is the answer.
  await until(posted, (list) => list.some((one) => one.text.includes(found?.trackingNumber ?? '-')));
  const number = found?.trackingNumber ?? '';
  await whole.operator.move(number, 'verify');
  await whole.operator.move(number, 'dispose', { opd: 'dinas-pupr' });
  await until(posted, (list) => list.filter((one) => one.text.includes(number)).length === 2);
  await whole.operator.move(number, 'accept');
  await fault('accepted-no-answer');
  await whole.operator.move(number, 'respond', { reply: 'Sudah kami bersihkan.' });
  const answers = async () => (await posted()).filter((one) => one.text.includes('Sudah kami bersihkan.'));
  await until(answers, (list) => list.length === 1);
  await until(
    async () =>
      (
        await store.database.pool.query<{ state: string }>(
          'SELECT state FROM outbox WHERE external_id IS NULL',
        )
      ).rows,
    (rows) => rows.every(({ state }) => state === 'failed'),
    60_000,
  );
  expect(await answers()).toHaveLength(1);
}, 90_000);
