/** One suite, run over both backends: what the rest of Tabea relies on holds on either. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createQueueSystem, type QueueSystemOptions } from '../../src/queue/create-queue-system.js';
import type { QueueSystem, RunningWorker } from '../../src/queue/queue-system.js';
import { createTestDatabase, startOwnPostgres, type TestDatabase } from '../support/postgres.js';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.js';
import { collectingLogger, until } from './support.js';

const ids = (...values: string[]) => ({ ids: values });
const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none';

/** Ends what a test started, whatever became of it. */
const started: { workers: RunningWorker[]; systems: QueueSystem[] } = { workers: [], systems: [] };
afterEach(async () => {
  await Promise.all(started.workers.splice(0).map((worker) => worker.close(200)));
  await Promise.all(started.systems.splice(0).map((system) => system.close()));
});

function systemWith(options: Omit<QueueSystemOptions, 'logger'>, logger = collectingLogger()): QueueSystem {
  const system = createQueueSystem({ ...options, logger });
  started.systems.push(system);
  return system;
}

function consume(
  system: QueueSystem,
  handler: (ids: readonly string[], signal: AbortSignal) => Promise<void> | void,
  options: Parameters<QueueSystem['startWorker']>[2] = { concurrency: 4 },
): RunningWorker {
  const worker = system.startWorker('ingest', async (job, signal) => handler(job.ids, signal), options);
  started.workers.push(worker);
  return worker;
}

function conformance(options: () => Omit<QueueSystemOptions, 'logger'>) {
  test('takes jobs at once after it was made, and hands over their ids', async () => {
    const system = systemWith(options());
    const seen: string[] = [];
    expect(await system.enqueue('ingest', [ids('a', 'b'), ids('c')])).toBe(true);
    consume(system, (got) => void seen.push(...got));
    await until(() => seen.length === 3);
    expect(seen.sort()).toEqual(['a', 'b', 'c']);
    await until(async () => (await system.depth('ingest')) === 0);
    expect(await system.health()).toMatchObject({ state: 'ok' });
  });

  test('takes up at once what comes to an idle worker', async () => {
    const system = systemWith(options());
    const seen: string[] = [];
    consume(system, (got) => void seen.push(...got));
    await system.enqueue('ingest', [ids('warm')]);
    await until(() => seen.length === 1);
    await sleep(300);
    const before = performance.now();
    await system.enqueue('ingest', [ids('a')]);
    await until(() => seen.length === 2, 5_000, 5);
    expect(performance.now() - before).toBeLessThan(500);
  });

  test('tries again after a throw, and logs each as WARN', async () => {
    const logger = collectingLogger();
    const system = systemWith(options(), logger);
    let attempts = 0;
    consume(system, () => {
      attempts += 1;
      if (attempts < 3) throw new RangeError('words of a citizen');
    });
    await system.enqueue('ingest', [ids('a')]);
    await until(() => attempts === 3);
    await until(async () => (await system.depth('ingest')) === 0);
    expect(logger.lines.filter((line) => line.level === 'warn')).toHaveLength(2);
    expect(logger.lines.filter((line) => line.level === 'error')).toHaveLength(0);
  });

  test('keeps the rate limit of a queue over two workers', async () => {
    const system = systemWith(options());
    const times: number[] = [];
    const limited = { concurrency: 8, limiter: { max: 2, durationMs: 400 } };
    consume(system, () => void times.push(performance.now()), limited);
    consume(system, () => void times.push(performance.now()), limited);
    await system.enqueue(
      'ingest',
      Array.from({ length: 7 }, (_, n) => ids(String(n))),
    );
    await until(() => times.length === 7, 10_000);
    // Seven jobs by two need four windows, so at least three of them pass in between.
    expect((times[6] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_050);
  });

  test('paused takes no further job, resumed goes on', async () => {
    const system = systemWith(options());
    const seen: string[] = [];
    const worker = consume(system, (got) => void seen.push(...got));
    await system.enqueue('ingest', [ids('a')]);
    await until(() => seen.length === 1);
    await worker.pause();
    await system.enqueue('ingest', [ids('b')]);
    await sleep(600);
    expect(seen).toEqual(['a']);
    expect(worker.healthy()).toBe(true);
    expect(await system.depth('ingest')).toBe(1);
    worker.resume();
    await until(() => seen.includes('b'));
  });

  test('closes in time although a handler hangs, tells it to stop, and another worker takes the job up', async () => {
    const system = systemWith(options());
    let aborted = false;
    const seen: string[] = [];
    const hanging = consume(system, async (_, signal) => {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve();
        });
      });
      throw new Error('cut off');
    });
    await system.enqueue('ingest', [ids('a')]);
    await until(async () => (await system.depth('ingest')) === 1);
    await sleep(200);
    const before = performance.now();
    await hanging.close(300);
    expect(performance.now() - before).toBeLessThan(1_500);
    expect(aborted).toBe(true);
    consume(system, (got) => void seen.push(...got));
    await until(() => seen.length === 1, 20_000);
  });

  test('keeps an idle worker healthy by heartbeats, and their jobs are gone afterwards', async () => {
    const system = systemWith({ ...options(), idleMs: 100, overdueMs: 600 });
    const logger = collectingLogger();
    const worker = consume(system, () => undefined);
    for (let n = 0; n < 15; n += 1) {
      await sleep(100);
      expect(worker.healthy()).toBe(true);
    }
    expect(logger.lines).toHaveLength(0);
    await until(async () => (await system.depth('ingest')) === 0);
  });
}

