import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ingestBatch } from '../../src/cases/ingest.js';
import { listCases } from '../../src/cases/queries.js';
import { indexCases, searchFrontier } from '../../src/cases/search-index.js';
import { createSearchSweep } from '../../workers/sweep-search.js';
import { ANI, BUDI, openCaseStore, sms, type CaseStore } from './support.js';

let store: CaseStore;
beforeAll(async () => {
  store = await openCaseStore();
});
afterAll(() => store.drop());
beforeEach(() =>
  store.rows('TRUNCATE inbox, message, outbox, contact, reporter, cases, case_event, case_search CASCADE'),
);

const clerk = { actorId: 'user:1', role: 'super_admin', opd: null } as const;
let days = 0;

async function take(...texts: string[]): Promise<void> {
  // Far apart in time, so that each is a case of its own.
  const events = texts.map((text, i) => sms(i % 2 === 0 ? ANI : BUDI, text, ++days * 10_000));
  await ingestBatch(store.services, await store.arrive(...events));
}

async function find(q: string): Promise<string[]> {
  const { items } = await listCases(store.services, { q }, clerk);
  return items.map((one) => one.text).sort();
}

const indexed = async () => (await store.rows('SELECT 1 FROM case_search')).length;
const sweepWith = (depth: number) =>
  createSearchSweep(store.db.database, { depth: () => Promise.resolve(depth) });

test('a case is found before it is indexed, after it, and half and half', async () => {
  await take('pohon tumbang di Passo', 'lampu padam');
  expect(await indexed()).toBe(0);
  expect(await find('tumbang')).toEqual(['pohon tumbang di Passo']);
  await sweepWith(0).round();
  expect(await indexed()).toBe(2);
  expect(await find('tumbang')).toEqual(['pohon tumbang di Passo']);
  await take('pohon tumbang di Laha');
  expect(await indexed()).toBe(2);
  expect(await find('tumbang')).toEqual(['pohon tumbang di Laha', 'pohon tumbang di Passo']);
  expect(await find('kali')).toEqual([]);
});

test('a case that became visible late, behind the newest indexed one, is found and indexed', async () => {
  await take('jalan rusak');
  const [first] = await store.rows<{ id: string }>('SELECT id FROM cases');
  await take('jalan licin');
  await store.rows('DELETE FROM case_search');
  await store.rows(
    `INSERT INTO case_search SELECT id, to_tsvector('simple', text) FROM cases WHERE id <> $1`,
    [first?.id],
  );
  expect(await find('jalan')).toEqual(['jalan licin', 'jalan rusak']);
  expect(await indexCases(store.db.database.pool, await searchFrontier(store.db.database.pool))).toBe(1);
  expect(await indexed()).toBe(2);
});

test('a start finds cases of long ago that were never indexed', async () => {
  await take('banjir di Batu Merah');
  await store.rows(`INSERT INTO case_search VALUES ('ffffffff-ffff-7fff-8000-000000000000', '')`);
  expect(await indexCases(store.db.database.pool, await searchFrontier(store.db.database.pool))).toBe(0);
  await sweepWith(0).round();
  expect(await indexed()).toBe(2);
});

test('messages go first, but not for ever', async () => {
  await take('sampah menumpuk');
  const sweep = sweepWith(1_000);
  for (let round = 0; round < 60; round += 1) await sweep.round();
  expect(await indexed()).toBe(0);
  await sweep.round();
  expect(await indexed()).toBe(1);
});

test('words that were taken back are not found any more', async () => {
  const message = sms(ANI, 'tetangga saya mencuri');
  await ingestBatch(store.services, await store.arrive(message));
  await sweepWith(0).round();
  expect(await find('mencuri')).toHaveLength(1);
  const withdrawal = {
    type: 'withdrawal',
    of: 'message',
    channelId: message.channelId,
    externalId: message.externalId,
    from: ANI,
    receivedAt: message.receivedAt,
  } as const;
  await ingestBatch(store.services, await store.arrive(withdrawal));
  expect(await find('mencuri')).toEqual([]);
});
