import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ingestBatch } from '../../src/cases/ingest.js';
import {
  EntryRefused,
  openManually,
  type ManualEntry,
  type ManualOptions,
} from '../../src/cases/open-manually.js';
import type { Viewer } from '../../src/cases/policy.js';
import { BadCursor, getCase, listCases } from '../../src/cases/queries.js';
import { isTrackingNumber } from '../../src/core/tracking-number.js';
import { ANI, openCaseStore, sms, type CaseStore } from './support.js';

const ADMIN: Viewer = { actorId: 'user:1', role: 'super_admin', opd: null };
const blobs = new Map<string, Buffer>();
const options: ManualOptions = {
  actorId: 'user:1',
  putBlob: (bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    blobs.set(hash, bytes);
    return Promise.resolve(hash);
  },
  normalisePhone: (text) => (/^08\d+$/.test(text) ? `+62${text.slice(1)}` : null),
};
const ENTRY: ManualEntry = {
  channelId: 'call-center',
  text: 'Pohon tumbang di Jalan Pattimura',
  reporter: { name: 'Ani', phone: '081200000001', address: 'Jalan A 1' },
  place: 'Sirimau',
  occurredAt: new Date('2026-11-22T03:00:00Z'),
};

let store: CaseStore;
beforeAll(async () => {
  store = await openCaseStore();
});
afterAll(() => store.drop());
beforeEach(() =>
  store.rows(
    'TRUNCATE inbox, envelope, message, outbox, contact, reporter, cases, case_event, idempotency CASCADE',
  ),
);

const open = (entry: Partial<ManualEntry> = {}, more: Partial<ManualOptions> = {}) =>
  openManually(store.services, { ...ENTRY, ...entry }, { ...options, ...more });

test('gives a number at once, and the case in the words of the contract', async () => {
  const { trackingNumber, created } = await open({
    attachments: [
      { name: 'foto.jpg', contentType: 'image/jpeg', base64: Buffer.from('bytes').toString('base64') },
    ],
  });
  expect(created).toBe(true);
  expect(isTrackingNumber(trackingNumber)).toBe(true);
  const view = await getCase(store.services, trackingNumber, ADMIN);
  expect(view).toMatchObject({
    trackingNumber,
    type: 'complaint',
    status: 'received',
    channelId: 'call-center',
    confidentiality: 'public',
    subject: null,
    text: 'Pohon tumbang di Jalan Pattimura',
    reporter: { name: 'Ani', phone: '+6281200000001', email: null, address: 'Jalan A 1' },
    opd: null,
    place: 'Sirimau',
    occurredAt: '2026-11-22T12:00:00+09:00',
    createdAt: '2026-11-23T10:00:00+09:00',
    messages: [
      {
        direction: 'in',
        delivery: null,
        automated: false,
        attachments: [{ name: 'foto.jpg', contentType: 'image/jpeg', size: 5, state: 'stored' }],
        at: '2026-11-23T10:00:00+09:00',
      },
    ],
    events: [{ seq: 1, kind: 'received', actor: 'user:1' }],
  });
  expect(blobs.size).toBe(1);
  expect(await store.rows('SELECT state FROM inbox')).toEqual([{ state: 'done' }]);
});

test('keeps the identity out of every column but the vault', async () => {
  await open();
  for (const table of ['envelope', 'inbox', 'message', 'cases', 'case_event', 'reporter', 'contact']) {
    const [row] = await store.rows<{ all: string }>(`SELECT string_agg(t::text, ' ') AS all FROM ${table} t`);
    const bytes = [...(row?.all ?? '').matchAll(/\\x([0-9a-f]+)/g)].map(([, hex]) =>
      Buffer.from(hex ?? '', 'hex').toString(),
    );
    expect(`${row?.all} ${bytes.join(' ')}`).not.toMatch(/Ani|81200000001|Jalan A 1/);
  }
});

