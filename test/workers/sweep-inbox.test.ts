import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ingestBatch } from '../../src/cases/ingest.js';
import type { IdsJob } from '../../src/queue/queue-system.js';
import { startSweep } from '../../workers/sweep.js';
import { sweepInbox } from '../../workers/sweep-inbox.js';
import { ANI, openCaseStore, sms, START, type CaseStore } from '../cases/support.js';

let store: CaseStore;
beforeAll(async () => {
  store = await openCaseStore();
});
afterAll(() => store.drop());

test('messages that the queue lost are found again, and only those that are overdue and not done', async () => {
  const many = Array.from({ length: 600 }, (_, i) => sms(ANI, `pesan ${i}`));
  const ids = await store.arrive(...many);
  await ingestBatch(store.services, ids.slice(0, 100));
  const jobs: IdsJob[] = [];
  const queue = {
    depth: () => Promise.resolve(0),
    enqueue: (_: string, given: readonly IdsJob[]) => {
      jobs.push(...given);
      return Promise.resolve(true);
    },
  };
  store.now = new Date(START.getTime() + 1_000);
  expect(await sweepInbox(store.services, queue)).toBe(0);
  store.now = new Date(START.getTime() + 3_000);
  expect(await sweepInbox(store.services, { ...queue, depth: () => Promise.resolve(100) })).toBe(0);
  expect(await sweepInbox(store.services, queue)).toBe(500);
  expect(jobs.flatMap((job) => job.ids)).toEqual(ids.slice(100));
  for (const job of jobs) await ingestBatch(store.services, job.ids);
  expect(await sweepInbox(store.services, queue)).toBe(0);
  expect(await store.rows('SELECT count(*)::int AS n FROM message')).toEqual([{ n: 600 }]);
});

test('a sweep goes on after a failure, says so once, and stops', async () => {
  let rounds = 0;
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const sweep = startSweep(
    () => {
      rounds += 1;
      return rounds < 4 ? Promise.reject(new Error('away')) : Promise.resolve();
    },
    { name: 'inbox', everyMs: 5, logger: store.services.logger },
  );
  await pause(200);
  await sweep.stop();
  expect(rounds).toBeGreaterThan(5);
  const after = rounds;
  await pause(50);
  expect(rounds).toBe(after);
  expect(store.log.filter((line) => line.startsWith('A sweep failed'))).toHaveLength(1);
});
