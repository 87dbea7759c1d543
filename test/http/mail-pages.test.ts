/** Pages of a case that came by mail, in a real browser. Pictures: SCREENSHOTS=1 puts them into test/artifacts. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { projectRoot } from '../../config/root.js';
import { move } from '../../src/cases/moves.js';
import { openManually } from '../../src/cases/open-manually.js';
import type { VirusScanner } from '../../src/ops/clamav.js';
import { launchBrowser } from '../support/browser.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { logIn } from '../support/http-client.js';
import { mailIn, PIXEL, type MailedCase } from '../support/mail.js';
import { describeWith } from '../support/redis.js';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const ADMIN = { actorId: 'user:test', role: 'super_admin', opd: null } as const;
const ANI = {
  scheme: 'mailto',
  value: 'ani.latuheru.yang.panjang.sekali@surel-warga-ambon.example',
  name: 'Ani',
};
const LETTER = `<div style="font-family:Arial,sans-serif"><p>Yth. Bapak/Ibu,</p>
<p>Jalan di depan <b>SD Negeri 3 Passo</b> berlubang sejak Senin. Kemarin <span style="color:#c00">seorang anak jatuh</span>.</p>
<p><img src="cid:foto@ani" width="120" height="80" alt="Foto lubang"> <img src="https://jejak.example/logo.png" alt="Logo"></p>
<table border="1" cellpadding="4"><tr><td>Panjang</td><td>3 m</td></tr><tr><td>Dalam</td><td>30 cm</td></tr></table>
<p><a href="https://peta.example/passo">Lihat di peta</a></p></div>`;
/** Finds something in what says so. */
const scanner: VirusScanner = {
  scan: (bytes) =>
    Promise.resolve(
      bytes.includes('VIRUS') ? { state: 'infected', signature: 'Tabea.Test' } : { state: 'clean' },
    ),
  version: () => Promise.resolve('test'),
};