test('an Idempotency-Key gives the same case for the same request, also at once, and refuses another', async () => {
  const idempotency = { key: 'k1', request: Buffer.alloc(32, 1) };
  const all = await Promise.all([1, 2, 3, 4].map(() => open({}, { idempotency })));
  expect(new Set(all.map((one) => one.trackingNumber)).size).toBe(1);
  expect(all.filter((one) => one.created)).toHaveLength(1);
  await expect(open({}, { idempotency: { key: 'k1', request: Buffer.alloc(32, 2) } })).rejects.toMatchObject({
    code: 'idempotency',
  });
  expect((await open({}, { idempotency, actorId: 'user:2' })).created).toBe(true);
});

test('refuses a channel that is not configured, and nothing else', async () => {
  await expect(open({ channelId: 'pigeon' })).rejects.toBeInstanceOf(EntryRefused);
  const { trackingNumber } = await openManually(
    store.services,
    { channelId: 'complaint-box', text: '\0' },
    options,
  );
  expect((await getCase(store.services, trackingNumber, ADMIN))?.reporter).toBeNull();
});

test('a number that cannot be read is kept as it was typed', async () => {
  const { trackingNumber } = await open({ reporter: { phone: 'nomor tetangga' } });
  expect((await getCase(store.services, trackingNumber, ADMIN))?.reporter?.phone).toBe('nomor tetangga');
});

test('knows a caller by the number that he texts from; another name on it is another person', async () => {
  await ingestBatch(store.services, await store.arrive(sms(ANI, 'Lampu mati')));
  const first = await open();
  const other = await open({ reporter: { name: 'Budi', phone: '081200000001' } });
  const again = await open({
    reporter: { name: ' ani ', phone: '081200000001', email: 'Ani@Contoh.example' },
  });
  const name = async (number: string) => (await getCase(store.services, number, ADMIN))?.reporter?.name;
  expect(await name(first.trackingNumber)).toBe('ani');
  expect(await name(other.trackingNumber)).toBe('Budi');
  expect((await getCase(store.services, again.trackingNumber, ADMIN))?.reporter).toMatchObject({
    email: 'Ani@Contoh.example',
    address: 'Jalan A 1',
  });
  expect(await store.rows('SELECT 1 FROM reporter')).toHaveLength(2);
  expect(await store.rows('SELECT 1 FROM contact')).toHaveLength(2);
  await ingestBatch(store.services, await store.arrive(sms(ANI, `CEK ${first.trackingNumber}`, 500)));
  expect(
    (await store.rows<{ text: string }>(`SELECT text FROM outbox WHERE purpose = 'command'`))[0]?.text,
  ).toContain('Ditangani');
});

test('a list is newest first, in pages, by filter, number and words', async () => {
  const numbers: string[] = [];
  for (let i = 0; i < 7; i++)
    numbers.push((await open({ text: i === 3 ? 'Sampah di pasar' : `Jalan rusak ${i}` })).trackingNumber);
  const newest = numbers.toReversed();
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await listCases(store.services, { limit: 3, ...(cursor === null ? {} : { cursor }) }, ADMIN);
    seen.push(...page.items.map((item) => item.trackingNumber));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen).toEqual(newest);
  const found = async (filter: Parameters<typeof listCases>[1]) =>
    (await listCases(store.services, filter, ADMIN)).items.map((item) => item.trackingNumber);
  expect(await found({ q: 'sampah pasar' })).toEqual([numbers[3]]);
  expect(await found({ q: numbers[5] ?? '' })).toEqual([numbers[5]]);
  expect(await found({ status: 'closed' })).toEqual([]);
  expect(await found({ channel: 'call-center', status: 'received' })).toHaveLength(7);
  expect(await found({ q: `'); DROP TABLE cases; --` })).toEqual([]);
  await expect(found({ cursor: 'abc' })).rejects.toBeInstanceOf(BadCursor);
});
