/** Answers that a person conveys: marked once, by who may answer. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyChain } from '../../src/core/case-event.js';
import { move } from '../../src/cases/moves.js';
import { openManually } from '../../src/cases/open-manually.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { logIn } from '../support/http-client.js';

const ADMIN = { actorId: 'user:test', role: 'super_admin', opd: null } as const;

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp();
});
afterAll(() => app.close());

/** A call that was answered; returns number and id of the answer. */
async function answered(): Promise<{ number: string; id: string }> {
  const { services } = app.store;
  const { trackingNumber: number } = await openManually(
    services,
    { channelId: 'call-center', text: 'Lampu padam' },
    { actorId: 'user:test', putBlob: app.deps.putBlob, normalisePhone: () => null },
  );
  await move(services, number, 'verify', {}, ADMIN);
  await move(services, number, 'dispose', { opd: 'dinas-pupr' }, ADMIN);
  await move(services, number, 'accept', {}, ADMIN);
  await move(services, number, 'respond', { reply: 'Sudah menyala' }, ADMIN);
  return { number, id: await answerOf(number) };
}

async function answerOf(number: string): Promise<string> {
  const [row] = await app.store.rows<{ id: string }>(
    `SELECT o.id FROM outbox o JOIN cases c ON c.id = o.case_id
     WHERE c.tracking_number = $1 AND o.purpose = 'answered'`,
    [number],
  );
  return row?.id ?? '';
}

const post = async (number: string, id: string, key: string) =>
  await fetch(`${app.url}/api/v1/cases/${number}/messages/${id}/conveyed`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
  });

test('the button, the state, and who did it when; again changes nothing', async () => {
  const { number, id } = await answered();
  const liaison = await logIn(app.url, await app.account('liaison', 'dinas-pupr'), PASSWORD);
  const page = await liaison.get(`/console/cases/${number}`);
  expect(page.text).toContain(`action="/console/cases/${number}/messages/${id}/conveyed"`);
  for (let times = 0; times < 2; times++) {
    const done = await liaison.form(`/console/cases/${number}/messages/${id}/conveyed`, {});
    expect(done.headers.get('location')).toBe(`/console/cases/${number}?done=conveyed`);
  }
  const after = await liaison.get(`/console/cases/${number}?done=conveyed`);
  expect(after.text).toContain('Tersimpan: Sudah disampaikan.');
  expect(after.text).toContain('data-state="delivered"');
  expect(after.text).not.toContain('/conveyed"');
  expect(after.text).toContain('Jawaban disampaikan oleh petugas');
  const events = await app.store.rows<Parameters<typeof verifyChain>[1][number] & { case_id: string }>(
    `SELECT e.* FROM case_event e JOIN cases c ON c.id = e.case_id WHERE c.tracking_number = $1 ORDER BY seq`,
    [number],
  );
  expect(events.filter(({ kind }) => kind === 'conveyed')).toMatchObject([
    { actor: expect.stringMatching(/^user:/), data: { message: id } },
  ]);
  expect(verifyChain(events[0]?.case_id ?? '', events)).toEqual({ ok: true });
});

test('through the API, by who may answer and sees the case', async () => {
  const { number, id } = await answered();
  expect((await post(number, id, await app.key('liaison', 'bpbd'))).status).toBe(404);
  expect((await post(number, id, await app.key('viewer'))).status).toBe(404);
  expect((await post(number, id, await app.key('supervisor'))).status).toBe(403);
  const key = await app.key('super_admin');
  expect((await post(number, 'x', key)).status).toBe(404);
  expect((await post(number, '019ab000-0000-7000-8000-000000000000', key)).status).toBe(404);
  const answer = await post(number, id, key);
  expect(answer.status).toBe(200);
  const { messages } = Object(await answer.json());
  expect(messages.at(-1)).toMatchObject({ id, delivery: 'delivered' });
});

test('what Tabea sends itself is not conveyed by anybody', async () => {
  const number = await app.report('Jalan rusak');
  const [row] = await app.store.rows<{ id: string }>('SELECT id FROM outbox ORDER BY id DESC LIMIT 1');
  const refused = await post(number, row?.id ?? '', await app.key('super_admin'));
  expect(refused.status).toBe(409);
  const admin = await logIn(app.url, await app.account('super_admin'), PASSWORD);
  expect((await admin.get(`/console/cases/${number}`)).text).not.toContain('/conveyed"');
});

test('no job waits for an answer that a person conveys', async () => {
  await answered();
  expect(app.store.jobs.filter(({ queue }) => queue === 'reply.call-center')).toEqual([]);
});
