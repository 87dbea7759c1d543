import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { openManually } from '../../src/cases/open-manually.js';
import { maySeeCase, maySeeReporter, visibleCases, type Viewer } from '../../src/cases/policy.js';
import { getCase, listCases } from '../../src/cases/queries.js';
import { CASE_STATUSES, CONFIDENTIALITIES, ROLES, type Confidentiality } from '../../src/core/case-life.js';
import { openCaseStore, type CaseStore } from './support.js';

const OPDS = [null, 'dinas-pupr', 'bpbd'] as const;
const ACTORS = ['user:a', 'user:b', 'machine'] as const;
const SECRETS = /Rahasia Nama|\+62812000|orang@|Jalan Rahasia/;

let store: CaseStore;
const made: { number: string; opdId: string | null; createdBy: string; confidentiality: Confidentiality }[] =
  [];

beforeAll(async () => {
  store = await openCaseStore();
  for (const confidentiality of CONFIDENTIALITIES) {
    for (const createdBy of ACTORS) {
      for (const opdId of OPDS) {
        const n = made.length;
        const { trackingNumber } = await openManually(
          store.services,
          {
            channelId: 'call-center',
            text: `Jalan rusak ${randomUUID()}`,
            confidentiality,
            reporter: {
              name: `Rahasia Nama ${n}`,
              phone: `08120000${String(n).padStart(4, '0')}`,
              email: `orang@contoh${n}.example`,
              address: 'Jalan Rahasia 1',
            },
          },
          {
            actorId: createdBy,
            putBlob: () => Promise.reject(new Error('none')),
            normalisePhone: (text) => `+62${text.slice(1)}`,
          },
        );
        const status = CASE_STATUSES[n % CASE_STATUSES.length];
        await store.rows('UPDATE cases SET opd_id = $2, status = $3 WHERE tracking_number = $1', [
          trackingNumber,
          opdId,
          status,
        ]);
        made.push({ number: trackingNumber, opdId, createdBy, confidentiality });
      }
    }
  }
});
afterAll(() => store.drop());

const viewers = fc.record<Viewer>({
  actorId: fc.constantFrom(...ACTORS, 'machine', 'user:c'),
  role: fc.constantFrom(...ROLES),
  opd: fc.constantFrom(...OPDS, 'dinas-sosial', ''),
});

test('whoever looks, however he asks, sees neither a case nor a name that is not for him', async () => {
  await fc.assert(
    fc.asyncProperty(
      viewers,
      fc.record(
        {
          q: fc.constantFrom('jalan', 'rusak', 'Rahasia', ...made.map((one) => one.number)),
          opd: fc.constantFrom('dinas-pupr', 'bpbd'),
          status: fc.constantFrom(...CASE_STATUSES),
          channel: fc.constantFrom('call-center', 'sms-1708'),
          limit: fc.integer({ min: 1, max: 100 }),
        },
        { requiredKeys: [] },
      ),
      async (viewer, filter) => {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await listCases(
            store.services,
            cursor === null ? filter : { ...filter, cursor },
            viewer,
          );
          for (const item of page.items) {
            const one = made.find((each) => each.number === item.trackingNumber);
            if (!one) throw new Error('a case of nobody');
            seen.push(one.number);
            expect(maySeeCase(viewer, one)).toBe(true);
            expect(SECRETS.test(JSON.stringify(item))).toBe(maySeeReporter(viewer, one));
          }
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(new Set(seen).size).toBe(seen.length);
      },
    ),
    { numRuns: 150 },
  );
});

test('of a single case too; an anonymous reporter is hidden from everybody, a secret one from the department', async () => {
  await fc.assert(
    fc.asyncProperty(viewers, fc.constantFrom(...made), async (viewer, one) => {
      const view = await getCase(store.services, one.number, viewer);
      expect(view !== null).toBe(maySeeCase(viewer, one));
      if (view === null) return;
      expect(SECRETS.test(JSON.stringify(view))).toBe(view.reporter !== null);
      if (one.confidentiality === 'anonymous') expect(view.reporter).toBeNull();
      if (one.confidentiality === 'secret' && viewer.role === 'liaison') expect(view.reporter).toBeNull();
      if (viewer.role === 'super_admin' && one.confidentiality !== 'anonymous')
        expect(view.reporter).not.toBeNull();
    }),
    { numRuns: 150 },
  );
});

test('the condition in SQL is the predicate', async () => {
  await fc.assert(
    fc.asyncProperty(viewers, async (viewer) => {
      const { sql, values } = visibleCases(viewer, 1);
      const rows = await store.rows<{ tracking_number: string }>(
        `SELECT c.tracking_number FROM cases c WHERE ${sql}`,
        values,
      );
      const expected = made.filter((one) => maySeeCase(viewer, one)).map((one) => one.number);
      expect(rows.map((row) => row.tracking_number).sort()).toEqual(expected.sort());
    }),
    { numRuns: 60 },
  );
});

test('a viewer sees no case, an operator only what he entered, a liaison without an OPD none', () => {
  const one = { opdId: 'bpbd', createdBy: 'user:a' };
  expect(maySeeCase({ actorId: 'user:a', role: 'viewer', opd: 'bpbd' }, one)).toBe(false);
  expect(maySeeCase({ actorId: 'user:b', role: 'operator', opd: 'bpbd' }, one)).toBe(false);
  expect(maySeeCase({ actorId: 'user:a', role: 'operator', opd: null }, one)).toBe(true);
  expect(maySeeCase({ actorId: 'user:a', role: 'liaison', opd: null }, { ...one, opdId: null })).toBe(false);
});
