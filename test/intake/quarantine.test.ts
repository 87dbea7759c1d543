import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { fakeAdapter, sign, type FakeEntry } from './fake-provider.js';
import { CHANNEL, count, inboxKeys, post, rawRequest, startGateway, type Gateway } from './gateway.js';

let store: TestDatabase;
let gateway: Gateway;

beforeEach(async () => {
  store = await createTestDatabase();
  gateway = await startGateway({ url: store.url });
});

afterEach(async () => {
  await gateway.close();
  await store.drop();
});

/** The adapter after a mend: an entry without an id is now called by its text. */
const mended = fakeAdapter(CHANNEL, {
  parse: (request) => {
    const text = request.body.toString().replace('{broken', '[{"text":"was broken"}]');
    const entries: FakeEntry[] = JSON.parse(text);
    const events = entries.map((entry) => ({
      type: 'message' as const,
      channelId: CHANNEL,
      externalId: entry.id ?? String(entry.text),
      from: { scheme: 'tel', value: '+6281200000002' },
      text: entry.text ?? '',
      attachments: [],
      automated: false,
      receivedAt: request.receivedAt.toISOString(),
    }));
    return { events, ignored: [], rejected: [] };
  },
});

const outcomes = async (adapter = mended) =>
  (await gateway.quarantine.replay({}, () => adapter)).items.map((item) => [item.outcome, item.fresh]);

describe('replay', () => {
  test('a bad signature is not verified again, and becomes one message however often it is replayed', async () => {
    const entries = [{ id: 'held' }];
    await post(gateway, entries, { 'x-fake-signature': 'bad' });
    await gateway.quarantine.flush();
    const [held] = await gateway.quarantine.listHeld();
    expect(held).toMatchObject({ kind: 'signature', channelId: CHANNEL, inboxId: null });
    expect(held).not.toHaveProperty('body');
    expect(await outcomes(fakeAdapter(CHANNEL))).toEqual([['replayed', 1]]);
    expect(await outcomes(fakeAdapter(CHANNEL))).toEqual([]);
    await post(gateway, entries);
    expect(await inboxKeys(store.database)).toEqual(['m:held']);
  });

  test('an unreadable body stays until the adapter is mended; the provider’s repetitions are one row', async () => {
    await post(gateway, '{broken');
    await post(gateway, '{broken');
    expect(await outcomes(fakeAdapter(CHANNEL))).toEqual([['unparsable', 0]]);
    expect(await outcomes()).toEqual([['replayed', 1]]);
    expect(await inboxKeys(store.database)).toEqual(['m:was broken']);
  });

  test('a part is taken in from its whole request; its neighbours are not doubled', async () => {
    await post(gateway, [{ id: 'good' }, { text: 'odd one' }, { text: 'odd two' }]);
    expect(await outcomes(fakeAdapter(CHANNEL))).toEqual([
      ['still_rejected', 0],
      ['still_rejected', 0],
    ]);
    expect(await outcomes()).toEqual([
      ['replayed', 2],
      ['replayed', 0],
    ]);
    expect(await inboxKeys(store.database)).toEqual(['m:good', 'm:odd one', 'm:odd two']);
    expect(await count(store.database, 'quarantine')).toBe(2);
  });

  test('a large request comes back from the blob store', async () => {
    const text = 'y'.repeat(300_000);
    await post(gateway, [{ text }, { id: 'small' }]);
    await post(gateway, `{broken${' '.repeat(300_000)}`);
    expect((await outcomes()).map(([outcome]) => outcome)).toEqual(['replayed', 'replayed']);
    expect(await count(store.database, 'inbox')).toBe(3);
  });

  test('poison of the ingest goes back to the start', async () => {
    await post(gateway, [{ id: 'poison' }]);
    const [id = ''] = gateway.queued.splice(0);
    const pool = store.database.pool;
    await pool.query(`UPDATE inbox SET state = 'poison', attempts = 5, outcome = 'x' WHERE id = $1`, [id]);
    await pool.query(
      `INSERT INTO quarantine (id, channel_id, kind, reason, received_at, method, target, headers, body, size, inbox_id)
       VALUES (gen_random_uuid(), $2, 'poison', 'x', now(), '-', '-', '{}', '', 0, $1)`,
      [id, CHANNEL],
    );
    expect(await outcomes()).toEqual([['replayed', 1]]);
    const { rows } = await pool.query('SELECT state, attempts, outcome FROM inbox');
    expect(rows).toEqual([{ state: 'new', attempts: 0, outcome: null }]);
    expect(gateway.queued).toEqual([id]);
  });

  test('a channel that is not enabled leaves the row held; a dismissed one is not offered again', async () => {
    await post(gateway, '{broken');
    const report = await gateway.quarantine.replay({ kind: 'unparsable' }, () => undefined);
    expect(report.items).toMatchObject([{ outcome: 'no_receiver' }]);
    const [held] = await gateway.quarantine.listHeld({ channelId: CHANNEL });
    expect(await gateway.quarantine.dismiss([held?.id ?? ''])).toBe(1);
    expect(await gateway.quarantine.listHeld()).toEqual([]);
  });
});

describe('a flood of bad signatures', () => {
  const hold = (body: string) =>
    gateway.quarantine.hold({
      channelId: CHANNEL,
      kind: 'signature',
      reason: 'bad_signature',
      request: rawRequest(body),
    });
  const dropped = async (reason: string) => {
    const { values } = await gateway.metrics.heldDropped.get();
    return values.find((one) => one.labels.reason === reason)?.value ?? 0;
  };

  test('is bounded in rate; what is over is counted', async () => {
    await gateway.close();
    gateway = await startGateway({ url: store.url, signatures: { rowsPerSecond: 5 } });
    for (let n = 0; n < 5_000; n++) await hold(`flood ${n}`);
    await gateway.quarantine.flush();
    const kept = await count(store.database, 'quarantine');
    expect(kept).toBeGreaterThanOrEqual(50);
    expect(kept).toBeLessThan(200);
    expect(await dropped('flood')).toBe(5_000 - kept);
  });

  test('is bounded in sum: the oldest are dropped and counted', async () => {
    await gateway.close();
    gateway = await startGateway({ url: store.url, signatures: { maxStoredBytes: 20_000 } });
    for (let n = 0; n < 10; n++) {
      await hold(`${n}${'x'.repeat(4_000)}`);
      await gateway.quarantine.flush();
    }
    const { rows } = await store.database.pool.query<{ first: string; sum: number }>(
      `SELECT min(convert_from(substring(body, 1, 1), 'UTF8')) AS first, sum(size)::int AS sum FROM quarantine`,
    );
    expect(rows[0]?.sum).toBeLessThanOrEqual(20_000);
    expect(rows[0]?.first).toBe('6');
    expect(await dropped('bound')).toBe(6);
  });

  test('a body over the size is not kept, and a database that is away only counted', async () => {
    await hold('x'.repeat(1024 * 1024 + 1));
    expect(await dropped('too_large')).toBe(1);
    await store.database.pool.query('DROP TABLE quarantine');
    await hold('lost');
    await gateway.quarantine.flush();
    expect(await dropped('database')).toBe(1);
  });
});

test('what is held carries no credentials', async () => {
  const body = '{broken';
  await post(gateway, body, {
    authorization: 'Basic c2VjcmV0',
    cookie: 'a=b',
    'x-forwarded-for': '192.0.2.1',
  });
  const { rows } = await store.database.pool.query('SELECT headers FROM quarantine');
  expect(rows[0].headers).toEqual({ 'content-type': 'application/json', 'x-fake-signature': sign(body) });
});
