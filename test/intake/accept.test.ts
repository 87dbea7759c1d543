import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { contactKey } from '../../src/core/keys.js';
import type { InboundEvent, InboundMessage } from '../../src/core/message.js';
import { CHANNEL, count, inboxKeys, KEYS, post, rawRequest, startGateway, type Gateway } from './gateway.js';

let store: TestDatabase;
let gateway: Gateway;

beforeAll(async () => {
  store = await createTestDatabase();
  gateway = await startGateway({ url: store.url });
});

afterAll(async () => {
  await gateway.close();
  await store.drop();
});

async function wipe(): Promise<void> {
  await store.database.pool.query('TRUNCATE inbox, envelope, quarantine');
  gateway.queued.length = 0;
}

const message = (externalId: string): InboundMessage => ({
  type: 'message',
  channelId: CHANNEL,
  externalId,
  from: { scheme: 'tel', value: '+6281200000001' },
  text: 'x',
  attachments: [],
  automated: false,
  receivedAt: '2026-11-23T08:00:00+09:00',
});

describe('accept', () => {
  test('an event is one envelope with the raw bytes, one inbox row, one id in the queue', async () => {
    await wipe();
    const body = '[{"id":"a","text":"lampu \\u00e4"}]';
    const answer = await post(gateway, body);
    expect(answer.status).toBe(200);
    const { rows } = await store.database.pool.query(
      'SELECT i.*, e.body, e.target, e.headers FROM inbox i JOIN envelope e ON e.id = i.envelope_id',
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].body.toString()).toBe(body);
    expect(rows[0].target).toBe(`/webhooks/${CHANNEL}`);
    expect(rows[0].headers['x-fake-signature']).toMatch(/^[0-9a-f]{64}$/);
    expect(rows[0].event_key).toBe('m:a');
    expect(rows[0].payload.text).toBe('lampu ä');
    expect(rows[0].contact_key).toEqual(contactKey(KEYS, { scheme: 'tel', value: '+6281200000001' }));
    expect(rows[0].received_at.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(gateway.queued).toEqual([rows[0].id]);
  });

  test('fault 10: one webhook ten times at once is ten 200s and one row', async () => {
    await wipe();
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(gateway, [{ id: 'once' }])));
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
    expect(await inboxKeys(store.database)).toEqual(['m:once']);
    expect(await count(store.database, 'envelope')).toBe(1);
    expect(gateway.queued).toHaveLength(1);
  });

  test('fault 16: an old signed request replayed leaves no second row, not even an envelope', async () => {
    await wipe();
    await post(gateway, [{ id: 'old' }]);
    expect((await post(gateway, [{ id: 'old' }])).status).toBe(200);
    expect(await count(store.database, 'inbox')).toBe(1);
    expect(await count(store.database, 'envelope')).toBe(1);
  });

  test('fault 15: a batch of 1000 with one poison entry is 999 rows, one held part, 200; twice the same', async () => {
    await wipe();
    const entries = Array.from({ length: 1000 }, (_, i) => (i === 500 ? { text: 'no id' } : { id: `b${i}` }));
    expect((await post(gateway, entries)).status).toBe(200);
    expect((await post(gateway, entries)).status).toBe(200);
    expect(await count(store.database, 'inbox')).toBe(999);
    expect(await count(store.database, 'envelope')).toBe(1);
    const { rows } = await store.database.pool.query('SELECT kind, reason, body FROM quarantine');
    expect(rows).toEqual([{ kind: 'part', reason: 'no_id', body: Buffer.from('{"text":"no id"}') }]);
    expect(new Set(gateway.queued).size).toBe(999);
  });

  test('fault 18: NUL, lone surrogates, bidi override and joined emoji are stored; the raw bytes keep the original', async () => {
    await wipe();
    const text = 'a\0b \ud800 \udc00 \u202eabc 👩‍👩‍👧 \\u0000';
    const body = JSON.stringify([{ id: 'odd', text }]);
    expect((await post(gateway, body)).status).toBe(200);
    const { rows } = await store.database.pool.query(
      'SELECT payload, e.body FROM inbox i JOIN envelope e ON e.id = i.envelope_id',
    );
    expect(rows[0].payload.text).toBe('a\u2400b \ufffd \ufffd \u202eabc 👩‍👩‍👧 \\u0000');
    expect(rows[0].body.toString()).toBe(body);
    expect(await count(store.database, 'quarantine')).toBe(0);
  });

  test('an id that no index can hold, or with NUL, is taken in once all the same', async () => {
    await wipe();
    const odd = ['x'.repeat(5000), `${'x'.repeat(5000)}y`, 'nul\0a', 'nul\u2400a'];
    for (const id of [...odd, ...odd]) expect((await post(gateway, [{ id }])).status).toBe(200);
    expect(await count(store.database, 'inbox')).toBe(4);
  });

  test('a large body lies in the blob store', async () => {
    await wipe();
    const body = JSON.stringify([{ id: 'large', text: 'y'.repeat(300_000) }]);
    expect((await post(gateway, body)).status).toBe(200);
    const { rows } = await store.database.pool.query('SELECT body, body_blob FROM envelope');
    expect(rows[0].body).toBeNull();
    expect((await gateway.blobs.get(rows[0].body_blob))?.toString()).toBe(body);
  });

  test('what is only ignored keeps its envelope, once', async () => {
    await wipe();
    await post(gateway, [{ id: 'e', echo: true }]);
    await post(gateway, [{ id: 'e', echo: true }]);
    const { rows } = await store.database.pool.query('SELECT ignored FROM envelope');
    expect(rows).toEqual([{ ignored: [{ reason: 'own_echo' }] }]);
    expect(await count(store.database, 'inbox')).toBe(0);
  });

  test('a row that the database refuses is isolated; its neighbours in batch and request are stored', async () => {
    await wipe();
    // A refusal that no check of ours foresees, as a stricter schema would make it.
    await store.database.pool.query(`ALTER TABLE inbox ADD CONSTRAINT picky CHECK (event_key <> 'm:p1')`);
    const events = ['n1', 'p1', 'n2'].map((id) => message(id));
    const poisoned = { events, ignored: [], rejected: [] };
    const plain = (id: string) => ({ events: [message(id)], ignored: [], rejected: [] });
    const outcomes = await Promise.all([
      gateway.intake.accept(CHANNEL, rawRequest('n0'), plain('n0')),
      gateway.intake.accept(CHANNEL, rawRequest('the poisoned one'), poisoned),
      gateway.intake.accept(CHANNEL, rawRequest('n3'), plain('n3')),
    ]);
    expect(outcomes.map((one) => one.stored)).toEqual(['database', 'database', 'database']);
    expect(outcomes.map((one) => one.fresh)).toEqual([1, 2, 1]);
    expect(await inboxKeys(store.database)).toEqual(['m:n0', 'm:n1', 'm:n2', 'm:n3']);
    const { rows } = await store.database.pool.query('SELECT kind, reason, body FROM quarantine');
    expect(rows).toEqual([
      { kind: 'poison', reason: 'refused_by_database: 23514', body: Buffer.from('the poisoned one') },
    ]);
    expect(gateway.queued).toHaveLength(4);
    await store.database.pool.query('ALTER TABLE inbox DROP CONSTRAINT picky');
  });

  test('an event that cannot even be written down is held; the others go on', async () => {
    await wipe();
    const broken: InboundEvent = JSON.parse('{"type":"message","externalId":"z","from":null}');
    const parsed = { events: [message('ok'), broken], ignored: [], rejected: [] };
    await gateway.intake.accept(CHANNEL, rawRequest('whole'), parsed);
    expect(await inboxKeys(store.database)).toEqual(['m:ok']);
    const { rows } = await store.database.pool.query('SELECT kind, reason FROM quarantine');
    expect(rows).toEqual([{ kind: 'poison', reason: 'event_not_storable: TypeError' }]);
  });

  test('with something of the caller in one transaction: both are there or neither', async () => {
    await wipe();
    const items = [
      { request: rawRequest('tx'), parsed: { events: [message('tx')], ignored: [], rejected: [] } },
    ];
    const fenced = () => Promise.reject(new Error('the cursor is fenced'));
    await expect(gateway.intake.acceptTogether(CHANNEL, items, fenced)).rejects.toThrow('fenced');
    expect(await count(store.database, 'inbox')).toBe(0);
    expect(gateway.queued).toEqual([]);
    const stored = await gateway.intake.acceptTogether(CHANNEL, items, () => Promise.resolve());
    expect(stored).toEqual([{ stored: 'database', fresh: 1 }]);
    expect(await inboxKeys(store.database)).toEqual(['m:tx']);
    expect(gateway.queued).toHaveLength(1);
  });
});
