/** What became of replies, in words that a person can act on. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId } from '../../src/core/ids.js';
import { applyDeliveryReports } from '../../src/replies/delivery.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { logIn, type HttpClient } from '../support/http-client.js';
import { mailIn } from '../support/mail.js';

let app: HttpApp;
let admin: HttpClient;
beforeAll(async () => {
  app = await startHttpApp();
  admin = await logIn(app.url, await app.account('super_admin'), PASSWORD);
});
afterAll(() => app.close());

/** A case whose acknowledgement came to that state. */
async function caseWith(
  state: string,
  error: string | null,
): Promise<{ number: string; externalId: string }> {
  const { number } = await mailIn(app, { subject: 'Jalan', text: 'Jalan rusak' });
  const externalId = `<balasan-${number}@tabea.example>`;
  await app.store.rows(
    `UPDATE outbox SET state = $2, error = $3, external_id = $4
     WHERE case_id = (SELECT id FROM cases WHERE tracking_number = $1)`,
    [number, state, error, externalId],
  );
  return { number, externalId };
}

const pageOf = async (number: string) => (await admin.get(`/console/cases/${number}`)).text;

test('a failure says what it means and what to do, with the code beside it', async () => {
  const { number } = await caseWith('failed', 'rejected:5.1.1');
  const text = await pageOf(number);
  expect(text).toContain('Alamat surel ini tidak ditemukan.');
  expect(text).toContain('hubungi pelapor lewat cara lain');
  expect(text).toContain('(kode 5.1.1)');
});

test('a reply that was sent and then came back shows what the report said', async () => {
  const { number, externalId } = await caseWith('sent', null);
  expect(await pageOf(number)).not.toContain('tb-trouble');
  await app.store.services.database.transaction((client) =>
    applyDeliveryReports(client, [
      {
        type: 'delivery',
        channelId: 'email',
        externalId,
        state: 'failed',
        code: '5.2.2',
        at: app.store.now.toISOString(),
      },
    ]),
  );
  const text = await pageOf(number);
  expect(text).toContain('Kotak surat pelapor penuh.');
  expect(text).toContain('(kode 5.2.2)');
  const answer = await fetch(`${app.url}/api/v1/cases/${number}`, {
    headers: { authorization: `Bearer ${await app.key('super_admin')}` },
  });
  const { messages } = Object(await answer.json());
  expect(messages[1]).toMatchObject({ delivery: 'failed', error: '5.2.2' });
});

test.each([
  ['pending', 'connection:timeout', 'Belum terkirim, dicoba lagi sendiri: Penyedia tidak dapat dicapai.'],
  ['unknown', 'unresolved', 'Tabea tidak mengirimnya dua kali'],
  ['failed', '30003', 'Penyedia melaporkan bahwa pesan ini tidak sampai.'],
  ['failed', 'rejected:5.7.26', 'SPF, DKIM, dan DMARC'],
  ['failed', null, 'Penyedia melaporkan bahwa pesan ini tidak sampai.'],
])('%s with %s', async (state, error, words) => {
  expect(await pageOf((await caseWith(state, error)).number)).toContain(words);
});

test.each([
  ['delivered', 'rejected:5.1.1'],
  ['pending', null],
  ['sent', null],
])('%s with %s needs no words', async (state, error) => {
  expect(await pageOf((await caseWith(state, error)).number)).not.toContain('tb-trouble');
});

test('the list marks a case whose last reply did not arrive, until another one goes out', async () => {
  const { number } = await caseWith('failed', 'rejected:5.1.1');
  const rowOf = async () => {
    const { text } = await admin.get('/console?channel=email');
    return text.split('<tr>').find((row) => row.includes(number)) ?? '';
  };
  expect(await rowOf()).toContain('Balasan tidak sampai');
  await app.store.rows(
    `INSERT INTO outbox (id, case_id, channel_id, purpose, automated, text, state, due_at, created_at, state_at)
     SELECT $2, id, channel_id, 'answered', false, 'x', 'sent', now(), now(), now() FROM cases WHERE tracking_number = $1`,
    [number, newId()],
  );
  expect(await rowOf()).not.toContain('Balasan tidak sampai');
});
