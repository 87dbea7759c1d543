import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ChannelError } from '../../src/core/channel-error.js';
import { readCursor } from '../../src/intake/source-cursor.js';
import { heldSources, takeLease } from '../../src/intake/source-lease.js';
import { count, eventually, inboxKeys } from '../intake/gateway.js';
import { deliver, mail, MAILBOX, messageOf, playedMailbox } from '../support/played-mailbox.js';
import { createTestDatabase, startOwnPostgres, type TestDatabase } from '../support/postgres.js';
import { newMailFolder, startPoller, stopPollers } from './poll-support.js';

const ID = { channelId: MAILBOX, source: 'INBOX' };

let store: TestDatabase;
let folder: ReturnType<typeof newMailFolder>;

beforeEach(async () => {
  store = await createTestDatabase();
  folder = newMailFolder();
});

afterEach(async () => {
  await stopPollers();
  await store.drop();
  folder.remove();
});

const here = () => ({ url: store.url, folder: folder.path });
const keys = () => inboxKeys(store.database);
const cursor = () => readCursor(store.database.pool, ID);

describe('a source', () => {
  test('hands over what is there and what comes, once, and the queue hears of it', async () => {
    deliver(
      folder.path,
      ['a', 'b', 'c', 'd'].map((id) => mail(id)),
    );
    const poller = await startPoller(here());
    await eventually(async () => (await keys()).length === 4);
    deliver(folder.path, [mail('e'), mail('a')]);
    await eventually(async () => JSON.stringify(await cursor()) === '{"next":6}');
    expect(await keys()).toEqual(['m:a', 'm:b', 'm:c', 'm:d', 'm:e']);
    expect(poller.gateway.queued).toHaveLength(5);
    const { rows } = await store.database.pool.query(
      'SELECT method, headers, body FROM envelope ORDER BY id',
    );
    expect(rows[0]).toMatchObject({ method: 'PULL', headers: { 'played-line': '0' } });
    expect(rows[0].body.toString()).toBe(JSON.stringify(mail('a')));
    const metrics = await poller.registry.metrics();
    expect(metrics).toContain('tabea_pulled_total{channel="mail-1",source="INBOX"} 6');
    expect(metrics).toContain('tabea_pull_source_up{channel="mail-1",source="INBOX"} 1');
    expect(metrics).toMatch(/tabea_pull_last_success_age_seconds\{channel="mail-1",source="INBOX"\} [0-9.]+/);
    expect((await poller.gateway.registry.metrics()).match(/tabea_duplicates_total.*/g)).toContain(
      'tabea_duplicates_total{channel="mail-1"} 1',
    );
  });

  test('says of each message that it leaves out why, once, and nothing else of it', async () => {
    deliver(folder.path, [{ own: true, from: 'warga@example.org' }, mail('a'), { own: true }]);
    const poller = await startPoller(here());
    await eventually(async () => JSON.stringify(await cursor()) === '{"next":3}');
    const said = () => poller.log.filter((line) => line.includes('left out'));
    await eventually(() => said().length >= 2);
    const [first, ...others] = said().map((line): object => JSON.parse(line));
    expect(first).toMatchObject({ channel: MAILBOX, reason: 'own_mail' });
    expect(others).toHaveLength(1);
    expect(poller.log.join('\n')).not.toContain('warga@example.org');
  });

  test('goes on from its cursor after a start, and gives its lease back at a stop', async () => {
    deliver(folder.path, [mail('a')]);
    const first = await startPoller(here());
    await eventually(async () => (await keys()).length === 1);
    await first.stop();
    expect(await heldSources(store.database.pool, [ID])).toEqual(new Set());
    deliver(folder.path, [mail('b')]);
    const second = await startPoller(here());
    await eventually(async () => (await keys()).length === 2);
    const metrics = await second.registry.metrics();
    expect(metrics).toContain('tabea_pulled_total{channel="mail-1",source="INBOX"} 1');
  });

  test('that loses its connection is run again; others do not notice; the log has code and no words', async () => {
    let drops = 3;
    deliver(folder.path, [mail('a')], 'broken');
    deliver(folder.path, [mail('b')], 'fine');
    const entered: string[] = [];
    const poller = await startPoller({
      ...here(),
      sources: ['broken', 'fine'],
      on: (what, source) => void (what === 'in' && entered.push(source)),
      before: (source) => {
        if (source === 'broken' && drops-- > 0) {
          throw new ChannelError('connection', 'dropped', {
            retry: 'backoff',
            cause: new Error('warga@example.org'),
          });
        }
      },
    });
    await eventually(async () => (await keys()).length === 2);
    expect(entered.filter((source) => source === 'broken')).toHaveLength(4);
    expect(entered.filter((source) => source === 'fine')).toHaveLength(1);
    expect(poller.log.join('')).toContain('"code":"connection"');
    expect(poller.log.join('')).not.toContain('example.org');
  });

  test('that fails says so in its state until it works', async () => {
    let fails = true;
    deliver(folder.path, [mail('a')]);
    const poller = await startPoller({
      ...here(),
      before: () => {
        if (fails) throw new ChannelError('config', 'the password is wrong', { retry: 'never' });
      },
    });
    const [source] = poller.pollers.sources;
    await eventually(() => (source?.state().trouble?.failures ?? 0) >= 2);
    expect(source?.state().trouble?.code).toBe('config');
    fails = false;
    await eventually(async () => (await keys()).length === 1);
    await eventually(() => source?.state().trouble === undefined);
    expect(source?.state()).toEqual({ is: 'running' });
    expect(await poller.registry.metrics()).toContain('code="config"');
  });

  test('that does not end when told is left behind after its grace, and cannot write any more', async () => {
    let release = () => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    let waits = 0;
    const poller = await startPoller({ ...here(), before: () => (waits++ === 0 ? stuck : undefined) });
    await eventually(() => waits === 1);
    await store.database.pool.query(`UPDATE lease SET epoch = epoch + 1, holder = 'another'`);
    await eventually(() => poller.log.some((line) => line.includes('"code":"stuck"')));
    // Its lease is another's now; when that runs out the source is run anew, beside the one that hangs.
    await store.database.pool.query(`UPDATE lease SET expires_at = clock_timestamp()`);
    await eventually(() => waits >= 2);
    release();
    deliver(folder.path, [mail('a')]);
    await eventually(async () => (await keys()).length === 1);
    expect(await keys()).toEqual(['m:a']);
  });
});

