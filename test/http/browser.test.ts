/** The pages in a real browser. Pictures of every page: SCREENSHOTS=1 puts them into test/artifacts. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { sms as smsKind } from '../../adapters/sms/index.js';
import { smsSimulator } from '../../adapters/sms/simulator.js';
import { projectRoot } from '../../config/root.js';
import { ingestBatch } from '../../src/cases/ingest.js';
import { move } from '../../src/cases/moves.js';
import type { ChannelAdapter } from '../../src/core/channel.js';
import type { SimulatorPart } from '../../src/core/simulator.js';
import { sms } from '../cases/support.js';
import { launchBrowser } from '../support/browser.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { describeWith } from '../support/redis.js';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const ADMIN = { actorId: 'user:test', role: 'super_admin', opd: null } as const;
/** His channel closes in a day, as platforms' do. */
const CLOSING = { scheme: 'tel', value: '+6281200000002' };
const SILENCED = { scheme: 'tel', value: '+6281200000003' };
const CITIZEN = { scheme: 'tel', value: '+6281200000001' };

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const clock = { now: () => new Date() };
const settings = {
  provider: 'twilio',
  twilio: { accountSid: `AC${'0'.repeat(32)}`, authToken: '0'.repeat(32), apiUrl: 'http://127.0.0.1:9' },
};

function playTwoTelephones(): SimulatorPart {
  const channel = (channelId: string, label: string, address: string) => ({
    channelId,
    label,
    address,
    settings,
  });
  return smsSimulator.create({
    channels: [
      channel('sms-1708', 'SMS 1708', '1708'),
      channel('sms-08114706999', 'SMS pengaduan 08114706999', '+628114706999'),
    ],
    // Nobody listens there: a telephone keeps what was written on it all the same.
    gatewayUrl: 'http://127.0.0.1:9',
    publicUrl: 'http://127.0.0.1:9',
    clock,
    logger,
  });
}

