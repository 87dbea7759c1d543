import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { canPullBack, lookBack, pullBack } from '../../src/cli/pull-backfill.js';
import { readCursor } from '../../src/intake/source-cursor.js';
import { fakeAdapter } from '../intake/fake-provider.js';
import { eventually, inboxKeys, startGateway, type Gateway } from '../intake/gateway.js';
import { deliver, mail, MAILBOX, playedMailbox } from '../support/played-mailbox.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startTypeScript } from '../support/process.js';
import { demoEnvironment } from '../support/whole-gateway.js';
import { newMailFolder, startPoller, stopPollers } from '../workers/poll-support.js';

let store: TestDatabase;
let folder: ReturnType<typeof newMailFolder>;
let gateway: Gateway;

beforeEach(async () => {
  store = await createTestDatabase();
  folder = newMailFolder();
  gateway = await startGateway({ url: store.url });
});

afterEach(async () => {
  await stopPollers();
  await gateway.close();
  await store.drop();
  folder.remove();
});

const SINCE = new Date('2026-11-01T00:00:00+09:00');
const SOURCES = { sources: ['INBOX', 'Spam'] };

describe('backfill of a channel that is polled', () => {
  test('takes in what is missing from every source, once, and leaves the cursors alone', async () => {
    const adapter = playedMailbox(folder.path, SOURCES);
    deliver(
      folder.path,
      ['a', 'b', 'c', 'd'].map((id) => mail(id)),
    );
    deliver(folder.path, [mail('s'), 'garbage'], 'Spam');
    expect(canPullBack(adapter)).toBe(true);
    expect(canPullBack(fakeAdapter('sms'))).toBe(false);
    expect(await pullBack(gateway, MAILBOX, adapter, SINCE)).toEqual({ read: 6, fresh: 5, unread: 1 });
    expect(await pullBack(gateway, MAILBOX, adapter, SINCE)).toEqual({ read: 6, fresh: 0, unread: 1 });
    expect(await inboxKeys(store.database)).toEqual(['m:a', 'm:b', 'm:c', 'm:d', 'm:s']);
    expect(gateway.queued).toHaveLength(5);
    expect(await gateway.quarantine.listHeld()).toHaveLength(1);
    expect(await readCursor(store.database.pool, { channelId: MAILBOX, source: 'INBOX' })).toBeUndefined();
  });

  test('beside a running poller doubles nothing', async () => {
    deliver(
      folder.path,
      Array.from({ length: 40 }, (_, index) => mail(`m${index}`)),
    );
    await startPoller({ url: store.url, folder: folder.path });
    const adapter = playedMailbox(folder.path);
    const { read } = await pullBack(gateway, MAILBOX, adapter, SINCE);
    expect(read).toBe(40);
    const id = { channelId: MAILBOX, source: 'INBOX' };
    await eventually(async () => JSON.stringify(await readCursor(store.database.pool, id)) === '{"next":40}');
    expect(await inboxKeys(store.database)).toHaveLength(40);
  });

  test('is preceded by a look that stores nothing, for audit', async () => {
    const adapter = playedMailbox(folder.path, SOURCES);
    deliver(folder.path, [mail('a'), mail('b')]);
    const seen: string[] = [];
    const look = async (events: readonly { readonly externalId: string }[]) => {
      seen.push(...events.map((event) => event.externalId));
      await Promise.resolve();
    };
    expect(await lookBack(adapter, SINCE, look)).toBe(2);
    expect(seen).toEqual(['a', 'b']);
    expect(await inboxKeys(store.database)).toEqual([]);
  });
});

const CHANNELS = {
  TABEA_CHANNELS: 'sms-1708,call-center,email',
  IMAP_URL: 'imap://lapor:rahasia@127.0.0.1:1',
};

test.each([
  ['a channel that is not there', ['nosuch', '--from', '2026-11-01'], 'There is no enabled channel nosuch.'],
  ['a channel that cannot', ['call-center', '--from', '2026-11-01'], 'does not let its past be read'],
  ['a date that is none', ['sms-1708', '--from', 'yesterday'], 'The period cannot be read.'],
  [
    'an end that a mailbox cannot have',
    ['email', '--from', '2026-11-01', '--to', '2026-11-02'],
    '--to cannot be given for email',
  ],
  [
    'an end that one of all channels cannot have',
    ['--from', '2026-11-01', '--to', '2026-11-02'],
    '--to cannot be given for email',
  ],
])('%s is refused with what to do', async (_name, args, words) => {
  const command = startTypeScript(
    new URL('../support/tabea-process.ts', import.meta.url),
    ['backfill', ...args],
    {
      env: { ...process.env, NODE_OPTIONS: '', ...demoEnvironment(store.url, CHANNELS) },
    },
  );
  expect(await command.ended).toBe(1);
  const [cause = '', remedy = ''] = command.errors().trim().split('\n').slice(-2);
  expect(cause).toContain(words);
  expect(remedy).toMatch(/^ {2}\S/);
});
