/** The mail channel put together: copies in a real mailbox, lost replies looked up there, its health. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { email } from '../../../adapters/email/index.js';
import { emailSettings } from '../../../adapters/email/settings.js';
import { PlayedMailServer } from '../../../adapters/email/simulator/provider.js';
import type { ChannelAdapter, SendAttempt } from '../../../src/core/channel.js';
import { freePort } from '../../../src/db/postgres-server.js';
import { describeWithDovecot, startDovecot, type TestDovecot } from '../../support/dovecot.js';
import { until } from '../../support/whole-gateway.js';
import { errorOf, outbound, signal } from './smtp/helpers.js';

describeWithDovecot('the mail channel with a mailbox', () => {
  let dovecot: TestDovecot;
  let server: PlayedMailServer;
  let smtpUrl: string;
  let user: string;
  let users = 0;
  let fault: string | undefined;
  const open: ChannelAdapter[] = [];

  beforeAll(async () => {
    dovecot = await startDovecot();
    const port = await freePort();
    server = new PlayedMailServer({
      takeFault: (id) => {
        const taken = id === fault;
        if (taken) fault = undefined;
        return taken;
      },
      onMail: () => Promise.resolve(),
    });
    await server.listen(port, '127.0.0.1');
    smtpUrl = `smtp://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    await server.close();
    await dovecot.remove();
  });
  beforeEach(() => {
    fault = undefined;
    user = `lapor${++users}@ambon.example`;
    dovecot.createFolder(user, 'Terkirim');
  });
  afterEach(async () => {
    for (const adapter of open.splice(0)) await adapter.close?.();
  });

  function adapterWith(over: object = {}): ChannelAdapter {
    const silent = () => undefined;
    const settings = { imapUrl: dovecot.url(user), smtpUrl, from: user, sentFolder: 'Terkirim', ...over };
    const adapter = email.create(emailSettings.parse(settings), {
      channelId: 'email',
      address: user,
      publicUrl: 'https://tabea.example',
      replyCostIdr: 0,
      sign: () => 'f'.repeat(20),
      logger: { debug: silent, info: silent, warn: silent, error: silent },
      clock: { now: () => new Date() },
    });
    open.push(adapter);
    return adapter;
  }
  const attempt = (ageMs: number): SendAttempt => ({
    message: outbound(),
    startedAt: new Date(Date.now() - ageMs),
    now: new Date(),
    isClaimed: () => Promise.resolve(false),
  });

  test('files a copy of what it sent, and finds it there', async () => {
    const adapter = adapterWith();
    const sent = await adapter.send?.(outbound(), signal());
    await until(
      () => dovecot.count(user, 'Terkirim'),
      (count) => count === 1,
    );
    expect(await adapter.reconcile?.(attempt(0), signal())).toEqual({
      state: 'sent',
      externalId: sent?.externalId,
    });
  });

  test('does not believe that a mail was not sent because its own copy is missing', async () => {
    fault = 'accepted-no-answer';
    const adapter = adapterWith();
    expect(await errorOf(adapter.send?.(outbound(), signal()) ?? Promise.resolve())).toMatchObject({
      certainty: 'unknown',
    });
    expect(await adapter.reconcile?.(attempt(3_600_000), signal())).toMatchObject({ state: 'unknown' });
  });

  test('believes a server that is seen to file by itself, after a minute', async () => {
    const unseen = adapterWith({ serverFilesSent: true });
    expect(await unseen.reconcile?.(attempt(61_000), signal())).toMatchObject({ state: 'unknown' });
    // As if the server had filed it.
    await adapterWith().send?.(outbound({ id: '01939c1e-0000-7000-8000-000000000009' }), signal());
    await until(
      () => dovecot.count(user, 'Terkirim'),
      (count) => count === 1,
    );
    const adapter = adapterWith({ serverFilesSent: true });
    expect(await adapter.reconcile?.(attempt(30_000), signal())).toMatchObject({ state: 'unknown' });
    expect(await adapter.reconcile?.(attempt(61_000), signal())).toEqual({ state: 'not_sent' });
    await adapter.send?.(outbound(), signal());
    await adapter.close?.();
    expect(dovecot.count(user, 'Terkirim')).toBe(1);
  });

  test('without a folder of sent mail has no list to ask', () => {
    expect(adapterWith({ sentFolder: undefined }).reconcile).toBeUndefined();
  });

  test('is well, or says which half is not', async () => {
    expect(await adapterWith().probe?.(signal())).toMatchObject({ state: 'ok' });
    expect(await adapterWith({ sentFolder: 'Nirgendwo' }).probe?.(signal())).toMatchObject({
      state: 'down',
      detail: expect.stringContaining('Nirgendwo'),
    });
    const away = adapterWith({ smtpUrl: `smtp://127.0.0.1:${await freePort()}` });
    expect(await away.probe?.(signal())).toMatchObject({
      state: 'degraded',
      detail: expect.stringMatching(/^Sending: /),
    });
  });

  test('gives an attempt the time that the largest answer takes on a slow line', () => {
    const secondsAt = (bitsPerSecond: number, bytes: number) => (bytes * (4 / 3) * 8) / bitsPerSecond;
    const limitOf = (bytes: number) =>
      (adapterWith({ maxReplyAttachmentBytes: bytes }).sendLimitMs ?? 0) / 1_000;
    for (const mebibytes of [10, 25]) {
      const bytes = mebibytes * 1024 * 1024;
      const onTheLine = secondsAt(524_288, bytes);
      expect(limitOf(bytes)).toBeGreaterThan(30 + onTheLine);
      expect(limitOf(bytes)).toBeLessThan(60 + 1.1 * onTheLine);
    }
    expect(limitOf(0)).toBe(30);
  });

  test('says what files of a reply may weigh, and reads mailbox and reception side by side', async () => {
    expect(adapterWith().maxAttachmentBytes).toBe(10 * 1024 * 1024);
    expect(adapterWith({ maxReplyAttachmentBytes: 0 }).maxAttachmentBytes).toBeUndefined();
    const both = adapterWith({ reception: { url: `smtp://127.0.0.1:${await freePort()}` } });
    expect(both.pull?.sources.map(({ name }) => name)).toEqual([expect.stringMatching(/INBOX/), 'smtp']);
  });
});
