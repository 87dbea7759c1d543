/** What lies in a mailbox of the test's Dovecot. */
import { ImapFlow } from 'imapflow';
import { MAIL_PASSWORD, type TestDovecot } from './dovecot-server.js';

/** Raw mails, oldest first; changes nothing. */
export async function readInbox(
  dovecot: Pick<TestDovecot, 'imapPort' | 'count'>,
  user: string,
): Promise<Buffer[]> {
  if (dovecot.count(user) === 0) return [];
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: dovecot.imapPort,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: MAIL_PASSWORD },
    logger: false,
  });
  await client.connect();
  try {
    await client.mailboxOpen('INBOX', { readOnly: true });
    const mails: Buffer[] = [];
    for await (const { source } of client.fetch('1:*', { uid: true, source: true })) {
      if (source !== undefined) mails.push(source);
    }
    return mails;
  } finally {
    await client.logout();
  }
}
