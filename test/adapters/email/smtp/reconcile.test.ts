import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelError } from '../../../../src/core/channel-error.js';
import { errorOf, outbound, senderFor, signal } from './helpers.js';
import { scriptedServer, type ScriptedServer } from './scripted-server.js';

describe('the folder of sent mail', () => {
  let server: ScriptedServer;
  beforeEach(async () => {
    server = await scriptedServer();
  });
  afterEach(() => server.close());

  const folder = (over: object = {}) => ({
    copies: new Array<Buffer>(),
    wantsCopies: true,
    append(raw: Buffer) {
      this.copies.push(raw);
      return Promise.resolve();
    },
    find(messageId: string) {
      const found = this.copies.some((copy) => copy.includes(`<${messageId}>`));
      return Promise.resolve(
        found ? ('sent' as const) : this.wantsCopies ? ('unknown' as const) : ('absent' as const),
      );
    },
    ...over,
  });
  const attempt = (ageMs: number, claimed = false) => ({
    message: outbound(),
    startedAt: new Date(Date.now() - ageMs),
    now: new Date(),
    isClaimed: () => Promise.resolve(claimed),
  });

  test('gets a copy of what was sent, and finds it again', async () => {
    const sent = folder();
    const sender = senderFor(server.url, { sentFolder: sent });
    const { externalId } = await sender.send(outbound(), signal());
    await sender.close();
    expect(sent.copies).toHaveLength(1);
    expect(await sender.reconcile(attempt(1_000), signal())).toEqual({ state: 'sent', externalId });
    expect(await sender.reconcile(attempt(1_000, true), signal())).toMatchObject({ state: 'unknown' });
  });

  test('gets no copy of what was refused', async () => {
    const sent = folder();
    const sender = senderFor(server.url, { sentFolder: sent });
    server.next('END', '554 5.6.0 no', '554 5.6.0 no');
    await errorOf(sender.send(outbound(), signal()));
    await sender.close();
    expect(sent.copies).toHaveLength(0);
  });

  test('that is full or away does not make a mail look unsent', async () => {
    const refuse = () => Promise.reject(new ChannelError('connection', 'away', { retry: 'backoff' }));
    const sender = senderFor(server.url, { sentFolder: folder({ append: refuse }) });
    await sender.send(outbound(), signal());
    await sender.close();
    expect(sender.logged()).toContain('could not be filed');
  });

  test('without the mail proves something only where the server files by itself, and after a minute', async () => {
    const own = senderFor(server.url, { sentFolder: folder() });
    expect(await own.reconcile(attempt(3_600_000), signal())).toMatchObject({ state: 'unknown' });
    const gmail = senderFor(server.url, { sentFolder: folder({ wantsCopies: false }) });
    expect(await gmail.reconcile(attempt(59_000), signal())).toMatchObject({ state: 'unknown' });
    expect(await gmail.reconcile(attempt(60_000), signal())).toEqual({ state: 'not_sent' });
    const none = senderFor(server.url);
    expect(await none.reconcile(attempt(60_000), signal())).toMatchObject({ state: 'unknown' });
  });
});
