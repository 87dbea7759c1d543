/** Files of messages over HTTP: who gets them, and in what wrapping. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { move } from '../../src/cases/moves.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { logIn, type HttpClient } from '../support/http-client.js';
import { mailIn, PIXEL, type MailedCase } from '../support/mail.js';

const ADMIN = { actorId: 'user:test', role: 'super_admin', opd: null } as const;
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>';

const file = (name: string, contentType: string, bytes: string | Buffer) => ({
  name,
  contentType,
  bytes: Buffer.from(bytes),
});
const FILES = [
  file('foto.png', 'image/png', PIXEL),
  file('catatan "RT" — 03.txt', 'text/plain; charset=iso-8859-1', 'Jalan rusak'),
  file('halaman.html', 'text/html', '<script>alert(1)</script>'),
  file('gambar.svg', 'image/svg+xml', SVG),
  file('surat.pdf', 'application/pdf', '%PDF-1.7'),
  file('palsu.png', 'image/png', '<script>alert(1)</script>'),
  file('biner.txt', 'text/plain', 'a\0b'),
  file('../../\u202Egnp.exe', 'application/x-msdownload', 'MZ'),
];

let app: HttpApp;
let mail: MailedCase;
let admin: HttpClient;
beforeAll(async () => {
  app = await startHttpApp();
  admin = await logIn(app.url, await app.account('super_admin'), PASSWORD);
  mail = await mailIn(app, { subject: 'Jalan rusak', text: 'Lihat lampiran', files: FILES });
  await move(app.store.services, mail.number, 'verify', {}, ADMIN);
  await move(app.store.services, mail.number, 'dispose', { opd: 'dinas-pupr' }, ADMIN);
});
afterAll(() => app.close());

describe('the wrapping of an attachment', () => {
  test.each([
    [0, 'image/png', 'inline; filename=foto.png'],
    [
      1,
      'text/plain; charset=utf-8',
      'inline; filename="catatan _RT_ ? 03.txt"; filename*=UTF-8\'\'catatan%20_RT_%20%E2%80%94%2003.txt',
    ],
    [2, 'application/octet-stream', 'attachment; filename=halaman.html'],
    [3, 'application/octet-stream', 'attachment; filename=gambar.svg'],
    [4, 'application/pdf', 'attachment; filename=surat.pdf'],
    [5, 'application/octet-stream', 'attachment; filename=palsu.png'],
    [6, 'application/octet-stream', 'attachment; filename=biner.txt'],
    [7, 'application/octet-stream', 'attachment; filename=gnp.exe'],
  ])('file %i is %s', async (index, type, disposition) => {
    const answer = await fetch(`${app.url}/api/v1${mail.path}/attachments/${index}`, {
      headers: { authorization: `Bearer ${await app.key('super_admin')}` },
    });
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(FILES[index]?.bytes);
    expect(answer.headers.get('content-type')).toBe(type);
    expect(answer.headers.get('content-disposition')?.replaceAll(/filename="([\w.]+)"/g, 'filename=$1')).toBe(
      disposition,
    );
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
  });

  test('the page lists them with safe names and links', async () => {
    const { text } = await admin.get(`/console/cases/${mail.number}`);
    expect(text).toContain(`href="/console${mail.path}/attachments/4"`);
    expect(text).toContain('>surat.pdf</a>');
    expect(text).not.toContain('\u202E');
    expect(text).toContain('Belum ada pemindai virus');
  });

  test.each(['8', '-1', '01x', '99999', '0%2f..', '1e1'])('there is nothing at %s', async (index) => {
    expect((await admin.get(`/console${mail.path}/attachments/${index}`)).status).toBe(404);
  });

  test('what is still with the provider, or whose bytes are gone, is told', async () => {
    const wanted = {
      name: 'a.png',
      contentType: 'image/png',
      url: 'https://media.example/a',
      state: 'wanted',
    };
    const gone = { name: 'b.png', contentType: 'image/png', blob: 'f'.repeat(64), state: 'stored' };
    const other = await mailIn(app, { text: 'Dua lampiran' });
    await app.store.rows('UPDATE message SET attachments = $2 WHERE id = $1', [
      other.messageId,
      JSON.stringify([wanted, gone]),
    ]);
    expect((await admin.get(`/console${other.path}/attachments/0`)).status).toBe(404);
    const lost = await admin.get(`/console${other.path}/attachments/1`);
    expect(lost.status).toBe(404);
    expect(lost.text).toContain('Berkas ini tidak ada lagi');
    expect((await admin.get(`/console/cases/${other.number}`)).text).toContain(
      'belum terambil dari penyedia',
    );
  });
});

describe('who may have them', () => {
  const below = ['/attachments/0', '/raw', '/html'];

  test('a liaison of another OPD, an operator and a viewer find nothing; the own liaison does', async () => {
    const foreign = await logIn(app.url, await app.account('liaison', 'bpbd'), PASSWORD);
    const operator = await logIn(app.url, await app.account('operator'), PASSWORD);
    for (const client of [foreign, operator]) {
      for (const path of below) expect((await client.get(`/console${mail.path}${path}`)).status).toBe(404);
    }
    const viewer = await app.key('viewer');
    const asked = await fetch(`${app.url}/api/v1${mail.path}/attachments/0`, {
      headers: { authorization: `Bearer ${viewer}` },
    });
    expect(asked.status).toBe(404);
    const own = await logIn(app.url, await app.account('liaison', 'dinas-pupr'), PASSWORD);
    expect((await own.get(`/console${mail.path}/attachments/0`)).status).toBe(200);
  });

  test("another case's number does not open it, nor does what is no id", async () => {
    const other = await mailIn(app, { text: 'Lain' });
    const crossed = `/console/cases/${other.number}/messages/${mail.messageId}`;
    for (const path of below) expect((await admin.get(crossed + path)).status).toBe(404);
    for (const path of below)
      expect((await admin.get(`/console/cases/${mail.number}/messages/x${path}`)).status).toBe(404);
  });
});

describe('the message as it came', () => {
  test('is a mail to be saved, for who may see the reporter', async () => {
    const answer = await admin.get(`/console${mail.path}/raw`);
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^From: warga\d+@surel\.example\r\n/);
    expect(answer.headers.get('content-type')).toBe('message/rfc822');
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="?[0-9a-f-]{36}\.eml"?$/,
    );
  });

  test('of an anonymous case nobody opens it, of a secret one not the department', async () => {
    const anonymous = await mailIn(app, { text: 'ANONIM pungutan liar' });
    for (const role of ['super_admin', 'supervisor'] as const) {
      const client = await logIn(app.url, await app.account(role), PASSWORD);
      const answer = await client.get(`/console${anonymous.path}/raw`);
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('Pesan asli dilindungi');
      expect(answer.text).not.toContain('surel.example');
      const page = await client.get(`/console/cases/${anonymous.number}`);
      expect(page.text).not.toContain('/raw"');
    }
    const secret = await mailIn(app, { text: 'RAHASIA kebocoran' });
    await move(app.store.services, secret.number, 'verify', {}, ADMIN);
    await move(app.store.services, secret.number, 'dispose', { opd: 'dinas-pupr' }, ADMIN);
    const liaison = await logIn(app.url, await app.account('liaison', 'dinas-pupr'), PASSWORD);
    expect((await liaison.get(`/console${secret.path}/raw`)).status).toBe(403);
    expect((await admin.get(`/console${secret.path}/raw`)).status).toBe(200);
  });

  test('a request that held several messages is opened by a supervisor only', async () => {
    const one = await mailIn(app, { text: 'Satu dari banyak' });
    await app.store.rows(
      `UPDATE envelope SET method = 'POST', target = '/webhooks/email' WHERE id =
         (SELECT envelope_id FROM inbox WHERE id = $1)`,
      [one.messageId],
    );
    expect((await admin.get(`/console${one.path}/raw`)).status).toBe(403);
    const supervisor = await logIn(app.url, await app.account('supervisor'), PASSWORD);
    expect((await supervisor.get(`/console${one.path}/raw`)).status).toBe(200);
  });

  test('what was taken back is not there any more', async () => {
    const mailed = await mailIn(app, { text: 'Saya tarik', html: '<p>Saya tarik</p>' });
    await app.store.rows(`UPDATE message SET withdrawn_at = now(), html = NULL WHERE id = $1`, [
      mailed.messageId,
    ]);
    expect((await admin.get(`/console${mailed.path}/raw`)).status).toBe(404);
    expect((await admin.get(`/console${mailed.path}/html`)).status).toBe(404);
  });
});

describe('a reporter whom the viewer may not see', () => {
  const WRITER = { scheme: 'mailto', name: 'Ani Latuheru' };
  /** Whatever of these is in an answer has betrayed her. */
  const BETRAYALS = ['latuheru', 'rumah-ani', 'teman@lain.example', 'tanda-tangan'];
  const mailOf = (keyword: string) => ({
    from: { ...WRITER, value: `${keyword.toLowerCase()}@rumah-ani.example` },
    externalId: `<${keyword}.${Date.now()}@rumah-ani.example>`,
    subject: `${keyword} dari Ani Latuheru`,
    text:
      `${keyword} Pungutan liar. Balas ke ani.latuheru@rumah-ani.example atau teman@lain.example.\n` +
      'Salam, ANI  LATUHERU',
    quoted: '--\nAni Latuheru',
    html: '<p>Ani Latuheru</p>',
    files: [
      file('Ani Latuheru KTP.png', 'image/png; name="latuheru.png"', PIXEL),
      file('tanda-tangan.latuheru', 'application/x-latuheru', 'Ani Latuheru'),
      file('palsu.png', 'image/png', '<svg>Latuheru</svg>'),
    ],
  });
  const ask = async (key: string, path: string) =>
    await fetch(app.url + path, { headers: { authorization: `Bearer ${key}`, accept: '*/*' } });

  let anonymous: MailedCase;
  let secret: MailedCase;
  let liaison: HttpClient;
  let adminKey: string;
  let liaisonKey: string;
  beforeAll(async () => {
    anonymous = await mailIn(app, mailOf('ANONIM'));
    secret = await mailIn(app, mailOf('RAHASIA'));
    for (const { number } of [anonymous, secret]) {
      await move(app.store.services, number, 'verify', {}, ADMIN);
      await move(app.store.services, number, 'dispose', { opd: 'dinas-pupr' }, ADMIN);
      await move(
        app.store.services,
        number,
        'return',
        { note: 'Bukan urusan kami, kata Ani Latuheru' },
        ADMIN,
      );
      await move(app.store.services, number, 'dispose', { opd: 'dinas-pupr' }, ADMIN);
      await move(app.store.services, number, 'accept', {}, ADMIN);
      await move(app.store.services, number, 'respond', { reply: 'Yth. Ani Latuheru, selesai.' }, ADMIN);
    }
    liaison = await logIn(app.url, await app.account('liaison', 'dinas-pupr'), PASSWORD);
    adminKey = await app.key('super_admin');
    liaisonKey = await app.key('liaison', 'dinas-pupr');
  });
  const veiled = () =>
    [
      { key: adminKey, client: admin, mailed: anonymous },
      { key: liaisonKey, client: liaison, mailed: anonymous },
      { key: liaisonKey, client: liaison, mailed: secret },
    ] as const;

  test('is in no string of any answer, nor on any page', async () => {
    for (const { key, client, mailed } of veiled()) {
      const texts = await Promise.all([
        ask(key, `/api/v1/cases/${mailed.number}`).then((answer) => answer.text()),
        client.get(`/console/cases/${mailed.number}`).then((page) => page.text),
        client.get(`/console/cases/${mailed.number}/live`).then((page) => page.text),
      ]);
      for (const text of texts) {
        expect(text).toContain('Pungutan liar');
        for (const betrayal of BETRAYALS) expect(text.toLowerCase()).not.toContain(betrayal);
      }
      expect(JSON.parse(texts[0])).toMatchObject({
        reporter: null,
        subject: expect.stringContaining('dari [nama disembunyikan]'),
        messages: expect.arrayContaining([
          expect.objectContaining({
            direction: 'in',
            externalId: null,
            withheld: true,
            attachments: [
              { name: 'lampiran-1.png', contentType: 'image/png', size: PIXEL.length, state: 'stored' },
              expect.objectContaining({ name: 'lampiran-2', contentType: 'application/octet-stream' }),
              expect.objectContaining({ name: 'lampiran-3.png' }),
            ],
          }),
        ]),
      });
      expect(texts[1]).toContain('dapat memuat identitas pelapor');
    }
  });

  test('is not in lists and searches, and cannot be guessed by a search', async () => {
    const list = await (await ask(liaisonKey, '/api/v1/cases?q=pungutan')).text();
    expect(JSON.parse(list)).toMatchObject({ items: [{}, {}] });
    const page = (await liaison.get('/console?q=pungutan')).text;
    for (const text of [list, page])
      for (const betrayal of BETRAYALS) expect(text.toLowerCase()).not.toContain(betrayal);
    for (const guess of ['latuheru', 'ani.latuheru@rumah-ani.example', 'teman@lain.example']) {
      const found = await ask(liaisonKey, `/api/v1/cases?q=${encodeURIComponent(guess)}`);
      expect(await found.json()).toEqual({ items: [], nextCursor: null });
    }
    const own = await ask(adminKey, '/api/v1/cases?q=latuheru');
    expect(await own.json()).toMatchObject({ items: [{ trackingNumber: secret.number }] });
  });

  test('hands on pictures only, under a name of their place', async () => {
    for (const { key, client, mailed } of veiled()) {
      const picture = await ask(key, `/api/v1${mailed.path}/attachments/0`);
      expect(picture.status).toBe(200);
      expect(picture.headers.get('content-type')).toBe('image/png');
      expect(picture.headers.get('content-disposition')).toMatch(/^inline; filename="?lampiran-1\.png"?$/);
      for (const index of [1, 2]) {
        const refused = await client.get(`/console${mailed.path}/attachments/${index}`);
        expect(refused.status).toBe(403);
        expect(refused.text).toContain('hanya super admin dan supervisor');
        expect(refused.text.toLowerCase()).not.toContain('latuheru');
        expect(await (await ask(key, `/api/v1${mailed.path}/attachments/${index}`)).json()).toMatchObject({
          status: 403,
          type: expect.stringContaining('identity-in-file'),
        });
      }
      expect((await client.get(`/console${mailed.path}/html`)).status).toBe(403);
      expect((await client.get(`/console${mailed.path}/raw`)).status).toBe(403);
    }
  });

  test('is there for who may see her', async () => {
    const page = (await admin.get(`/console/cases/${secret.number}`)).text;
    expect(page).toContain('Ani Latuheru KTP.png');
    expect(page).toContain('teman@lain.example');
    expect((await admin.get(`/console${secret.path}/attachments/1`)).text).toBe('Ani Latuheru');
    const answer = await ask(adminKey, `/api/v1/cases/${secret.number}`);
    expect(await answer.text()).toContain('@rumah-ani.example>');
  });
});

test('quoted history is folded, and nothing of it is markup', async () => {
  const quoted = '> Pada Senin Ani menulis:\n> <img src=x onerror=alert(1)>';
  const { number } = await mailIn(app, { text: 'Setuju', quoted });
  const { text } = await admin.get(`/console/cases/${number}`);
  expect(text).toMatch(/<details class="tb-fold" id="quoted-[^"]+"><summary>Tampilkan kutipan/);
  expect(text).toContain('&lt;img src=x onerror=alert(1)>');
  expect(text).not.toContain('<img src=x');
});
