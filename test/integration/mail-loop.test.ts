/** The whole way of a mail over real servers: OpenSMTPD carries, Dovecot keeps, the gateway reads and answers. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { simpleParser, type ParsedMail } from 'mailparser';
import { createTransport } from 'nodemailer';
import { PlayedMailServer } from '../../adapters/email/simulator/provider.js';
import { freePort } from '../../src/db/postgres-server.js';
import { describeWithDovecot, startDovecot, type TestDovecot } from '../support/dovecot.js';
import { describeWithOpenSmtpd, startOpenSmtpd, type TestOpenSmtpd } from '../support/opensmtpd.js';
import { readInbox } from '../support/read-inbox.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import {
  API_KEY,
  demoEnvironment,
  startWholeGateway,
  until,
  type WholeGateway,
} from '../support/whole-gateway.js';

const OFFICE = 'lapor@ambon.example';
const CITIZEN = 'budi@warga.example';

describe('mail over real servers', () => {
  describeWithDovecot('with Dovecot', () => describeWithOpenSmtpd('and OpenSMTPD', theLoop));
});

function theLoop(): void {
  let dovecot: TestDovecot;
  let smtpd: TestOpenSmtpd;
  let closed: PlayedMailServer;
  let store: TestDatabase;
  let whole: WholeGateway;

  beforeAll(async () => {
    dovecot = await startDovecot();
    closed = new PlayedMailServer({
      takeFault: (id) => id === 'unknown-user',
      onMail: () => Promise.resolve(),
    });
    const closedPort = await freePort();
    await closed.listen(closedPort, '127.0.0.1');
    const lmtp = dovecot.lmtpPort;
    smtpd = await startOpenSmtpd({
      'ambon.example': { lmtp },
      'warga.example': { lmtp },
      'tutup.example': closedPort,
    });
    store = await createTestDatabase();
    whole = await startWholeGateway(
      demoEnvironment(store.url, {
        TABEA_CHANNELS: 'email',
        IMAP_URL: dovecot.url(OFFICE),
        SMTP_URL: smtpd.url,
        MAIL_FROM: `Tabea Ambon <${OFFICE}>`,
      }),
    );
    // What lies there at the first look is history, and not taken in: the citizens write after it.
    await until(
      async () => (await store.database.pool.query('SELECT 1 FROM cursor')).rowCount ?? 0,
      (cursors) => cursors > 0,
    );
  }, 60_000);
  afterAll(async () => {
    await whole?.gateway.stop();
    await store?.drop();
    await smtpd?.remove();
    await closed?.close();
    await dovecot?.remove();
  }, 60_000);

  async function write(mail: {
    from: string;
    subject: string;
    text: string;
    answers?: ParsedMail;
  }): Promise<void> {
    const transport = createTransport({ host: '127.0.0.1', port: smtpd.port, ignoreTLS: true });
    const { answers, ...rest } = mail;
    const references = [answers?.references ?? [], answers?.messageId ?? []].flat();
    await transport.sendMail({
      ...rest,
      to: OFFICE,
      ...(answers?.messageId !== undefined && { inReplyTo: answers.messageId, references }),
    });
  }

  /** What lies in the mailbox of a citizen, once there is that much. */
  async function inbox(user: string, count: number): Promise<ParsedMail[]> {
    await until(
      () => dovecot.count(user),
      (there) => there >= count,
    );
    return Promise.all((await readInbox(dovecot, user)).map((raw) => simpleParser(raw)));
  }

  const answer = async (trackingNumber: string, reply: string) => {
    await whole.operator.move(trackingNumber, 'verify');
    await whole.operator.move(trackingNumber, 'dispose', { opd: 'dinas-pupr' });
    await whole.operator.move(trackingNumber, 'accept');
    await whole.operator.move(trackingNumber, 'respond', { reply });
  };
  const caseText = async (number: string) => {
    const found = await fetch(`${whole.url}/api/v1/cases/${number}`, {
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    return found.text();
  };
  const theCase = async (text: string) =>
    (
      await until(
        async () => (await whole.operator.cases()).filter((one) => one.text === text),
        (found) => found.length === 1,
      )
    )[0]?.trackingNumber ?? '';

  test('acknowledged from nobody, answered by us, and answered back onto the same case', async () => {
    await write({ from: `Budi <${CITIZEN}>`, subject: 'Jalan berlubang', text: 'Jalan berlubang di Passo.' });
    const number = await theCase('Jalan berlubang di Passo.');
    const [acknowledgement] = await inbox(CITIZEN, 1);
    expect(acknowledgement).toMatchObject({ subject: 'Re: Jalan berlubang' });
    expect(acknowledgement?.text).toContain(number);
    expect(acknowledgement?.headers.get('auto-submitted')).toBe('auto-replied');
    expect(JSON.stringify(acknowledgement?.headers.get('return-path') ?? '')).not.toContain('@');

    await answer(number, 'Jalan diperbaiki besok.');
    const mails = await inbox(CITIZEN, 3);
    const reply = mails.find(({ text }) => text?.includes('Jalan diperbaiki besok.'));
    expect(reply?.headers.get('auto-submitted')).toBeUndefined();
    expect(JSON.stringify(reply?.headers.get('return-path'))).toContain(OFFICE);
    expect(reply?.inReplyTo).toBe(acknowledgement?.inReplyTo);

    // From another address: only the token of the case ties it to him.
    await write({
      from: 'kantor@warga.example',
      subject: 'Re: Jalan berlubang',
      text: 'Terima kasih!',
      ...(reply && { answers: reply }),
    });
    await until(
      () => caseText(number),
      (text) => text.includes('Terima kasih!'),
    );
    expect(await whole.operator.cases()).toHaveLength(1);
  }, 60_000);

  test('a bounce of a real server marks the answer that bounced, and opens no case', async () => {
    const before = (await whole.operator.cases()).length;
    await write({ from: 'ani@tutup.example', subject: 'Lampu', text: 'Lampu padam di Galala.' });
    const number = await theCase('Lampu padam di Galala.');
    await answer(number, 'Lampu diganti.');
    const text = await until(
      () => caseText(number),
      (found) => found.includes('"failed"'),
      30_000,
    );
    expect(text).toContain('"failed"');
    expect(await whole.operator.cases()).toHaveLength(before + 1);
  }, 60_000);
}
