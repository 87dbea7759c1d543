import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSentFolder, type SentFolder } from '../../../../adapters/email/imap/index.js';
import { makeMessageIds } from '../../../../adapters/email/message-ids.js';
import { startCuttingProxy, type CuttingProxy } from '../../../support/cutting-proxy.js';
import { describeWithDovecot, startDovecot, type TestDovecot } from '../../../support/dovecot.js';
import { daysAgo, mail, mails, realClock, settingsFor } from './helpers.js';

const never = new AbortController().signal;

describeWithDovecot('the folder of what we sent', () => {
  let dovecot: TestDovecot;
  let proxy: CuttingProxy;

  const messageIds = makeMessageIds(() => 'a'.repeat(20), 'ambon.example');
  const folderOf = (more: object): SentFolder => {
    const settings = settingsFor(dovecot.url('tabea', proxy.port), { sentFolder: 'Terkirim', ...more });
    const folder = createSentFolder(settings, { clock: realClock, messageIds });
    if (folder === undefined) throw new Error('no folder');
    return folder;
  };

  beforeAll(async () => {
    dovecot = await startDovecot();
    proxy = await startCuttingProxy(dovecot.imapPort);
    dovecot.deliver('tabea', [{ raw: mail(1), arrived: daysAgo(1) }], 'Terkirim');
  });
  afterAll(async () => {
    await proxy.close();
    await dovecot.remove();
  });

  test('a copy is filed as read and found by its Message-ID', async () => {
    const folder = folderOf({});
    expect(folder.wantsCopies).toBe(true);
    const raw = mail(2);
    await folder.append(Buffer.from(raw), never);
    expect(dovecot.count('tabea', 'Terkirim')).toBe(2);
    expect(dovecot.flags('tabea', 'Terkirim').at(-1)).toContain('\\Seen');
    expect(await folder.find('m2@warga.example', new Date(), never)).toBe('sent');
    await folder.close();
  });

  test('the lack of our own copy proves nothing; that of the server’s does, once it is seen to file', async () => {
    const ours = folderOf({});
    expect(await ours.find('m77@warga.example', new Date(), never)).toBe('unknown');
    await ours.close();
    const theirs = folderOf({ serverFilesSent: true });
    expect(theirs.wantsCopies).toBe(false);
    await theirs.append(Buffer.from(mail(3)), never);
    expect(dovecot.count('tabea', 'Terkirim')).toBe(2);
    // Mails of others are there; none of ours.
    expect(await theirs.find('m77@warga.example', daysAgo(2), never)).toBe('unknown');
    expect(await theirs.find('m1@warga.example', daysAgo(2), never)).toBe('sent');
    expect(await theirs.find('m77@warga.example', daysAgo(2), never)).toBe('absent');
    await theirs.close();
  });

  test('a mail of ours that lies there from earlier proves that the server files', async () => {
    const earlier = messageIds.make('01939c1e-0000-7000-8000-000000000009');
    const user = 'server-files';
    const sent = { raw: mail(1, { messageId: earlier }), arrived: daysAgo(30) };
    dovecot.deliver(user, [{ raw: mail(0, { messageId: `x.${'b'.repeat(20)}@ambon.example` }) }], 'Terkirim');
    const settings = { sentFolder: 'Terkirim', serverFilesSent: true };
    const folder = createSentFolder(settingsFor(dovecot.url(user), settings), {
      clock: realClock,
      messageIds,
    });
    expect(await folder?.find('m77@warga.example', daysAgo(2), never)).toBe('unknown');
    dovecot.deliver(user, [sent, ...mails(2, 20, daysAgo(1))], 'Terkirim');
    expect(await folder?.find('m77@warga.example', daysAgo(2), never)).toBe('absent');
    await folder?.close();
  });

  test('one connection for several, and another after it was lost', async () => {
    const folder = folderOf({});
    const made = proxy.made();
    await Promise.all(mails(10, 5).map(({ raw }) => folder.append(Buffer.from(raw), never)));
    expect(proxy.made()).toBe(made + 1);
    proxy.cutNow();
    await folder.append(Buffer.from(mail(15)), never);
    expect(proxy.made()).toBe(made + 2);
    for (let id = 10; id <= 15; id += 1) {
      expect(await folder.find(`m${id}@warga.example`, new Date(), never)).toBe('sent');
    }
    await folder.close();
    while (proxy.open() > 0) await sleep(5);
  });

  test('where it cannot be asked it throws', async () => {
    const missing = folderOf({ sentFolder: 'Tidak Ada' });
    await expect(missing.find('m1@warga.example', new Date(), never)).rejects.toMatchObject({
      code: 'config',
    });
    await expect(missing.append(Buffer.from(mail(1)), never)).rejects.toMatchObject({ name: 'ChannelError' });
    await missing.close();
    const away = createSentFolder(settingsFor('imap://a:b@127.0.0.1:1', { sentFolder: 'Terkirim' }), {
      clock: realClock,
      messageIds,
    });
    await expect(away?.find('m1@warga.example', new Date(), never)).rejects.toMatchObject({
      code: 'connection',
    });
    await away?.close();
  });

  test('there is none without sentFolder', () => {
    expect(
      createSentFolder(settingsFor(dovecot.url('tabea')), { clock: realClock, messageIds }),
    ).toBeUndefined();
  });
});
