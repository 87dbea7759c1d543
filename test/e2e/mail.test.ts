/** A mail in the demo's mailbox: written, acknowledged, answered within its thread, by a real browser. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { projectRoot } from '../../config/root.js';
import { launchBrowser } from '../support/browser.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { describeWith } from '../support/redis.js';
import { demoEnvironment, startWholeGateway, until, type WholeGateway } from '../support/whole-gateway.js';

const COMPLAINT = 'Selamat pagi,\n\nSampah di Kelurahan Benteng tidak diangkut sejak Senin.\n\nSalam, Warga';
const ANSWER = 'Truk sampah sudah datang tadi pagi. Terima kasih atas laporannya.';

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

describeWith('chromium', ['--version'], 'mail in a browser', () => {
  let store: TestDatabase;
  let whole: WholeGateway;
  let browser: Browser;

  beforeAll(async () => {
    store = await createTestDatabase();
    whole = await startWholeGateway(
      demoEnvironment(store.url, { TABEA_CHANNELS: 'sms-1708,sms-08114706999,email' }),
    );
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await whole.gateway.stop();
    await store.drop();
  });

  async function open(
    width: number,
    language: 'id' | 'en',
    problems: string[],
    citizen?: string,
  ): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    await context.addCookies([{ name: 'tabea_lang', value: language, url: whole.url }]);
    if (citizen !== undefined) {
      await context.addCookies([
        { name: 'tabea_sim_mailbox', value: citizen, url: `${whole.url}/simulator` },
      ]);
    }
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('console', (line) => {
      if (line.type() === 'error') problems.push(line.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`${whole.url}/simulator`);
    return page;
  }

  async function picture(page: Page, name: string): Promise<void> {
    const folder = join(projectRoot(), 'test/artifacts');
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  test('a mail is acknowledged, answered within the thread, and answered again, all on one case', async () => {
    const problems: string[] = [];
    const mailbox = await open(1280, 'id', problems);
    const device = mailbox.locator('#device-email');
    await device.locator('[name=subject]').fill('Sampah menumpuk');
    await device.locator('textarea').fill(COMPLAINT);
    await device.locator('.sim-compose button').click();
    const received = device.locator('[data-direction=in]');
    await received.first().waitFor();
    expect(await received.first().locator('.sim-mail-subject').textContent()).toBe('Re: Sampah menumpuk');
    const number = /\b\d{10}\b/.exec((await received.first().textContent()) ?? '')?.[0] ?? '';

    const { move, cases } = whole.operator;
    const [first, ...others] = await cases();
    expect(others).toEqual([]);
    expect(first).toMatchObject({ trackingNumber: number, text: COMPLAINT });
    await move(number, 'verify');
    await move(number, 'dispose', { opd: 'dinas-lingkungan-hidup' });
    await move(number, 'accept');
    await move(number, 'respond', { reply: ANSWER });
    const answer = received.filter({ hasText: ANSWER });
    await answer.waitFor();

    await answer.locator('.sim-reply').click();
    expect(await device.locator('[name=subject]').inputValue()).toBe('Re: Sampah menumpuk');
    await device.locator('textarea').fill('Terima kasih banyak!');
    await device.locator('.sim-compose button').click();
    await device.locator('[data-direction=out]', { hasText: 'Terima kasih banyak!' }).waitFor();
    // The field is emptied after the bubble has come.
    await until(
      () => device.locator('textarea').inputValue(),
      (typed) => typed === '',
    );
    const own = async () => {
      const answered = await fetch(`${whole.url}/api/v1/cases/${number}`, {
        headers: { authorization: 'Bearer test-key-0123456789' },
      });
      return JSON.stringify(await answered.json());
    };
    await until(own, (text) => text.includes('Terima kasih banyak!'));
    expect(await cases()).toHaveLength(1);

    await picture(mailbox, 'mailbox');
    const phone = await open(390, 'en', problems);
    await phone.locator('#device-email [data-direction=in]').first().waitFor();
    expect(await phone.locator('#device-email .sim-reply').first().textContent()).toBe('Reply');
    await picture(phone, 'mailbox-phone');
    expect(await phone.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    const { violations } = await new AxeBuilder({ page: phone }).withTags(WCAG).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`),
    ).toEqual([]);
    expect(problems).toEqual([]);
  }, 120_000);

  async function setFault(page: Page, id: string, times: number): Promise<void> {
    const faults = page.locator('details', { has: page.locator('summary', { hasText: '(email)' }) });
    if ((await faults.getAttribute('open')) === null) await faults.locator('summary').click();
    const form = faults.locator('form', { has: page.locator(`input[value=${id}]`) });
    await form.locator('[name=times]').fill(String(times));
    await form.locator('button').click();
  }

  test.each([
    ['greylist', 'sabar@contoh.example'],
    ['accepted-no-answer', 'putus@contoh.example'],
  ])(
    'whatever happens on the way (%s), the acknowledgement is there once',
    async (fault, citizen) => {
      const mailbox = await open(1280, 'id', [], citizen);
      await setFault(mailbox, fault, 1);
      const device = mailbox.locator('#device-email');
      await device.locator('[name=subject]').fill('Air mati');
      await device.locator('textarea').fill(`Air PDAM mati di Halong (${fault}).`);
      await device.locator('.sim-compose button').click();
      await device.locator('[data-direction=in]').first().waitFor();
      await mailbox.waitForTimeout(4_000);
      expect(await device.locator('[data-direction=in]').count()).toBe(1);
    },
    60_000,
  );

  test('two auto-responders do not talk to each other', async () => {
    const problems: string[] = [];
    const mailbox = await open(1280, 'id', problems, 'cuti@contoh.example');
    await setFault(mailbox, 'auto-reply', 100);
    const device = mailbox.locator('#device-email');
    await device.locator('[name=subject]').fill('Banjir di jalan');
    await device.locator('textarea').fill('Jalan tergenang.');
    await device.locator('.sim-compose button').click();
    const notes = device.locator('[data-direction=out]', { hasText: 'Balasan otomatis' });
    await notes.first().waitFor();
    const count = async () => {
      const ledger = await (await fetch(`${whole.url}/simulator/email/__ledger`)).text();
      return ledger.split('Banjir di jalan').length - 1;
    };
    await mailbox.waitForTimeout(3_000);
    expect(await count()).toBe(1);
    expect(await notes.count()).toBe(1);
    const flooded = (await whole.operator.cases()).filter(({ text }) => text === 'Jalan tergenang.');
    expect(flooded).toHaveLength(1);
  }, 60_000);
});
