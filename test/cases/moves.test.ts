import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ingestBatch } from '../../src/cases/ingest.js';
import { move, MoveRefused, type MoveFields } from '../../src/cases/moves.js';
import type { Viewer } from '../../src/cases/policy.js';
import { CASE_ACTIONS, CASE_STATUSES, type CaseAction, type CaseStatus } from '../../src/core/case-life.js';
import { verifyChain, type ChainedEvent } from '../../src/core/case-event.js';
import { ANI, openCaseStore, sms, START, type CaseStore } from './support.js';

const ADMIN: Viewer = { actorId: 'user:1', role: 'super_admin', opd: null };
const LIAISON: Viewer = { actorId: 'user:2', role: 'liaison', opd: 'dinas-pupr' };
const OTHER: Viewer = { actorId: 'user:3', role: 'liaison', opd: 'bpbd' };
const ALL_FIELDS: MoveFields = { note: 'Catatan', opd: 'dinas-pupr', reply: 'Lampu sudah diganti.' };

let store: CaseStore;
let number = '';
beforeAll(async () => {
  store = await openCaseStore();
});
afterAll(() => store.drop());
beforeEach(async () => {
  await store.rows('TRUNCATE inbox, message, outbox, note, contact, reporter, cases, case_event CASCADE');
  store.now = START;
  await ingestBatch(store.services, await store.arrive(sms(ANI, 'Lampu mati')));
  number =
    (await store.rows<{ tracking_number: string }>('SELECT tracking_number FROM cases'))[0]
      ?.tracking_number ?? '';
  await store.rows('DELETE FROM outbox');
  store.jobs.length = 0;
});

const act = (action: string, fields: MoveFields = {}, actor = ADMIN, options = {}) =>
  move(store.services, number, action, fields, actor, options);
const refusal = async (work: Promise<unknown>) => {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof MoveRefused)) throw new Error('not refused');
  return error.code;
};
const setStatus = (status: CaseStatus) => store.rows('UPDATE cases SET status = $1', [status]);

test('the whole life, told to the reporter where he is to be told, in one unbroken chain', async () => {
  await act('verify');
  await act('dispose', { opd: 'dinas-pupr' });
  await act('accept', {}, LIAISON);
  await act('respond', { reply: 'Lampu sudah diganti.' }, LIAISON);
  await act('close', {}, LIAISON);
  const view = await act('archive', {}, LIAISON);
  expect(view.status).toBe('archived');
  expect(view.opd).toBe('dinas-pupr');
  expect(view.events.map((event) => event.data.to ?? event.kind)).toEqual([
    'received',
    'verified',
    'dispositioned',
    'in_progress',
    'responded',
    'closed',
    'archived',
  ]);
  const out = await store.rows<{ id: string; text: string }>(
    'SELECT id, purpose, automated, text, state FROM outbox ORDER BY id',
  );
  expect(out).toMatchObject([
    { purpose: 'disposed', automated: true, state: 'pending' },
    { purpose: 'answered', automated: false, state: 'pending' },
    { purpose: 'closed', automated: true, state: 'pending' },
  ]);
  expect(out[0]?.text).toContain('Dinas PUPR');
  expect(out[1]?.text).toContain('Lampu sudah diganti.');
  expect(out[2]?.text).toContain('03-12-2026');
  expect(store.jobs).toEqual(out.map(({ id }) => ({ queue: 'reply.sms-1708', ids: [id] })));
  const [one] = await store.rows<{ id: string; last_answer_at: Date }>(
    'SELECT id, last_answer_at FROM cases',
  );
  expect(one?.last_answer_at).toEqual(START);
  const timeline = await store.rows<ChainedEvent>('SELECT * FROM case_event ORDER BY seq');
  expect(verifyChain(one?.id ?? '', timeline)).toEqual({ ok: true });
  expect(JSON.stringify(timeline)).not.toContain('diganti');
});

/** The table of the contract, written down once more: what it does not have is refused. */
const TABLE: Readonly<Record<CaseAction, readonly CaseStatus[]>> = {
  verify: ['received', 'awaiting_info', 'reopened'],
  reject: ['received', 'awaiting_info', 'verified', 'reopened'],
  'request-info': ['received', 'verified', 'dispositioned', 'in_progress', 'reopened'],
  dispose: ['verified', 'returned', 'reopened'],
  return: ['dispositioned', 'in_progress'],
  accept: ['dispositioned', 'reopened'],
  respond: ['in_progress', 'responded'],
  reopen: ['responded', 'closed', 'rejected'],
  close: ['responded'],
  archive: ['closed', 'rejected'],
};

test.each(CASE_ACTIONS)(
  '%s: allowed from its statuses only, and a refusal changes nothing',
  async (action) => {
    for (const status of CASE_STATUSES) {
      await store.rows(`UPDATE cases SET status = $1, opd_id = 'dinas-pupr'`, [status]);
      const before = await store.rows('SELECT version, event_seq, status FROM cases');
      if (TABLE[action].includes(status)) {
        await act(action, ALL_FIELDS);
      } else {
        expect(await refusal(act(action, ALL_FIELDS))).toBe('not_allowed_from');
        expect(await store.rows('SELECT version, event_seq, status FROM cases')).toEqual(before);
      }
    }
  },
);

