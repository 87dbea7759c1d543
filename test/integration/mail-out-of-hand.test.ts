/** Mail that must not get out of hand, over real servers: cities that meet, bytes that are no mail. */
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { simpleParser, type ParsedMail } from 'mailparser';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { z } from 'zod';
import { describeWithDovecot, startDovecot, type TestDovecot } from '../support/dovecot.js';
import { readInbox } from '../support/read-inbox.js';
import { describeWithOpenSmtpd, startOpenSmtpd, type TestOpenSmtpd } from '../support/opensmtpd.js';
import { newFolder } from '../support/run-folder.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import {
  API_KEY,
  demoEnvironment,
  startWholeGateway,
  until,
  type WholeGateway,
} from '../support/whole-gateway.js';

interface City {
  readonly whole: WholeGateway;
  readonly store: TestDatabase;
}

let dovecot: TestDovecot;
let smtpd: TestOpenSmtpd;

/** Ambon's configuration with another mail address: of two cities neither knows the other's mails for its own. */
function configurationOf(address: string): string {
  const folder = newFolder('config');
  cpSync('config', folder, { recursive: true });
  const file = join(folder, 'ambon.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('diskominfosandi@gmail.com', address));
  return file;
}

/** A city outside the demo whose mailbox is `<user>@<domain>`. */
async function openCity(user: string, domain: string): Promise<City> {
  const store = await createTestDatabase();
  const { TABEA_DEMO: _demo, ...environment } = demoEnvironment(store.url, {
    TABEA_CHANNELS: 'email',
    TABEA_CONFIG: configurationOf(`${user}@${domain}`),
    TABEA_SECRET_KEY: randomBytes(32).toString('base64'),
    IMAP_URL: dovecot.url(user),
    SMTP_URL: smtpd.url,
    MAIL_FROM: `Pengaduan <${user}@${domain}>`,
  });
  const whole = await startWholeGateway(environment);
  // The first look at a mailbox takes nothing that lies there: write to it only when it has been had.
  await until(
    async () => (await store.database.pool.query('SELECT 1 FROM cursor')).rowCount,
    (count) => count === 1,
  );
  return { whole, store };
}

async function closeCity({ whole, store }: City): Promise<void> {
  await whole.gateway.stop();
  await store.drop();
}

async function write(mail: SendMailOptions): Promise<void> {
  const transport = createTransport(smtpd.url);
  await transport.sendMail(mail);
  transport.close();
}

const inbox = async (user: string): Promise<ParsedMail[]> =>
  Promise.all((await readInbox(dovecot, user)).map((raw) => simpleParser(raw)));

const messages = z.array(
  z.object({
    direction: z.string(),
    text: z.string(),
    automated: z.boolean(),
    delivery: z.string().nullable(),
  }),
);
async function messagesOf(city: City, trackingNumber: string) {
  const response = await fetch(`${city.whole.url}/api/v1/cases/${trackingNumber}`, {
    headers: { authorization: `Bearer ${API_KEY}` },
  });
  return z.object({ messages }).parse(await response.json()).messages;
}

/** What a city has not yet taken in, and what it has not yet sent. */
async function waiting({ store }: City): Promise<{ mails: number; replies: number }> {
  const { rows } = await store.database.pool.query<{ mails: number; replies: number }>(
    `SELECT (SELECT count(*)::int FROM inbox WHERE state = 'new') AS mails,
            (SELECT count(*)::int FROM outbox WHERE state IN ('pending', 'sending', 'unknown')) AS replies`,
  );
  return rows[0] ?? { mails: -1, replies: -1 };
}

async function repliesTo({ store }: City, trackingNumber: string): Promise<unknown[]> {
  const { rows } = await store.database.pool.query(
    `SELECT o.purpose, o.state FROM outbox o JOIN cases c ON c.id = o.case_id WHERE c.tracking_number = $1`,
    [trackingNumber],
  );
  return rows;
}

describeWithDovecot('mail that gets out of hand', () => {
  describeWithOpenSmtpd('over OpenSMTPD', outOfHand);
});

function outOfHand(): void {
  let ambon: City;
  beforeAll(async () => {
    dovecot = await startDovecot();
    const here = { lmtp: dovecot.lmtpPort };
    smtpd = await startOpenSmtpd({ 'ambon.example': here, 'ternate.example': here, 'warga.example': here });
    ambon = await openCity('lapor', 'ambon.example');
  }, 60_000);
  afterAll(async () => {
    await closeCity(ambon);
    await smtpd?.remove();
    await dovecot?.remove();
  }, 30_000);

  test('two cities that write to each other acknowledge once each, at most', async () => {
    const ternate = await openCity('aduan', 'ternate.example');
    try {
      // As if a clerk had put the one address into the other's form: no header tells that this is a machine's mail.
      await write({
        from: 'aduan@ternate.example',
        to: 'lapor@ambon.example',
        subject: 'Salah alamat',
        text: 'Pohon tumbang di jalan lintas.',
      });
      const meets = async () => {
        const [here, there] = await Promise.all([ambon, ternate].map((city) => city.whole.operator.cases()));
        return { here: here?.filter(({ text }) => text.startsWith('Pohon')) ?? [], there: there ?? [] };
      };
      const { here, there } = await until(meets, (met) => met.here.length + met.there.length >= 2, 30_000);
      expect([here.length, there.length]).toEqual([1, 1]);
      // A case and the answers to it are written in one: where nothing waits, and the second city has written
      // nothing at all, nothing is under way from anybody to anybody.
      await until(
        () => Promise.all([ambon, ternate].map(waiting)),
        (rows) => rows.every((row) => row.mails === 0 && row.replies === 0),
      );
      expect(await repliesTo(ambon, here[0]?.trackingNumber ?? '')).toEqual([
        { purpose: 'received', state: 'sent' },
      ]);
      const { rows: written } = await ternate.store.database.pool.query('SELECT purpose, state FROM outbox');
      expect(written).toEqual([]);
      expect(await inbox('aduan')).toHaveLength(1);
      const [echo] = await messagesOf(ternate, there[0]?.trackingNumber ?? '');
      expect(echo).toMatchObject({ direction: 'in', automated: true });
      expect(await messagesOf(ternate, there[0]?.trackingNumber ?? '')).toHaveLength(1);
      const fromTernate = (await inbox('lapor')).filter(({ headers }) => headers.has('x-loop'));
      expect(fromTernate).toEqual([]);
    } finally {
      await closeCity(ternate);
    }
  }, 90_000);

  test('bytes that are no mail, and a mail from nobody, are kept, and the next one is a case within 10 s', async () => {
    const before = (await ambon.whole.operator.cases()).length;
    dovecot.deliver('lapor', [
      { raw: Buffer.from(Array.from({ length: 4_000 }, (_, i) => (i * 37) % 256)) },
      { raw: Buffer.from('Subject: tanpa pengirim\r\n\r\nTolong!\r\n') },
      { raw: Buffer.from(`${'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n'.repeat(1_000)}x`) },
      { raw: Buffer.from('From: budi@warga.example\r\nSubject: air\r\n\r\nAir mati sejak pagi\r\n') },
    ]);
    await until(
      () => ambon.whole.operator.cases(),
      (cases) => cases.length > before && cases.some(({ text }) => text === 'Air mati sejak pagi'),
      10_000,
    );
    const { rows } = await ambon.store.database.pool.query<{ reason: string }>(
      'SELECT reason FROM quarantine ORDER BY id',
    );
    expect(rows.length).toBeGreaterThanOrEqual(3);
    for (const { reason } of rows) expect(reason.length).toBeGreaterThan(3);
  }, 30_000);
}
