import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readCursor } from '../../src/intake/source-cursor.js';
import { eventually, inboxKeys } from '../intake/gateway.js';
import { deliver, mail, MAILBOX } from '../support/played-mailbox.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startTypeScript, type TestProcess } from '../support/process.js';
import { newMailFolder, startPoller, stopPollers, type Poller } from './poll-support.js';

const ID = { channelId: MAILBOX, source: 'INBOX' };

let store: TestDatabase;
let folder: ReturnType<typeof newMailFolder>;
let process: TestProcess | undefined;

beforeEach(async () => {
  store = await createTestDatabase();
  folder = newMailFolder();
});

afterEach(async () => {
  process?.child.kill('SIGKILL');
  await process?.ended;
  await stopPollers();
  await store.drop();
  folder.remove();
});

const keys = () => inboxKeys(store.database);
const hold = () => writeFileSync(join(folder.path, 'hold'), '');
const letGo = () => rmSync(join(folder.path, 'hold'));

/** A process that has the lease and has handed over `a`. */
async function holder(): Promise<TestProcess> {
  process = startTypeScript(new URL('./poll-process.ts', import.meta.url), [store.url, folder.path]);
  expect(await process.line()).toBe('in');
  deliver(folder.path, [mail('a')]);
  expect(await process.line()).toBe('accepted');
  return process;
}

/** Another poller with the timing of production, which stands by. */
async function standby(): Promise<Poller> {
  const poller = await startPoller({
    url: store.url,
    folder: folder.path,
    timing: { lease: { ttlMs: 6_000, renewMs: 2_000, retryMs: 500 }, askMs: 1_000 },
  });
  await eventually(() => poller.pollers.sources[0]?.state().is === 'elsewhere');
  return poller;
}

const isTaken = (poller: Poller) => () => poller.pollers.sources[0]?.state().is === 'running';

test('a holder that dies with -9 is followed within 10 s, and nothing is lost or doubled', async () => {
  const dying = await holder();
  const next = await standby();
  hold();
  deliver(
    folder.path,
    ['b', 'c'].map((id) => mail(id)),
  );
  expect(await dying.line()).toBe('fetched');
  dying.child.kill('SIGKILL');
  const died = performance.now();
  expect(await dying.ended).toBe('SIGKILL');
  await eventually(isTaken(next), 15_000);
  expect(performance.now() - died).toBeLessThan(10_000);
  await eventually(async () => (await keys()).length === 3);
  expect(await keys()).toEqual(['m:a', 'm:b', 'm:c']);
}, 60_000);

test('a holder that was stopped while it was overtaken cannot write when it goes on', async () => {
  const paused = await holder();
  const next = await standby();
  hold();
  deliver(folder.path, [mail('old')]);
  expect(await paused.line()).toBe('fetched');
  paused.child.kill('SIGSTOP');
  await eventually(isTaken(next), 20_000);
  await eventually(async () => (await keys()).length === 2);
  deliver(folder.path, [mail('b')]);
  await eventually(async () => (await keys()).length === 3);
  const before = await readCursor(store.database.pool, ID);
  letGo();
  paused.child.kill('SIGCONT');
  expect(await paused.line()).toBe('refused LeaseLost');
  expect(await paused.line()).toBe('out');
  expect(await keys()).toEqual(['m:a', 'm:b', 'm:old']);
  expect(await readCursor(store.database.pool, ID)).toEqual(before);
  expect(next.pollers.sources[0]?.state()).toEqual({ is: 'running' });
}, 60_000);

test('a holder that dies before the commit leaves neither message nor cursor, and both come with the next', async () => {
  const dying = await holder();
  writeFileSync(join(folder.path, 'die'), '');
  deliver(folder.path, [mail('b')]);
  expect(await dying.ended).toBe('SIGKILL');
  expect(await keys()).toEqual(['m:a']);
  expect(await readCursor(store.database.pool, ID)).toEqual({ next: 1 });
  await startPoller({ url: store.url, folder: folder.path });
  await eventually(async () => (await keys()).length === 2, 20_000);
  expect(await readCursor(store.database.pool, ID)).toEqual({ next: 2 });
}, 60_000);
