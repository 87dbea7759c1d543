/** A mail that means harm, in a real browser: nothing of it runs, and nothing leaves before it is asked for. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { logIn } from '../support/http-client.js';
import { mailIn, PIXEL, type MailedCase } from '../support/mail.js';
import { describeWith } from '../support/redis.js';

const OUTSIDE = 'https://jejak.example';
const HOSTILE = `
<html><head><base href="${OUTSIDE}/"><meta http-equiv="refresh" content="0;url=${OUTSIDE}/refresh">
<style>@import url(${OUTSIDE}/import.css); body { background: url(${OUTSIDE}/style.png) }</style>
<link rel="stylesheet" href="${OUTSIDE}/link.css"><link rel="dns-prefetch" href="${OUTSIDE}"></head>
<body background="${OUTSIDE}/body.png" onload="alert('onload')">
<p>Yth. Bapak/Ibu, <b>jalan rusak</b>.</p>
<img src=x onerror="alert('onerror')"><script>alert('script')</script>
<svg onload="alert('svg')"><script>alert('svg script')</script></svg>
<a id="js" href="javascript:alert('link')">skrip</a> <a id="out" href="${OUTSIDE}/buka">tautan</a>
<div style="background-image:url(${OUTSIDE}/div.png);position:fixed;inset:0">menutupi</div>
<img src="${OUTSIDE}/logo.png" alt="Logo"><img src="//jejak.example/p.png" width="1" height="1">
<img src="cid:foto@surel" alt="Foto">
<form action="${OUTSIDE}/form"><input name="sandi"><button>Kirim</button></form>
<iframe src="${OUTSIDE}/frame"></iframe><video autoplay src="${OUTSIDE}/video"></video>
</body></html>`;

describeWith('chromium', ['--version'], 'the HTML of a mail in a browser', () => {
  let app: HttpApp;
  let browser: Browser;
  let mail: MailedCase;
  let cookies: { name: string; value: string; url: string }[];
  beforeAll(async () => {
    app = await startHttpApp();
    mail = await mailIn(app, {
      subject: 'Jalan rusak',
      text: 'Yth. Bapak/Ibu, jalan rusak.',
      html: HOSTILE,
      files: [
        { name: 'foto.png', contentType: 'image/png', contentId: 'foto@surel', bytes: PIXEL },
        { name: 'x.html', contentType: 'text/html', bytes: Buffer.from(HOSTILE) },
      ],
    });
    const client = await logIn(app.url, await app.account('super_admin'), PASSWORD);
    cookies = [...client.cookies()].map(([name, value]) => ({ name, value, url: app.url }));
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  interface Watched {
    readonly context: BrowserContext;
    readonly page: Page;
    readonly outside: string[];
    readonly dialogs: string[];
  }

  async function watched(): Promise<Watched> {
    const context = await browser.newContext();
    await context.addCookies(cookies);
    const outside: string[] = [];
    const dialogs: string[] = [];
    await context.route(
      (url) => url.origin !== app.url,
      async (route) => {
        outside.push(route.request().url());
        await route.fulfill({ status: 200, contentType: 'image/png', body: PIXEL });
      },
    );
    const page = await context.newPage();
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    return { context, page, outside, dialogs };
  }

  test('nothing runs, nothing is fetched, and the text is there', async () => {
    const { context, page, outside, dialogs } = await watched();
    await page.goto(`${app.url}/console/cases/${mail.number}`);
    await page.locator('.tb-fold summary', { hasText: 'Tampilan asli' }).click();
    const frame = page.frameLocator('iframe.tb-mail');
    await frame.locator('b', { hasText: 'jalan rusak' }).waitFor();
    // The picture that came along is drawn; the one from outside is a word.
    await frame.locator('img[src^="data:image/png;base64,"]').waitFor();
    expect(await frame.locator('body').innerText()).toContain('[Logo]');
    await frame.locator('a', { hasText: 'skrip' }).click();
    await page.waitForTimeout(700);
    expect(dialogs).toEqual([]);
    expect(outside).toEqual([]);
    expect(
      await frame.locator('script, style[data], svg, form, input, iframe, video, base, link').count(),
    ).toBe(0);
    expect(page.url()).toBe(`${app.url}/console/cases/${mail.number}`);
    await context.close();
  }, 60_000);

  test('pictures from outside come when they are asked for, and a link opens a tab that does not know us', async () => {
    const { context, page, outside, dialogs } = await watched();
    await page.goto(`${app.url}/console/cases/${mail.number}`);
    await page.locator('.tb-fold summary', { hasText: 'Tampilan asli' }).click();
    const frame = page.frameLocator('iframe.tb-mail');
    await frame.locator('b').waitFor();
    await page.locator('a', { hasText: 'Tampilkan gambar dari luar' }).click();
    await frame.locator(`img[src="${OUTSIDE}/logo.png"]`).waitFor();
    await page.waitForTimeout(300);
    expect(outside).toEqual([`${OUTSIDE}/logo.png`]);
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      frame.locator('a', { hasText: 'tautan' }).click(),
    ]);
    await tab.waitForURL(`${OUTSIDE}/buka`);
    expect(await tab.evaluate('[window.opener, document.referrer]')).toEqual([null, '']);
    expect(dialogs).toEqual([]);
    await context.close();
  }, 60_000);

  test('the frame alone, opened as a page, is as harmless; a file of HTML is only saved', async () => {
    const { context, page, outside, dialogs } = await watched();
    await page.goto(`${app.url}/console${mail.path}/html`);
    await page.locator('b', { hasText: 'jalan rusak' }).waitFor();
    const download = page.waitForEvent('download');
    await page.goto(`${app.url}/console${mail.path}/attachments/1`).catch(() => undefined);
    expect((await download).suggestedFilename()).toBe('x.html');
    await page.goto(`${app.url}/console${mail.path}/attachments/0`);
    expect(await page.evaluate('document.images[0].naturalWidth')).toBe(1);
    expect(dialogs).toEqual([]);
    expect(outside).toEqual([]);
    await context.close();
  }, 60_000);

  test('the policy is in the answer, and nobody else may frame it', async () => {
    const client = await logIn(app.url, await app.account('super_admin'), PASSWORD);
    const plain = await client.get(`/console${mail.path}/html`);
    const policy = plain.headers.get('content-security-policy') ?? '';
    for (const part of ['sandbox ', "default-src 'none'", 'img-src data:;', "frame-ancestors 'self'"])
      expect(policy).toContain(part);
    expect(policy).not.toContain('allow-scripts');
    expect(policy).not.toContain('allow-same-origin');
    const withImages = await client.get(`/console${mail.path}/html?images=1`);
    expect(withImages.headers.get('content-security-policy')).toContain('img-src https: data:;');
    expect((await client.get(`/console${mail.path}/html?images=1&x=1`)).status).toBe(400);
    const page = await client.get(`/console/cases/${mail.number}`);
    expect(page.headers.get('content-security-policy')).toContain("frame-src 'self'");
    expect(page.text).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
  });
});