describeWithRedis('the queue on Redis', () => {
  let redis: TestRedis;
  let run = 0;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  const options = () => ({
    redisUrl: redis.url,
    databaseUrl: NO_DATABASE,
    namespace: `test${(run += 1)}`,
  });
  conformance(options);

  test('FLUSHALL loses jobs, not the worker', async () => {
    const system = systemWith(options());
    const seen: string[] = [];
    consume(system, (got) => void seen.push(...got));
    await system.enqueue('ingest', [ids('a')]);
    await until(() => seen.length === 1);
    await flushAll(redis);
    await system.enqueue('ingest', [ids('b')]);
    await until(() => seen.length === 2, 5_000);
    expect(seen).toEqual(['a', 'b']);
  });

  test('a broker that hangs is noticed: not healthy, and healthy again when it answers', async () => {
    const own = await startRedis();
    const logger = collectingLogger();
    const system = systemWith(
      { redisUrl: own.url, databaseUrl: NO_DATABASE, idleMs: 100, overdueMs: 500, silenceMs: 1_000 },
      logger,
    );
    const worker = consume(system, () => undefined);
    await sleep(400);
    expect(worker.healthy()).toBe(true);
    own.sigstop();
    await until(() => !worker.healthy(), 5_000);
    own.sigcont();
    await until(() => worker.healthy(), 10_000);
    await own.remove();
  });
});