describe('refusals', () => {
  test.each([
    ['reject', 'received', 'note'],
    ['request-info', 'received', 'note'],
    ['dispose', 'verified', 'opd'],
    ['return', 'dispositioned', 'note'],
    ['respond', 'in_progress', 'reply'],
    ['reopen', 'closed', 'note'],
  ] as const)('%s without its field', async (action, status, field) => {
    await setStatus(status);
    await expect(act(action, { [field]: '  ' })).rejects.toMatchObject({ code: 'missing_field', field });
  });

  test('an unknown action, number or OPD, a stale version, a reopened case without an OPD', async () => {
    expect(await refusal(act('explode'))).toBe('unknown_action');
    expect(await refusal(move(store.services, '1234567890', 'verify', {}, ADMIN))).toBe('not_found');
    expect(await refusal(act('verify', {}, ADMIN, { ifVersion: 7 }))).toBe('version');
    await act('verify', {}, ADMIN, { ifVersion: 1 });
    expect(await refusal(act('dispose', { opd: 'nirwana' }))).toBe('unknown_opd');
    await setStatus('reopened');
    expect(await refusal(act('accept'))).toBe('no_opd');
  });

  test("a liaison: not another department's case, not the super admin's moves", async () => {
    await store.rows(`UPDATE cases SET opd_id = 'dinas-pupr', status = 'dispositioned'`);
    expect(await refusal(act('accept', {}, OTHER))).toBe('not_found');
    await setStatus('received');
    expect(await refusal(act('verify', {}, LIAISON))).toBe('role');
    expect(await refusal(act('verify', {}, { actorId: 'user:9', role: 'viewer', opd: null }))).toBe(
      'not_found',
    );
  });

  test('the same move twice at once: one is made, one refused', async () => {
    const results = await Promise.allSettled([act('verify'), act('verify'), act('verify')]);
    expect(results.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    expect(await store.rows('SELECT version FROM cases')).toEqual([{ version: 2 }]);
  });
});

test('request-info tells why, and the answer takes the case back', async () => {
  await act('verify');
  const view = await act('request-info', { note: 'Di jalan apa?' });
  expect(view.notes).toMatchObject([{ text: 'Di jalan apa?', author: 'user:1' }]);
  expect(view.messages.at(-1)?.text).toContain('Di jalan apa?');
  await ingestBatch(store.services, await store.arrive(sms(ANI, 'Jalan Pattimura', 90)));
  expect(await store.rows('SELECT status FROM cases')).toEqual([{ status: 'verified' }]);
});

test('who said STOP is not told by the machine; a reopened case gets a new deadline', async () => {
  await store.rows('UPDATE contact SET opted_out_at = now()');
  await act('verify');
  await act('dispose', { opd: 'dinas-pupr' });
  expect(await store.rows('SELECT 1 FROM outbox')).toEqual([]);
  await setStatus('closed');
  store.now = new Date('2026-12-14T01:00:00Z');
  const view = await act('reopen', { note: 'Belum selesai' });
  expect(view.dueAt.startsWith('2026-12-2')).toBe(true);
  expect(view.dueAt.endsWith('+09:00')).toBe(true);
});

test('the reporter objects with the number of his case: in time it is open again, later not', async () => {
  await act('reject', { note: 'Bukan kewenangan kota' });
  await store.rows('DELETE FROM outbox');
  const days = (count: number) => count * 24 * 60;
  await ingestBatch(store.services, await store.arrive(sms(ANI, 'Terima kasih', days(1))));
  const objection = sms(ANI, `${number} lampu itu milik kota`, days(9));
  await ingestBatch(store.services, await store.arrive(objection));
  const [one] = await store.rows<{ id: string; status: string; due_at: Date }>(
    'SELECT id, status, due_at FROM cases WHERE tracking_number = $1',
    [number],
  );
  expect(one?.status).toBe('reopened');
  expect(one?.due_at.toISOString().slice(0, 10)).toBe('2026-12-09');
  expect(await store.rows(`SELECT text FROM outbox WHERE purpose = 'reopened'`)).toHaveLength(1);
  await act('reject', { note: 'Tetap bukan' });
  await ingestBatch(store.services, await store.arrive(sms(ANI, `${number} sekali lagi`, days(11))));
  expect(await store.rows('SELECT status, flags FROM cases WHERE id = $1', [one?.id])).toEqual([
    { status: 'rejected', flags: ['new_message'] },
  ]);
  const timeline = await store.rows<ChainedEvent>(
    'SELECT * FROM case_event WHERE case_id = $1 ORDER BY seq',
    [one?.id],
  );
  expect(verifyChain(one?.id ?? '', timeline)).toEqual({ ok: true });
});
