import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { describeWithDovecot, MAIL_PASSWORD, startDovecot, type TestDovecot } from './dovecot.js';

describeWithDovecot('the mail server of the tests', () => {
  let dovecot: TestDovecot;

  const login = async (user: string) => {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: dovecot.imapPort,
      secure: false,
      doSTARTTLS: false,
      auth: { user, pass: MAIL_PASSWORD },
      logger: false,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };

  beforeAll(async () => {
    dovecot = await startDovecot();
  });
  afterAll(async () => {
    await dovecot.remove();
  });

  test('takes mail by LMTP', async () => {
    const transport = createTransport({
      host: '127.0.0.1',
      port: dovecot.lmtpPort,
      lmtp: true,
      ignoreTLS: true,
    });
    await transport.sendMail({
      from: 'warga@example.com',
      to: 'dinas@ambon.example',
      subject: 'Lampu',
      text: 'padam',
    });
    transport.close();
    expect(dovecot.count('dinas')).toBe(1);
  });

  test('counts sessions, breaks them off, and comes back on the same ports', async () => {
    dovecot.deliver('satu', [{ raw: 'Subject: 1\r\n\r\n1\r\n' }, { raw: 'Subject: 2\r\n\r\n2\r\n' }]);
    const clients = [await login('satu'), await login('satu')];
    const closed = Promise.all(
      clients.map((client) => new Promise<void>((resolve) => client.once('close', () => resolve()))),
    );
    for (const end = Date.now() + 5_000; dovecot.sessions('satu') !== 2; await sleep(20)) {
      if (Date.now() > end) throw new Error(`${dovecot.sessions('satu')} sessions`);
    }
    dovecot.kick('satu');
    await closed;

    await dovecot.stop();
    await expect(login('satu')).rejects.toThrow();
    await dovecot.start();
    const client = await login('satu');
    expect(await client.status('INBOX', { messages: true })).toMatchObject({ messages: 2 });
    client.close();
  });

  test('numbers a folder anew under another UIDVALIDITY', async () => {
    dovecot.deliver('dua', [{ raw: 'Subject: 1\r\n\r\n1\r\n' }, { raw: 'Subject: 2\r\n\r\n2\r\n' }]);
    const state = async () => {
      const client = await login('dua');
      const status = await client.status('INBOX', { uidValidity: true, uidNext: true });
      client.close();
      if (typeof status !== 'object') throw new Error('no status');
      return status;
    };
    const before = await state();
    dovecot.expunge('dua', 1);
    dovecot.renumber('dua');
    const after = await state();
    expect(after.uidNext).toBe(2);
    expect(after.uidValidity).not.toBe(before.uidValidity);
  });
});