describeWith('chromium', ['--version'], 'the page of a mailed case', () => {
  let app: HttpApp;
  let browser: Browser;
  let mail: MailedCase;
  let call: string;
  let cookies: { name: string; value: string; url: string }[];
  beforeAll(async () => {
    app = await startHttpApp({ deps: { scanner } });
    const client = await logIn(app.url, await app.account('super_admin'), PASSWORD);
    cookies = [...client.cookies()].map(([name, value]) => ({ name, value, url: app.url }));
    mail = await fill(app);
    call = await conveyed(app);
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  async function open(width: number): Promise<{ page: Page; problems: string[] }> {
    const context = await browser.newContext({ viewport: { width, height: 844 } });
    await context.addCookies(cookies);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (line) => {
      if (line.type() === 'error') problems.push(line.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    return { page, problems };
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (process.env['SCREENSHOTS'] !== '1') return;
    const folder = join(projectRoot(), 'test/artifacts');
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  test.each([1280, 390])(
    'at %i pixels it fits, is accessible, and shows everything',
    async (width) => {
      const { page, problems } = await open(width);
      const check = async (name: string) => {
        await picture(page, `mail-${name}-${width}`);
        const { violations } = await new AxeBuilder({ page }).withTags(WCAG).exclude('iframe').analyze();
        const found = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join()}`,
        );
        expect([name, found]).toEqual([name, []]);
        const wider: unknown = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect([name, wider]).toEqual([name, 0]);
      };
      await page.goto(`${app.url}/console/cases/${mail.number}`);
      await check('folded');
      await page.locator('.tb-fold summary', { hasText: 'Tampilan asli' }).first().click();
      await page.locator('.tb-fold summary', { hasText: 'kutipan' }).first().click();
      await page.frameLocator('iframe.tb-mail').locator('b').waitFor();
      await page.setInputFiles('#respond-files', { name: 'foto.png', mimeType: 'image/png', buffer: PIXEL });
      await check('unfolded');
      await page.setInputFiles('#respond-files', {
        name: 'v.doc',
        mimeType: 'a/b',
        buffer: Buffer.from('VIRUS'),
      });
      await page.fill('#respond-reply', 'Terlampir suratnya.');
      await page.click('#case-actions form[action$="/respond"] button[value=preview]');
      await page.locator('#respond-measure .tb-preview', { hasText: 'Terlampir suratnya.' }).waitFor();
      // Shown in its place: what was chosen is still chosen.
      expect(await page.evaluate('document.querySelector("#respond-files").files.length')).toBe(1);
      await page.click('#case-actions form[action$="/respond"] button[value=move]');
      await page.locator('#case-failure', { hasText: 'Tabea.Test' }).waitFor();
      expect(await page.inputValue('#respond-reply')).toBe('Terlampir suratnya.');
      await check('refused');
      await page.goto(`${app.url}/console/cases/${call}`);
      await check('convey');
      await page.goto(`${app.url}/console`);
      await check('inbox');
      expect(problems.filter((line) => !line.includes('403'))).toEqual([]);
      await page.goto(`${app.url}/console${mail.path}/attachments/2`);
      await check('infected');
      await page.context().close();
    },
    90_000,
  );

  test('what was unfolded stays so when the case changes', async () => {
    const { page } = await open(1280);
    await page.goto(`${app.url}/console/cases/${mail.number}`);
    await page.waitForTimeout(500);
    await page.locator('.tb-fold summary', { hasText: 'kutipan' }).first().click();
    await mailIn(app, { from: ANI, text: 'Ada kabar?', thread: { references: ['<ani@surel.example>'] } });
    await page.locator('.tb-bubble', { hasText: 'Ada kabar?' }).waitFor();
    expect(await page.locator('.tb-quoted').first().isVisible()).toBe(true);
    await page.context().close();
  }, 60_000);

  test('an answer with a file goes out from the page, and a conveyed one is marked', async () => {
    const { page } = await open(390);
    await page.goto(`${app.url}/console/cases/${mail.number}`);
    await page.fill('#respond-reply', 'Sudah ditambal, fotonya terlampir.');
    await page.setInputFiles('#respond-files', { name: 'sesudah.png', mimeType: 'image/png', buffer: PIXEL });
    await page.click('#case-actions form[action$="/respond"] button[value=move]');
    await page.locator('.tb-bubble .tb-file-name', { hasText: 'sesudah.png' }).waitFor();
    await picture(page, 'mail-answered-390');
    await page.goto(`${app.url}/console/cases/${call}`);
    await page.locator('button', { hasText: 'Sudah disampaikan' }).click();
    await page.locator('.alert-success', { hasText: 'Sudah disampaikan' }).waitFor();
    expect(await page.locator('button', { hasText: 'Sudah disampaikan' }).count()).toBe(0);
    await page.context().close();
  }, 60_000);
});

async function fill(app: HttpApp): Promise<MailedCase> {
  const { services } = app.store;
  const mail = await mailIn(app, {
    from: ANI,
    externalId: '<ani@surel.example>',
    subject: 'Fwd: Re: Pengaduan_jalan_berlubang_di_depan_SD_Negeri_3_Passo_yang_sudah_tiga_kali_dilaporkan',
    text: 'Yth. Bapak/Ibu,\n\nJalan di depan SD Negeri 3 Passo berlubang sejak Senin. Kemarin seorang anak jatuh.',
    quoted:
      'Pada Senin, 23 Nov 2026, RT 03 menulis:\n> Sudah kami laporkan ke kelurahan.\n> Belum ada tanggapan.\n--\nAni Latuheru',
    html: LETTER,
    files: [
      { name: 'foto.png', contentType: 'image/png', contentId: 'foto@ani', bytes: PIXEL },
      {
        name: 'Surat_pernyataan_warga_RT_03_RW_07_tentang_jalan_berlubang_di_depan_sekolah_dasar_2026.pdf',
        contentType: 'application/pdf',
        bytes: Buffer.alloc(2_345_678, '%PDF'),
      },
      { name: 'daftar.doc', contentType: 'application/msword', bytes: Buffer.from('VIRUS') },
    ],
  });
  await app.store.rows(`UPDATE outbox SET state = 'failed', error = 'rejected:5.1.1'`);
  await move(services, mail.number, 'verify', {}, ADMIN);
  await move(services, mail.number, 'dispose', { opd: 'dinas-pupr' }, ADMIN);
  await move(services, mail.number, 'accept', {}, ADMIN);
  return mail;
}

async function conveyed(app: HttpApp): Promise<string> {
  const { services } = app.store;
  const { trackingNumber } = await openManually(
    services,
    {
      channelId: 'call-center',
      text: 'Lampu jalan padam',
      reporter: { name: 'Budi', phone: '+6281200000077' },
    },
    { actorId: 'user:test', putBlob: app.deps.putBlob, normalisePhone: (text) => text },
  );
  await move(services, trackingNumber, 'request-info', { note: 'Tiang nomor berapa?' }, ADMIN);
  return trackingNumber;
}