describeWith('chromium', ['--version'], 'pages in a browser', () => {
  let app: HttpApp;
  let part: SimulatorPart;
  let browser: Browser;
  let email: string;
  let number: string;
  let busy: string;
  let closing: string;
  let silenced: string;

  beforeAll(async () => {
    part = playTwoTelephones();
    const adapter = smsKind.create(smsKind.settings.parse(settings), {
      channelId: 'sms-1708',
      address: '1708',
      publicUrl: 'http://tabea.example',
      replyCostIdr: 350,
      sign: () => 'f'.repeat(20),
      logger,
      clock,
    });
    const canReply: ChannelAdapter['canReply'] = (target, now) =>
      target.address.value === CLOSING.value
        ? { allowed: true, until: new Date(now.getTime() + 86_400_000) }
        : (adapter.canReply?.(target, now) ?? { allowed: true });
    const adapters = new Map([['sms-1708', { ...adapter, canReply }]]);
    app = await startHttpApp({ deps: { adapters, demo: { played: [{ kind: 'sms', part }] } } });
    email = await app.account('super_admin');
    ({ number, busy, closing, silenced } = await fill(app));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await part.close();
    await app.close();
  });

  async function open(width: number, javaScriptEnabled = true): Promise<{ page: Page; problems: string[] }> {
    const context = await browser.newContext({ viewport: { width, height: 844 }, javaScriptEnabled });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (line) => {
      if (line.type() === 'error') problems.push(line.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    return { page, problems };
  }

  async function logIn(page: Page): Promise<void> {
    await page.goto(`${app.url}/console/login`);
    await page.fill('#email', email);
    await page.fill('#password', PASSWORD);
    await page.click('main button[type=submit]');
    await page.waitForURL('**/console');
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (process.env['SCREENSHOTS'] !== '1') return;
    const folder = join(projectRoot(), 'test/artifacts');
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  describe.each([1280, 390])('%i pixels wide', (width) => {
    test('every page is accessible, fits, and breaks no rule of its own policy', async () => {
      const { page, problems } = await open(width);
      const check = async (name: string) => {
        await picture(page, `${name}-${width}`);
        const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
        const found = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join()}`,
        );
        expect([name, found]).toEqual([name, []]);
        // Written as text: the browser's own world has no types here.
        const wider: unknown = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect([name, wider]).toEqual([name, 0]);
      };
      for (const [name, path] of [
        ['start', '/'],
        ['track', `/lacak?nomor=${number}`],
        ['docs', '/api/docs'],
        ['simulator', '/simulator'],
        ['login', '/console/login'],
      ] as const) {
        await page.goto(app.url + path);
        await check(name);
      }
      await logIn(page);
      await check('inbox');
      for (const [name, path] of [
        ['none', '/console?q=tidakada'],
        ['case', `/console/cases/${number}`],
        ['case-closing', `/console/cases/${closing}`],
        ['case-silenced', `/console/cases/${silenced}`],
      ] as const) {
        await page.goto(app.url + path);
        await check(name);
      }
      expect(problems).toEqual([]);
      await page.goto(`${app.url}/console/cases/1234567890`);
      await check('mistyped');
      await page.context().close();
    }, 90_000);
  });

  test('an answer is counted while it is written, and shown as it will be sent', async () => {
    const { page, problems } = await open(390);
    await logIn(page);
    await page.goto(`${app.url}/console/cases/${busy}`);
    await page.fill('#respond-reply', 'Sudah diperbaiki.');
    await page.locator('.tb-measure', { hasText: 'GSM-7' }).waitFor();
    expect(await page.locator('.tb-measure').textContent()).toContain('Rp 350');
    await page.fill('#respond-reply', 'Sudah diperbaiki 😀 '.repeat(6));
    await page.locator('.tb-measure', { hasText: 'UCS-2' }).waitFor();
    expect(await page.locator('.tb-preview').last().textContent()).toContain(`Jawaban laporan ${busy}`);
    await picture(page, 'answer-390');
    await page.click('#case-actions form[action$="/respond"] button[value=move]');
    await page.locator('.tb-bubble', { hasText: 'Sudah diperbaiki 😀' }).first().waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  }, 60_000);

  test('a new case appears in the open list, a new message in the open case, and the words being typed stay', async () => {
    const { page } = await open(1280);
    await logIn(page);
    await page.locator('.tb-live[data-state=on]').waitFor();
    const fresh = await app.report('Laporan yang baru saja masuk');
    await page.locator('#cases', { hasText: fresh }).waitFor();

    await page.goto(`${app.url}/console/cases/${fresh}`);
    await page.locator('.tb-live[data-state=on], #case-live').first().waitFor();
    await page.locator('summary', { hasText: 'Tidak ditindaklanjuti' }).click();
    await page.fill('#reject-note', 'Sedang saya tulis');
    await page.waitForTimeout(500);
    await move(app.store.services, fresh, 'verify', {}, ADMIN);
    await page.locator('#case-live .tb-status[data-status=verified]').waitFor();
    await page.locator('#case-changed').waitFor({ state: 'visible' });
    expect(await page.inputValue('#reject-note')).toBe('Sedang saya tulis');
    await page.context().close();
  }, 60_000);

  test('a telephone takes a message and shows it', async () => {
    const { page } = await open(390);
    await page.goto(`${app.url}/simulator`);
    const box = page.locator('#device-sms-1708 textarea');
    await box.fill('Lampu jalan padam');
    await box.press('Enter');
    await page.locator('#messages-sms-1708 .sim-text', { hasText: 'Lampu jalan padam' }).waitFor();
    await page.context().close();
  }, 60_000);

  test('without JavaScript a case is found, previewed and moved on all the same', async () => {
    const fresh = await app.report('Tanpa skrip juga bisa');
    const { page } = await open(390, false);
    await logIn(page);
    await page.fill('#q', 'skrip');
    await page.click('form[role=search] button');
    await page.click(`a[href="/console/cases/${fresh}"]`);
    await page.locator('summary', { hasText: 'Minta kelengkapan' }).click();
    await page.fill('#request-info-note', 'Di jalan apa?');
    await page.click('form[action$="/request-info"] button[value=preview]');
    expect(await page.locator('.tb-preview').textContent()).toContain('Di jalan apa?');
    await page.click('form[action$="/request-info"] button[value=move]');
    expect(await page.locator('#case-live .tb-status').textContent()).toBe('Menunggu kelengkapan');
    await page.context().close();
  }, 60_000);
});

/** Cases in many states. `number`: with a conversation; the others wait for their answer. */
async function fill(app: HttpApp) {
  const { services } = app.store;
  for (const text of [
    'Sampah menumpuk di Jalan A. Y. Patty <img src=x onerror=alert(1)>',
    'RAHASIA pungutan liar di sekolah',
    'ANONIM Jembatan di sisi timur retak, aspalnya mengelupas dan kendaraan roda dua sering tergelincir ketika hujan. Sudah dilaporkan ke RT tetapi belum ada perbaikan sampai hari ini.',
    'Tanah longsor di Batu Gajah',
  ]) {
    await app.report(text);
  }
  const done = await app.report('Rambu lalu lintas roboh di depan kantor pos');
  await move(services, done, 'reject', { note: 'Sudah dilaporkan orang lain' }, ADMIN);
  const inProgress = async (...report: Parameters<HttpApp['report']>) => {
    const opened = await app.report(...report);
    await move(services, opened, 'verify', {}, ADMIN);
    await move(services, opened, 'dispose', { opd: 'dinas-pupr' }, ADMIN);
    await move(services, opened, 'accept', {}, ADMIN);
    return opened;
  };
  const closing = await inProgress('Saluran air tersumbat di Waihaong', CLOSING);
  const silenced = await inProgress('Pohon tumbang di Karang Panjang', SILENCED);
  await ingestBatch(services, await app.store.arrive(sms(SILENCED, 'STOP', 1)));
  const busy = await inProgress('Jalan berlubang di Passo');
  const number = await app.report('Lampu jalan di depan Pasar Mardika padam sudah tiga malam', CITIZEN);
  await ingestBatch(services, await app.store.arrive(sms(CITIZEN, 'Gelap sekali, mohon segera', 5)));
  await move(services, number, 'request-info', { note: 'Tiang nomor berapa?' }, ADMIN);
  return { number, busy, closing, silenced };
}
