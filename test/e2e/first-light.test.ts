/**
 * First light, as a visitor of the demo sees it: written on one telephone, handled in the console, answered on
 * the telephone. README=1 also renews its picture in docs/images.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { projectRoot } from '../../config/root.js';
import { launchBrowser } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { describeWith } from '../support/redis.js';
import { demoEnvironment, startWholeGateway, type WholeGateway } from '../support/whole-gateway.js';

const COMPLAINT = 'Lampu jalan di depan Pasar Mardika padam sudah tiga malam';
const ANSWER = 'Lampu sudah diganti tadi pagi.';

describeWith('chromium', ['--version'], 'first light in a browser', () => {
  let store: TestDatabase;
  let whole: WholeGateway;
  let browser: Browser;

  beforeAll(async () => {
    store = await createTestDatabase();
    whole = await startWholeGateway(demoEnvironment(store.url));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await whole.gateway.stop();
    await store.drop();
  });

  async function open(problems: string[]): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    page.setDefaultTimeout(20_000);
    page.on('console', (line) => {
      if (line.type() === 'error') problems.push(line.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    return page;
  }

  async function write(telephone: Page, channelId: string, text: string): Promise<void> {
    const box = telephone.locator(`#device-${channelId} textarea`);
    await box.fill(text);
    await box.press('Enter');
  }

  async function act(page: Page, action: string, fill?: () => Promise<unknown>): Promise<void> {
    const form = page.locator(`form[action$="/${action}"]`);
    const button = form.locator('button[value=move]');
    // The move that is due is open; the others wait behind their summary.
    if (!(await button.isVisible()))
      await page.locator('#case-actions details', { has: form }).locator('summary').click();
    await fill?.();
    await button.click();
  }

  test('a message on the 1708 telephone is acknowledged, handled, and answered on that telephone', async () => {
    const problems: string[] = [];
    const telephone = await open(problems);
    await telephone.goto(`${whole.url}/simulator`);
    await write(telephone, 'sms-1708', COMPLAINT);
    const received = telephone.locator('#messages-sms-1708 [data-direction=in] .sim-text');
    await received.first().waitFor();
    const number = /\b\d{10}\b/.exec((await received.first().textContent()) ?? '')?.[0] ?? '';
    expect(number).not.toBe('');

    const console = await open(problems);
    await console.goto(`${whole.url}/console/login`);
    await console.fill('#email', whole.gateway.login?.email ?? '');
    await console.fill('#password', whole.gateway.login?.password ?? '');
    await console.click('main button[type=submit]');
    await console.waitForURL('**/console');
    await console.locator('#cases', { hasText: COMPLAINT }).waitFor();
    await console.click(`#cases a[href="/console/cases/${number}"]`);
    const status = (name: string) => console.locator(`#case-live .tb-status[data-status=${name}]`).waitFor();

    await act(console, 'verify');
    await status('verified');
    await act(console, 'dispose', () => console.selectOption('#dispose-opd', 'dinas-perhubungan'));
    await status('dispositioned');
    await act(console, 'accept');
    await status('in_progress');
    await act(console, 'respond', () => console.fill('#respond-reply', ANSWER));
    await status('responded');

    await received.filter({ hasText: ANSWER }).waitFor();
    expect(await received.filter({ hasText: ANSWER }).count()).toBe(1);
    expect(await received.filter({ hasText: ANSWER }).textContent()).toContain(number);
    // The other telephone is another channel: nothing of it appears there.
    expect(await telephone.locator('#messages-sms-08114706999 .sim-text').count()).toBe(0);

    const folder = join(projectRoot(), 'test/artifacts');
    mkdirSync(folder, { recursive: true });
    await telephone.screenshot({ path: join(folder, 'first-light.png') });
    await console.screenshot({ path: join(folder, 'first-light-console.png') });
    if (process.env['README'] === '1') await pictureForReadme(telephone);
    expect(problems).toEqual([]);
  }, 120_000);

  async function pictureForReadme(telephone: Page): Promise<void> {
    const second = 'sms-08114706999';
    await write(telephone, second, 'Kapan jadwal pengangkutan sampah di Kelurahan Benteng?');
    await telephone.locator(`#messages-${second} [data-direction=in]`).first().waitFor();
    await telephone.setViewportSize({ width: 1120, height: 920 });
    // Read anew: the states have moved on, and the whole conversation is in view, without a cursor in a box.
    await telephone.waitForTimeout(1_500);
    await telephone.reload();
    await telephone.locator('.tb-live[data-state=on]').waitFor();
    // Written as text: the browser's own world has no types here.
    await telephone.evaluate(`for (const device of document.querySelectorAll('.sim-device')) {
      device.style.height = '45rem'; device.style.maxHeight = 'none';
    }`);
    const folder = join(projectRoot(), 'docs/images');
    mkdirSync(folder, { recursive: true });
    await telephone.screenshot({ path: join(folder, 'first-light.png') });
  }
});
