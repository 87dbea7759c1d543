/** Who answers is told before he writes whether his answer can arrive. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { manual } from '../../adapters/manual/index.js';
import { ingestBatch } from '../../src/cases/ingest.js';
import { move } from '../../src/cases/moves.js';
import type { ChannelAdapter, ReplyPermission, ReplyTarget } from '../../src/core/channel.js';
import { config, sms, START } from '../cases/support.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { logIn, type HttpClient } from '../support/http-client.js';

const ADMIN = { actorId: 'user:test', role: 'super_admin', opd: null } as const;
const asked: { readonly target: ReplyTarget; readonly now: Date }[] = [];
let permission: ReplyPermission = { allowed: true };

let app: HttpApp;
let admin: HttpClient;
let key: string;
beforeAll(async () => {
  const silent = () => undefined;
  const adapter: ChannelAdapter = {
    ...manual.create(manual.settings.parse({}), {
      channelId: 'sms-1708',
      address: '1708',
      publicUrl: 'http://tabea.example',
      replyCostIdr: 0,
      sign: () => 'f'.repeat(20),
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      clock: { now: () => START },
    }),
    send: () => Promise.reject(new Error('nothing is sent here')),
    canReply: (target, now) => {
      asked.push({ target, now });
      return permission;
    },
  };
  app = await startHttpApp({ deps: { adapters: new Map([['sms-1708', adapter]]) } });
  admin = await logIn(app.url, await app.account('super_admin'), PASSWORD);
  key = await app.key('super_admin');
});
afterAll(() => app.close());

let people = 0;
async function inProgress(): Promise<{ number: string; from: { scheme: string; value: string } }> {
  const from = { scheme: 'tel', value: `+62812000090${String(++people).padStart(2, '0')}` };
  const number = await app.report('Lampu mati', from);
  for (const [action, fields] of [
    ['verify', {}],
    ['dispose', { opd: 'dinas-pupr' }],
    ['accept', {}],
  ] as const)
    await move(app.store.services, number, action, fields, ADMIN);
  return { number, from };
}
const look = async (number: string) => (await admin.get(`/console/cases/${number}`)).text;
const formOf = (page: string) => /<form[^>]*actions\/respond".*?<\/form>/s.exec(page)?.[0] ?? '';
const versionIn = (page: string) => /name="version" value="(\d+)"/.exec(page)?.[1] ?? '';
const replyOf = async (number: string) => {
  const answer = await fetch(`${app.url}/api/v1/cases/${number}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const body: unknown = await answer.json();
  return typeof body === 'object' && body !== null ? Reflect.get(body, 'reply') : undefined;
};
const answers = (number: string) =>
  app.store.rows<{ text: string }>(
    `SELECT o.text FROM outbox o JOIN cases c ON c.id = o.case_id WHERE c.tracking_number = $1 AND o.purpose = 'answered'`,
    [number],
  );

describe('the answer form', () => {
  test('asks the channel with the last message of the reporter, as sending does', async () => {
    permission = { allowed: true };
    const { number, from } = await inProgress();
    const more = sms(from, 'masih mati', 30, { externalId: 'SM-LAST', thread: { conversationId: 'c9' } });
    await ingestBatch(app.store.services, await app.store.arrive(more));
    asked.length = 0;
    const form = formOf(await look(number));
    expect(asked.at(-1)).toEqual({
      target: {
        address: from,
        optedOut: false,
        confidentiality: 'public',
        lastInbound: {
          externalId: 'SM-LAST',
          at: new Date(more.receivedAt),
          thread: { conversationId: 'c9' },
        },
      },
      now: START,
    });
    expect(form).toContain('value="move"');
    expect(form).not.toContain('disabled');
    expect(await replyOf(number)).toEqual({ allowed: true, until: null, reason: null, detail: null });
  });

  test('says until when', async () => {
    permission = { allowed: true, until: new Date('2026-11-24T01:00:00Z') };
    const { number } = await inProgress();
    expect(formOf(await look(number))).toMatch(/Dapat dibalas sampai [^;<]*24 Nov[^;<]*10[.:]00/);
    expect(await replyOf(number)).toMatchObject({ allowed: true, until: '2026-11-24T10:00:00+09:00' });
  });

  test('says why not, and sends nothing; what was typed stays, and can be recorded', async () => {
    permission = { allowed: false, reason: 'Jendela 24 jam sudah tertutup.' };
    const { number } = await inProgress();
    const page = await look(number);
    const form = formOf(page);
    expect(form).toContain('Jendela 24 jam sudah tertutup.');
    expect(form).toContain('Hubungi pelapor lewat cara lain');
    expect(form).toMatch(/<button[^>]*disabled[^>]*>/);
    expect(form).not.toContain('value="move"');
    const answer = { version: versionIn(page), reply: 'Lampunya sudah diganti' };
    const path = `/console/cases/${number}/actions/respond`;
    const refused = await admin.form(path, { ...answer, do: 'move' });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('Jawaban tidak dikirim');
    expect(formOf(refused.text)).toContain('Lampunya sudah diganti');
    expect(await answers(number)).toEqual([]);
    expect((await admin.form(path, { ...answer, do: 'record' })).status).toBe(303);
    expect(await answers(number)).toHaveLength(1);
  });

  test('is told of a STOP that came while he wrote', async () => {
    permission = { allowed: true };
    const { number, from } = await inProgress();
    const page = await look(number);
    await ingestBatch(app.store.services, await app.store.arrive(sms(from, 'STOP', 1)));
    const fields = { version: versionIn(page), reply: 'Sudah', do: 'move' };
    const refused = await admin.form(`/console/cases/${number}/actions/respond`, fields);
    expect(refused.status).toBe(409);
    expect(formOf(refused.text)).toContain('(STOP)');
    expect(await replyOf(number)).toEqual({
      allowed: false,
      until: null,
      reason: 'opted_out',
      detail: null,
    });
  });

  test('the API keeps its word: the move is made, and its answer says what became of it', async () => {
    permission = { allowed: false, reason: 'Jendela 24 jam sudah tertutup.' };
    const { number } = await inProgress();
    const answer = await fetch(`${app.url}/api/v1/cases/${number}/actions/respond`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reply: 'Sudah' }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'responded',
      reply: { allowed: false, reason: 'not_permitted', detail: 'Jendela 24 jam sudah tertutup.' },
    });
  });

  test('the reporter whose address is not known, and the one erased', async () => {
    permission = { allowed: true };
    const { number } = await inProgress();
    await app.store.rows('UPDATE cases SET contact_key = NULL WHERE tracking_number = $1', [number]);
    expect(await replyOf(number)).toMatchObject({ allowed: false, reason: 'no_address' });
    const other = await inProgress();
    await app.store.rows(
      `UPDATE reporter SET wrapped_key = '\\x00' WHERE id = (SELECT reporter_id FROM cases WHERE tracking_number = $1)`,
      [other.number],
    );
    expect(await replyOf(other.number)).toMatchObject({ allowed: false, reason: 'unreadable' });
    expect(formOf(await look(other.number))).toContain('Alamat pelapor tidak dapat dibaca');
  });

  test('where a person conveys the answer, nothing stands in the way', async () => {
    expect(config.channels.some(({ id }) => id === 'call-center')).toBe(true);
    const created = await fetch(`${app.url}/api/v1/cases`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channelId: 'call-center', text: 'Lampu mati' }),
    });
    expect(await created.json()).toMatchObject({ reply: { allowed: true } });
  });
});
