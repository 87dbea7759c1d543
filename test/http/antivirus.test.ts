/** Files before the virus scanner: a real clamd judges them each time, and without it none is handed out. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClamd } from '../../src/ops/clamav.js';
import { CLAMD, SIGNATURE, startClamd, VIRUS, type TestClamd } from '../support/clamd.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { logIn, type HttpClient } from '../support/http-client.js';
import { mailIn, PIXEL, type MailedCase } from '../support/mail.js';
import { describeWith } from '../support/redis.js';

describeWith(CLAMD, ['--version'], 'files and the virus scanner', () => {
  let clamd: TestClamd;
  let app: HttpApp;
  let admin: HttpClient;
  let mail: MailedCase;
  beforeAll(async () => {
    clamd = await startClamd();
    app = await startHttpApp({ deps: { scanner: createClamd(clamd.address, { answerMs: 5_000 }) } });
    admin = await logIn(app.url, await app.account('super_admin'), PASSWORD);
    mail = await mailIn(app, {
      text: 'Dua lampiran',
      html: '<p>Dua <img src="cid:a@b"></p>',
      raw: `From: a@b.example\r\n\r\n${VIRUS.toString()}`,
      files: [
        { name: 'virus.doc', contentType: 'application/msword', bytes: VIRUS },
        { name: 'foto.png', contentType: 'image/png', contentId: 'a@b', bytes: PIXEL },
      ],
    });
  }, 40_000);
  afterAll(async () => {
    await app.close();
    await clamd.remove();
  });

  test('what is infected is held back in plain words, and kept', async () => {
    const page = await admin.get(`/console${mail.path}/attachments/0`);
    expect(page.status).toBe(403);
    expect(page.text).toContain('Berkas ini ditahan');
    const key = await app.key('super_admin');
    const answer = await fetch(`${app.url}/api/v1${mail.path}/attachments/0`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({
      type: '/api/docs#problem-infected',
      signature: `${SIGNATURE}.UNOFFICIAL`,
    });
    expect(await app.store.rows('SELECT jsonb_array_length(attachments) AS n FROM message')).toEqual([
      { n: 2 },
    ]);
    expect(app.store.log.some((line) => line.includes(SIGNATURE))).toBe(true);
    expect(app.store.log.join()).not.toContain('virus.doc');
  });

  test('what is clean is handed out, and the page says that it is checked', async () => {
    expect((await admin.get(`/console${mail.path}/attachments/1`)).status).toBe(200);
    expect((await admin.get(`/console${mail.path}/html`)).text).toContain('src="data:image/png');
    expect((await admin.get(`/console/cases/${mail.number}`)).text).toContain('diperiksa pemindai virus');
  });

  test('with the scanner away nothing is handed out and it is said what to do; afterwards it goes on', async () => {
    await clamd.stop();
    for (const path of ['/attachments/1', '/raw']) {
      const held = await admin.get(`/console${mail.path}${path}`);
      expect(held.status).toBe(503);
      expect(held.headers.get('retry-after')).toBe('30');
      expect(held.text).toContain('menyalakan clamd');
    }
    // The words of a mail can be read; the picture in them cannot.
    const html = await admin.get(`/console${mail.path}/html`);
    expect(html.status).toBe(200);
    expect(html.text).not.toContain('src="data:image/png');
    await clamd.restart();
    expect((await admin.get(`/console${mail.path}/attachments/1`)).status).toBe(200);
  }, 40_000);
});
