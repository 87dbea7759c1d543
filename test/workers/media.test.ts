import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createQueueSystem } from '../../src/queue/create-queue-system.js';
import type { IdsJob, QueueSystem } from '../../src/queue/queue-system.js';
import { startMediaWorker } from '../../workers/media.js';
import { startSweep } from '../../workers/sweep.js';
import { sweepMedia } from '../../workers/sweep-media.js';
import { file, openMediaBench, status, type MediaBench } from '../cases/media-support.js';
import { START } from '../cases/support.js';
import { until } from '../queue/support.js';

let bench: MediaBench;
let queue: QueueSystem;
beforeAll(async () => {
  bench = await openMediaBench();
  queue = createQueueSystem({ databaseUrl: bench.store.db.url, logger: bench.store.services.logger });
});
afterAll(async () => {
  await queue.close();
  await bench.close();
});

const states = async () =>
  (
    await bench.store.rows<{ state: string }>(
      `SELECT a->>'state' AS state FROM message, jsonb_array_elements(attachments) AS a ORDER BY id`,
    )
  ).map(({ state }) => state);

test('what the queue lost is found when it is overdue, in jobs of few, and not while the queue is busy', async () => {
  bench.files.set('/a', () => file('satu'));
  const ids: string[] = [];
  for (let i = 0; i < 25; i++) ids.push(await bench.receive('/a'));
  const jobs: IdsJob[] = [];
  const kept = {
    depth: () => Promise.resolve(0),
    enqueue: (_: string, given: readonly IdsJob[]) => {
      jobs.push(...given);
      return Promise.resolve(true);
    },
  };
  bench.store.now = new Date(START.getTime() + 1_000);
  expect(await sweepMedia(bench.services, kept)).toBe(0);
  bench.store.now = new Date(START.getTime() + 3_000);
  expect(await sweepMedia(bench.services, { ...kept, depth: () => Promise.resolve(10) })).toBe(0);
  expect(await sweepMedia(bench.services, kept)).toBe(25);
  expect(jobs.map((job) => job.ids.length)).toEqual([20, 5]);
  expect(jobs.flatMap((job) => job.ids).sort()).toEqual([...ids].sort());
});

test('worker and sweep together bring everything home, also what fails at first', async () => {
  await bench.store.rows('TRUNCATE message');
  let attempts = 0;
  bench.files
    .set('/a', () => file('satu'))
    .set('/shaky', () => ((attempts += 1) < 3 ? status(500) : file('dua')));
  // The clock runs, and quicker than time: pauses of minutes are over at once.
  const begun = Date.now();
  const clock = { now: () => new Date(START.getTime() + (Date.now() - begun) * 20) };
  const services = { ...bench.services, clock };
  await bench.receive('/a');
  await bench.receive('/shaky', '/gone');
  const worker = startMediaWorker(queue, services);
  const sweep = startSweep(() => sweepMedia(services, queue), {
    name: 'media',
    everyMs: 50,
    logger: services.logger,
  });
  try {
    await until(async () => !(await states()).includes('wanted'), 15_000);
  } finally {
    await sweep.stop();
    await worker.close(1_000);
  }
  expect((await states()).sort()).toEqual(['failed', 'stored', 'stored']);
  expect(attempts).toBe(3);
  expect(bench.asked('/gone')).toBe(1);
});
