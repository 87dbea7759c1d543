import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { uuidv7 } from 'uuidv7';
import { ingestBatch } from '../../src/cases/ingest.js';
import type { DeliveryReport, DeliveryState } from '../../src/core/message.js';
import { applyDeliveryReports, applyHistory } from '../../src/replies/delivery.js';
import { insertOutbox } from '../../src/replies/outbox.js';
import { sweepReports } from '../../workers/sweep-reports.js';
import { openCaseStore, START, type CaseStore } from '../cases/support.js';

let store: CaseStore;
beforeAll(async () => {
  store = await openCaseStore();
});
afterAll(() => store.drop());

async function outboxRow(state: string, externalId: string | null): Promise<string> {
  const id = uuidv7();
  const draft = {
    id,
    caseId: null,
    channelId: 'sms-1708',
    contactKey: null,
    purpose: 'command',
    automated: true,
  } as const;
  await insertOutbox(store.services.database.pool, [
    { ...draft, subject: null, text: 'x', inReplyTo: null, at: START },
  ]);
  await store.rows('UPDATE outbox SET state = $2, external_id = $3 WHERE id = $1', [id, state, externalId]);
  return id;
}

const report = (
  externalId: string,
  state: DeliveryState,
  more: Partial<DeliveryReport> = {},
): DeliveryReport => ({
  type: 'delivery',
  channelId: 'sms-1708',
  externalId,
  state,
  at: START.toISOString(),
  ...more,
});
const stateOf = async (id: string) =>
  (
    await store.rows<{ state: string; error: string | null; external_id: string | null }>(
      'SELECT state, error, external_id FROM outbox WHERE id = $1',
      [id],
    )
  )[0];
const apply = (reports: readonly DeliveryReport[]) =>
  store.services.database.transaction((client) => applyDeliveryReports(client, reports));

/** Written down once more: the best that was ever known. */
const BEST: readonly DeliveryState[] = ['sent', 'failed', 'delivered', 'read'];

test('fault 28: in whatever order, how often and in what portions reports come, the end is the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...BEST), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (states, portion, before) => {
        const externalId = `SM${uuidv7()}`;
        const early = states.map((state) => report(externalId, state));
        let id = '';
        if (!before) id = await outboxRow('sent', externalId);
        for (let i = 0; i < early.length; i += portion) await apply(early.slice(i, i + portion));
        if (before) {
          id = await outboxRow('sent', externalId);
          await store.services.database.transaction((client) => applyHistory(client, [id]));
        }
        const best = BEST.filter((state) => states.includes(state)).at(-1);
        expect((await stateOf(id))?.state).toBe(best);
        expect(
          await store.rows('SELECT state FROM delivery_report WHERE external_id = $1', [externalId]),
        ).toHaveLength(new Set(states).size);
      },
    ),
    { numRuns: 80 },
  );
});

test('a report with our own id proves that the provider took a reply whose end we did not know', async () => {
  const id = await outboxRow('unknown', null);
  await apply([report('SM-own', 'delivered', { outboxId: id })]);
  expect(await stateOf(id)).toEqual({ state: 'delivered', error: null, external_id: 'SM-own' });
});

test('not on another channel, and no harm by an id that is none of ours', async () => {
  const id = await outboxRow('unknown', null);
  await apply([
    report('SM-x', 'delivered', { outboxId: id, channelId: 'email' }),
    report('SM-y', 'delivered', { outboxId: "'; DROP TABLE outbox" }),
  ]);
  expect((await stateOf(id))?.state).toBe('unknown');
});

test('a failure keeps the code of the provider', async () => {
  const id = await outboxRow('sent', 'SM-f');
  await apply([report('SM-f', 'failed', { code: '30003' })]);
  expect(await stateOf(id)).toMatchObject({ state: 'failed', error: '30003' });
});

test('through the inbox, in one batch with everything else', async () => {
  const id = await outboxRow('sent', 'SM-i');
  const ids = await store.arrive(report('SM-i', 'delivered'), report('SM-i', 'sent'));
  expect((await ingestBatch(store.services, ids)).outcomes).toEqual({ delivery: 2 });
  expect((await stateOf(id))?.state).toBe('delivered');
});

test('a report that a dying process left lying is found, and only where it says more than is known', async () => {
  const left = await outboxRow('sent', 'SMleft');
  const quiet = await outboxRow('sent', 'SMquiet');
  await store.rows(
    `INSERT INTO delivery_report (channel_id, external_id, state, code, at)
     VALUES ('sms-1708', 'SMleft', 'failed', '30003', $1), ('sms-1708', 'SMquiet', 'sent', NULL, $1)`,
    [START.toISOString()],
  );
  await sweepReports({ ...store.services, clock: { now: () => new Date() } });
  expect(await stateOf(left)).toMatchObject({ state: 'failed', error: '30003' });
  expect(await stateOf(quiet)).toMatchObject({ state: 'sent', error: null });
});