describe('two pollers', () => {
  test('are never both inside, and the second takes over when the first is stopped', async () => {
    let inside = 0;
    let most = 0;
    let entries = 0;
    const on = (what: 'in' | 'out') => {
      inside += what === 'in' ? 1 : -1;
      entries += what === 'in' ? 1 : 0;
      most = Math.max(most, inside);
    };
    const both = [await startPoller({ ...here(), on }), await startPoller({ ...here(), on })];
    deliver(folder.path, [mail('a')]);
    await eventually(async () => (await keys()).length === 1);
    const index = both.findIndex((one) => one.pollers.sources[0]?.state().is === 'running');
    const [holder, other] = [both[index], both[1 - index]];
    await eventually(() => other?.pollers.sources[0]?.state().is === 'elsewhere');
    expect(await other?.registry.metrics()).toContain(
      'tabea_pull_source_up{channel="mail-1",source="INBOX"} 0',
    );
    await holder?.stop();
    deliver(folder.path, [mail('b')]);
    await eventually(async () => (await keys()).length === 2);
    expect(other?.pollers.sources[0]?.state().is).toBe('running');
    expect(most).toBe(1);
    expect(entries).toBe(2);
  });

  test('of which one was overtaken without knowing it: its accept throws and leaves nothing', async () => {
    let fetched = false;
    let proceed = () => {};
    const paused = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    const lease = { ttlMs: 60_000, renewMs: 30_000, retryMs: 100 };
    // It has fetched, and is about to hand over.
    const slow = await startPoller({
      ...here(),
      timing: { lease },
      before: () => (fetched ? paused : undefined),
      read: (line) => {
        fetched = true;
        return [messageOf(MAILBOX, JSON.parse(line).id, 'x')];
      },
    });
    await eventually(() => slow.pollers.sources[0]?.state().is === 'running');
    deliver(folder.path, [mail('a')]);
    await eventually(() => fetched);
    await eventually(async () => (await keys()).length === 1);
    deliver(folder.path, [mail('b')]);
    await store.database.pool.query('UPDATE lease SET expires_at = clock_timestamp()');
    const next = await takeLease(store.database.pool, ID);
    proceed();
    await eventually(() => slow.log.some((line) => line.includes('"code":"lease"')));
    expect(await keys()).toEqual(['m:a']);
    expect(await count(store.database, 'envelope')).toBe(1);
    expect(await cursor()).toEqual({ next: 1 });
    await next?.release();
    await eventually(async () => (await keys()).length === 2);
  });
});

