/** Files along with an answer: by API and by the console's form, refused in words where they cannot go. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { move } from '../../src/cases/moves.js';
import { createClamd } from '../../src/ops/clamav.js';
import { CLAMD, startClamd, VIRUS, type TestClamd } from '../support/clamd.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { logIn, type HttpClient } from '../support/http-client.js';
import { mailIn, PIXEL } from '../support/mail.js';
import { describeWith } from '../support/redis.js';

const ADMIN = { actorId: 'user:test', role: 'super_admin', opd: null } as const;

let app: HttpApp;
let admin: HttpClient;
let key: string;
beforeAll(async () => {
  app = await startHttpApp();
  key = await app.key('super_admin');
  admin = await logIn(app.url, await app.account('super_admin'), PASSWORD);
});
afterAll(() => app.close());

async function accepted(number: string, on = app): Promise<string> {
  await move(on.store.services, number, 'verify', {}, ADMIN);
  await move(on.store.services, number, 'dispose', { opd: 'dinas-pupr' }, ADMIN);
  await move(on.store.services, number, 'accept', {}, ADMIN);
  return number;
}
const byMail = async (on = app) =>
  await accepted((await mailIn(on, { subject: 'Jalan', text: 'Jalan rusak' })).number, on);

async function respond(
  number: string,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${app.url}/api/v1/cases/${number}/actions/respond`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const json: Record<string, unknown> = Object(await answer.json());
  return { status: answer.status, body: json };
}

const handedIn = (name: string, bytes: Buffer, contentType = 'application/pdf') => ({
  name,
  contentType,
  base64: bytes.toString('base64'),
});

const filesSent = (number: string) =>
  app.store.rows<{ attachments: unknown; id: string }>(
    `SELECT o.id, o.attachments FROM outbox o JOIN cases c ON c.id = o.case_id
     WHERE c.tracking_number = $1 AND o.purpose = 'answered'`,
    [number],
  );

describe('through the API', () => {
  test('they are stored, shown with the answer, and can be had again', async () => {
    const number = await byMail();
    const { status, body } = await respond(number, {
      reply: 'Terlampir suratnya.',
      attachments: [
        handedIn('../surat\u202Efdp.exe', Buffer.from('%PDF')),
        handedIn('foto.png', PIXEL, 'image/png'),
      ],
    });
    expect(status).toBe(200);
    const [row] = await filesSent(number);
    expect(row?.attachments).toMatchObject([
      { name: 'suratfdp.exe', contentType: 'application/pdf', size: 4 },
      { name: 'foto.png', contentType: 'image/png', size: PIXEL.length },
    ]);
    expect(JSON.stringify(body['messages'])).toContain('"name":"foto.png"');
    const events: unknown = body['events'];
    expect(Array.isArray(events) ? events.at(-1) : undefined).toMatchObject({
      data: { action: 'respond', files: 2 },
    });
    const again = await fetch(`${app.url}/api/v1/cases/${number}/messages/${row?.id}/attachments/1`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(Buffer.from(await again.arrayBuffer())).toEqual(PIXEL);
  });

  test.each([
    ['a channel that carries none', 'sms', 'no-files', [handedIn('a.pdf', Buffer.from('a'))]],
    ['an empty file', 'email', 'empty-file', [handedIn('a.pdf', Buffer.alloc(0))]],
    [
      'more than the channel carries',
      'email',
      'files-too-large',
      [handedIn('a.bin', Buffer.alloc(10_000_001))],
    ],
    ['eleven', 'email', 'invalid', Array.from({ length: 11 }, () => handedIn('a.pdf', Buffer.from('a')))],
  ])('refused: %s', async (_what, channel, code, attachments) => {
    const number = channel === 'email' ? await byMail() : await accepted(await app.report('Jalan rusak'));
    const { status, body } = await respond(number, { reply: 'Jawaban', attachments });
    expect([status, body['type']]).toEqual([422, `/api/docs#problem-${code}`]);
    expect(await filesSent(number)).toEqual([]);
  });

  test('they go along with an answer only', async () => {
    const { number } = await mailIn(app, { text: 'Jalan rusak' });
    const answer = await fetch(`${app.url}/api/v1/cases/${number}/actions/verify`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ attachments: [handedIn('a.pdf', Buffer.from('a'))] }),
    });
    expect(await answer.json()).toMatchObject({
      type: '/api/docs#problem-files-not-taken',
      field: 'attachments',
    });
  });
});

describe("through the console's form", () => {
  async function send(number: string, files: Parameters<HttpClient['upload']>[2], fields = {}) {
    const page = await admin.get(`/console/cases/${number}`);
    const version = /name="version" value="(\d+)"/.exec(page.text)?.[1] ?? '';
    return await admin.upload(
      `/console/cases/${number}/actions/respond`,
      { version, do: 'move', reply: 'Sudah diperbaiki.\r\nTerlampir fotonya.', ...fields },
      files,
    );
  }
  const file = (name: string, bytes: Buffer, contentType = 'image/png') => ({ name, contentType, bytes });

  test('they go out with the answer', async () => {
    const number = await byMail();
    const page = await admin.get(`/console/cases/${number}`);
    expect(page.text).toContain('enctype="multipart/form-data"');
    expect(page.text).toContain('bersama-sama 10 MB');
    const answer = await send(number, [
      file('foto sesudah — 😀.png', PIXEL),
      file('a.txt', Buffer.from('a'), 'text/plain'),
    ]);
    expect(answer.status).toBe(303);
    const [row] = await filesSent(number);
    expect(row?.attachments).toMatchObject([
      { name: 'foto sesudah — 😀.png', size: PIXEL.length },
      { name: 'a.txt' },
    ]);
    const after = await admin.get(`/console/cases/${number}`);
    expect(after.text).toContain(`/messages/${row?.id}/attachments/0`);
    expect(after.text).toContain('Sudah diperbaiki.\nTerlampir fotonya.');
    expect((await admin.get(`/console/cases/${number}/messages/${row?.id}/attachments/1`)).text).toBe('a');
  });

  test('a preview by a page of its own says that the files are gone, and sends nothing', async () => {
    const number = await byMail();
    const preview = await send(number, [file('a.png', PIXEL)], { do: 'preview' });
    expect(preview.status).toBe(200);
    expect(preview.text).toContain('Pratinjau tidak menyimpan berkas. Pilih lagi lampirannya');
    expect(preview.text).toContain('Terlampir fotonya.</textarea>');
    expect((await send(number, [], { do: 'preview' })).text).not.toContain('tidak menyimpan berkas');
    expect(await filesSent(number)).toEqual([]);
  });

  test('without a file the form is what it was', async () => {
    const number = await byMail();
    expect((await send(number, [file('', Buffer.alloc(0), 'application/octet-stream')])).status).toBe(303);
    expect(await filesSent(number)).toMatchObject([{ attachments: null }]);
  });

  test('what is too large is refused in words, and the answer stays in the form', async () => {
    const number = await byMail();
    for (const size of [10_500_000, 40_000_000]) {
      const answer = await send(number, [file('besar.bin', Buffer.alloc(size))]);
      expect(answer.status).toBe(422);
      expect(answer.text).toContain('paling banyak 10 MB');
      expect(answer.text).toContain('Terlampir fotonya.</textarea>');
    }
    const many = Array.from({ length: 12 }, (_, i) => file(`${i}.png`, PIXEL));
    expect((await send(number, many)).text).toContain('paling banyak 10 berkas');
    expect(await filesSent(number)).toEqual([]);
  }, 30_000);

  test('SMS carries none, and says so before anybody writes', async () => {
    const number = await accepted(await app.report('Lampu padam'));
    const page = await admin.get(`/console/cases/${number}`);
    expect(page.text).toContain('Kanal ini tidak dapat membawa lampiran');
    expect(page.text).not.toContain('type="file"');
    const answer = await send(number, [file('a.png', PIXEL)]);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('tidak dapat membawa lampiran. Hapus lampirannya');
  });

  test('a form without a token, from elsewhere, or cut off is not taken', async () => {
    const number = await byMail();
    const path = `/console/cases/${number}/actions/respond`;
    const none = await admin.upload(path, { _csrf: 'x', version: '1', reply: 'a' }, [file('a.png', PIXEL)]);
    expect(none.status).toBe(403);
    const elsewhere = await admin.upload(path, { reply: 'a' }, [], { 'sec-fetch-site': 'cross-site' });
    expect(elsewhere.status).toBe(403);
    const cookie = [...admin.cookies()].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const [type, body] of [
      ['multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nhalb'],
      ['multipart/form-data', 'x'],
    ] as const) {
      const answer = await fetch(app.url + path, {
        method: 'POST',
        headers: { cookie, 'content-type': type, accept: 'application/json' },
        body,
      });
      expect([type, answer.status]).toEqual([type, 400]);
    }
  });

  test('U+0000 in a form is stored as the API does', async () => {
    const number = await byMail();
    const page = await admin.get(`/console/cases/${number}`);
    const version = /name="version" value="(\d+)"/.exec(page.text)?.[1] ?? '';
    const answer = await admin.form(`/console/cases/${number}/actions/respond`, {
      version,
      reply: 'a\0b',
      do: 'move',
    });
    expect(answer.status).toBe(303);
    expect((await admin.get(`/console/cases/${number}`)).text).toContain('a\u2400b');
    expect((await admin.get('/console?q=a%00b')).status).toBe(200);
  });
});

describeWith(CLAMD, ['--version'], 'an infected file of an operator', () => {
  let clamd: TestClamd;
  let guarded: HttpApp;
  beforeAll(async () => {
    clamd = await startClamd();
    guarded = await startHttpApp({ deps: { scanner: createClamd(clamd.address) } });
  }, 40_000);
  afterAll(async () => {
    await guarded.close();
    await clamd.remove();
  });

  test('is not sent; nor is anything while the scanner is away', async () => {
    const client = await logIn(guarded.url, await guarded.account('super_admin'), PASSWORD);
    const number = await byMail(guarded);
    const version = '4';
    const virus = { name: 'v.doc', contentType: 'application/msword', bytes: VIRUS };
    const path = `/console/cases/${number}/actions/respond`;
    await client.get(`/console/cases/${number}`);
    const refused = await client.upload(path, { version, do: 'move', reply: 'Ini jawabannya' }, [virus]);
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('Pemindai virus menemukan Tabea.Test.File');
    expect(refused.text).toContain('Ini jawabannya</textarea>');
    await clamd.stop();
    const held = await client.upload(path, { version, do: 'move', reply: 'Ini jawabannya' }, [virus]);
    expect(held.status).toBe(503);
    expect(held.text).toContain('Pemindai virus tidak menjawab');
    expect(await guarded.store.rows(`SELECT 1 FROM outbox WHERE purpose = 'answered'`)).toEqual([]);
  }, 40_000);
});