describeWithRedis('the queue when Redis fails', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  test('fault 1: killed and started again, it has every job and resumes within two seconds', async () => {
    const own = await startRedis(['--appendfsync', 'always']);
    const system = systemWith({ redisUrl: own.url, databaseUrl: NO_DATABASE });
    const done = new Map<string, number>();
    let slow = true;
    consume(system, async (got) => {
      if (slow) await sleep(700);
      for (const id of got) done.set(id, (done.get(id) ?? 0) + 1);
    });
    await system.enqueue(
      'ingest',
      Array.from({ length: 40 }, (_, n) => ids(`job ${n}`)),
    );
    await sleep(300);
    await own.kill9();
    expect(await quickly(() => system.enqueue('ingest', [ids('lost')]))).toBe(false);
    expect(await system.health()).toMatchObject({ state: 'down' });
    await sleep(500);
    const before = done.size;
    slow = false;
    await own.restart();
    const up = performance.now();
    await until(() => done.size > before + 4, 10_000, 5);
    expect(performance.now() - up).toBeLessThan(2_000);
    await until(() => done.size === 40, 20_000);
    await until(() => system.enqueue('ingest', [ids('after')]), 2_000);
    // What was under way when Redis died ended once, and not as a failure.
    expect([...done.values()].every((times) => times === 1)).toBe(true);
    await own.remove();
  });

  test('fault 2: down at the start, nothing throws, nobody waits, and no ERROR is logged', async () => {
    const own = await startRedis();
    await own.kill9();
    const logger = collectingLogger();
    const system = systemWith({ redisUrl: own.url, databaseUrl: NO_DATABASE }, logger);
    const seen: string[] = [];
    consume(system, (got) => void seen.push(...got));
    for (let n = 0; n < 20; n += 1)
      expect(await quickly(() => system.enqueue('ingest', [ids('x')]))).toBe(false);
    await sleep(2_500);
    expect(logger.lines.filter((line) => line.level === 'error')).toHaveLength(0);
    expect(logger.lines.length).toBeLessThan(6);
    await own.restart();
    await until(() => system.enqueue('ingest', [ids('y')]), 5_000);
    await until(() => seen.includes('y'), 5_000);
    await own.remove();
  });

  test('fault 2: down at the start and at the end, it closes in time', async () => {
    const system = createQueueSystem({
      redisUrl: 'redis://127.0.0.1:1',
      databaseUrl: NO_DATABASE,
      logger: collectingLogger(),
    });
    const worker = system.startWorker('ingest', async () => undefined, { concurrency: 1 });
    await sleep(200);
    const before = performance.now();
    await worker.close(500);
    await system.close();
    expect(performance.now() - before).toBeLessThan(4_000);
  });

  test('fault 4: at maxmemory a job is refused, quickly and without a word at ERROR', async () => {
    const own = await startRedis(['--maxmemory', '3mb']);
    const logger = collectingLogger();
    const system = systemWith({ redisUrl: own.url, databaseUrl: NO_DATABASE }, logger);
    const big = Array.from({ length: 100 }, () =>
      ids(...Array.from({ length: 100 }, (_, n) => `filler-${n}`.padEnd(36, '0'))),
    );
    let refused = false;
    for (let n = 0; n < 50 && !refused; n += 1) {
      refused = !(await system.enqueue('media', big));
    }
    expect(refused).toBe(true);
    expect(await quickly(() => system.enqueue('media', big))).toBe(false);
    const seen: string[] = [];
    const cpu = process.cpuUsage();
    consume(system, (got) => void seen.push(...got));
    await sleep(2_000);
    const { user, system: kernel } = process.cpuUsage(cpu);
    expect((user + kernel) / 1_000).toBeLessThan(1_000);
    expect(logger.lines.filter((line) => line.level === 'error')).toHaveLength(0);
    expect(logger.lines.filter((line) => line.level === 'warn').length).toBeGreaterThan(0);
    await flushAll(own);
    await until(() => system.enqueue('ingest', [ids('again')]), 5_000);
    await until(() => seen.includes('again'), 10_000);
    await own.remove();
  });

  test('fault 5: silent, it costs a caller a second at most, once; it recovers by itself', async () => {
    const own = await startRedis();
    const system = systemWith({ redisUrl: own.url, databaseUrl: NO_DATABASE, silenceMs: 1_500 });
    const seen: string[] = [];
    consume(system, (got) => void seen.push(...got));
    await system.enqueue('ingest', [ids('a')]);
    await until(() => seen.length === 1);
    own.sigstop();
    const first = performance.now();
    expect(await system.enqueue('ingest', [ids('b')])).toBe(false);
    expect(performance.now() - first).toBeLessThan(1_300);
    expect(await quickly(() => system.enqueue('ingest', [ids('c')]))).toBe(false);
    await sleep(5_000);
    own.sigcont();
    await until(() => system.enqueue('ingest', [ids('d')]), 6_000);
    await until(() => seen.includes('d'), 10_000);
    await own.remove();
  });
});

describe('the queue on PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    // BullMQ's own connections stay beside the test's.
    database = await createTestDatabase();
  });
  afterEach(() => database.database.pool.query('truncate bullmq.job cascade'));
  afterAll(() => database.drop());

  conformance(() => ({ databaseUrl: database.url }));

  test('down at the start, and later restarted: it begins and resumes by itself', async () => {
    // Durable: otherwise the kill would take BullMQ's tables with it.
    const own = await startOwnPostgres({ fsync: true });
    await own.stop();
    const logger = collectingLogger();
    const system = systemWith({ databaseUrl: own.url }, logger);
    const seen: string[] = [];
    consume(system, (got) => void seen.push(...got));
    expect(await system.enqueue('ingest', [ids('x')])).toBe(false);
    await own.start();
    await until(() => system.enqueue('ingest', [ids('a')]), 10_000);
    await until(() => seen.includes('a'), 5_000);
    await own.kill9();
    expect(await system.enqueue('ingest', [ids('x')])).toBe(false);
    await own.start();
    await until(() => system.enqueue('ingest', [ids('b')]), 10_000);
    await until(() => seen.includes('b'), 5_000);
    expect(logger.lines.filter((line) => line.level === 'error')).toHaveLength(0);
    expect(logger.lines.length).toBeLessThan(25);
    await own.remove();
  });
});

async function quickly<T>(work: () => Promise<T>): Promise<T> {
  const before = performance.now();
  const result = await work();
  expect(performance.now() - before).toBeLessThan(400);
  return result;
}

async function flushAll(redis: TestRedis): Promise<void> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
}