describe('what cannot be taken in', () => {
  test('a mail that PostgreSQL refuses is isolated, its neighbours and the cursor go on', async () => {
    deliver(
      folder.path,
      ['a', 'poison', 'b'].map((id) => mail(id)),
    );
    const poller = await startPoller({
      ...here(),
      read: (line) => {
        const { id } = JSON.parse(line);
        const event = messageOf(MAILBOX, id, 'x');
        // A name that jsonb cannot hold: only its members' values are made fit.
        return [id === 'poison' ? Object.assign(event, { ['\0']: 1 }) : event];
      },
    });
    await eventually(async () => JSON.stringify(await cursor()) === '{"next":3}');
    expect(await keys()).toEqual(['m:a', 'm:b']);
    const [held] = await poller.gateway.quarantine.listHeld();
    expect(held).toMatchObject({ kind: 'poison', channelId: MAILBOX, reason: 'refused_by_database: 22P05' });
    const mended = playedMailbox(folder.path);
    const { items } = await poller.gateway.quarantine.replay({}, () => mended);
    expect(items).toMatchObject([{ outcome: 'replayed', fresh: 1 }]);
    expect(await keys()).toEqual(['m:a', 'm:b', 'm:poison']);
  });

  test('unreadable mails are kept whole, each by itself, once, and are replayed after a mend', async () => {
    const large = `garbage ${'x'.repeat(300_000)}`;
    deliver(folder.path, [
      large,
      'garbage too',
      { lost: true, id: 'l1' },
      { lost: true, id: 'l2' },
      mail('a'),
    ]);
    // The mailbox numbers its mails anew: the same ones come again from other places.
    deliver(folder.path, [mail('a'), { lost: true, id: 'l1' }, 'garbage too']);
    const poller = await startPoller(here());
    await eventually(async () => JSON.stringify(await cursor()) === '{"next":8}');
    expect(await keys()).toEqual(['m:a']);
    const { quarantine } = poller.gateway;
    const held = await quarantine.listHeld();
    expect(held.map((row) => row.kind).sort()).toEqual(['part', 'part', 'unparsable', 'unparsable']);
    const still = await quarantine.replay({}, poller.gateway.adapterOf);
    expect(still.items.map((item) => item.outcome)).toEqual(Array(4).fill('unparsable'));
    const seen: unknown[] = [];
    const mended = playedMailbox(folder.path, {
      read: (line) => [messageOf(MAILBOX, `mended ${line.slice(0, 30)}`, line)],
    });
    const { pull } = mended;
    const { items } = await quarantine.replay({}, () => ({
      ...mended,
      pull: {
        sources: [],
        parse: async (request, putBlob) => {
          seen.push([request.method, request.headers['played-line'], request.body.length]);
          await putBlob(Buffer.from('a part of it'));
          return (await pull?.parse(request, putBlob)) ?? { events: [], ignored: [], rejected: [] };
        },
      },
    }));
    expect(items).toHaveLength(4);
    expect(items.map((item) => [item.outcome, item.fresh])).toEqual(items.map(() => ['replayed', 1]));
    expect(seen).toContainEqual(['PULL', '0', large.length]);
    expect(await quarantine.listHeld()).toEqual([]);
    expect(await keys()).toHaveLength(5);
  });
});

describe('the database', () => {
  test('away and back: nothing is lost, nothing twice, and the source goes on by itself', async () => {
    const server = await startOwnPostgres();
    try {
      const poller = await startPoller({ ...here(), url: server.url });
      const { database } = poller.gateway;
      deliver(folder.path, [mail('a')]);
      await eventually(async () => (await inboxKeys(database)).length === 1);
      await server.stop('immediate');
      deliver(
        folder.path,
        ['b', 'c', 'd', 'e'].map((id) => mail(id)),
      );
      await eventually(() => poller.log.some((line) => line.includes('"code":"store"')));
      await server.start();
      const isThere = () =>
        inboxKeys(database).then(
          (all) => all.length === 5,
          () => false,
        );
      await eventually(isThere, 20_000);
      expect(await inboxKeys(database)).toEqual(['m:a', 'm:b', 'm:c', 'm:d', 'm:e']);
      await eventually(() => poller.pollers.sources[0]?.state().trouble === undefined);
      expect(await readCursor(database.pool, ID)).toEqual({ next: 5 });
    } finally {
      await stopPollers();
      await server.remove();
    }
  }, 60_000);
});
