/** The whole way of a reply through a real queue: outbox, queue, worker, provider; and what the sweeper finds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import type { ChannelAdapter, OutboundMessage, SendResult } from '../../src/core/channel.js';
import { ChannelError } from '../../src/core/channel-error.js';
import { createQueueSystem } from '../../src/queue/create-queue-system.js';
import type { QueueSystem } from '../../src/queue/queue-system.js';
import { enqueueReplies, idsPerReplyJob, replyJobs, replyWorkerOptions } from '../../src/replies/enqueue.js';
import type { ReplyChannel } from '../../src/replies/reply-channel.js';
import type { ReplyService } from '../../src/replies/send-replies.js';
import { startReplyWorkers } from '../../workers/reply.js';
import { createOutboxSweep } from '../../workers/sweep-outbox.js';
import { startSweep } from '../../workers/sweep.js';
import { collectingLogger, until } from '../queue/support.js';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.js';
import { CHANNEL, openReplyStand, playProvider, putReplies, smsAdapter, someone } from './stand.js';

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

async function run(
  redisUrl: string | undefined,
  channel: ReplyChannel = { id: CHANNEL },
  changed: Partial<ChannelAdapter> = {},
) {
  const provider = await playProvider();
  endings.push(() => provider.close());
  const stand = await openReplyStand({ [CHANNEL]: { ...smsAdapter(provider.url, CHANNEL), ...changed } });
  endings.push(() => stand.drop());
  const logger = collectingLogger();
  const queue = createQueueSystem({
    databaseUrl: stand.url,
    logger,
    ...(redisUrl === undefined ? {} : { redisUrl }),
  });
  endings.push(() => queue.close());
  let jobs = 0;
  const counting: ReplyService = {
    ...stand.service,
    sendReplies: (...given) => {
      jobs += 1;
      return stand.service.sendReplies(...given);
    },
  };
  const workers = startReplyWorkers(queue, counting, [channel]);
  endings.push(() => workers.close(2_000));
  const stop = new AbortController();
  const sweep = createOutboxSweep({
    ...stand,
    queue,
    channels: [channel],
    signal: stop.signal,
  });
  const sweeping = startSweep(() => sweep.round(), { name: 'outbox', everyMs: 200, logger });
  endings.push(async () => {
    stop.abort();
    await sweeping.stop();
  });
  const states = async () => {
    const { rows } = await stand.database.pool.query<{ state: string; n: number }>(
      'SELECT state, count(*)::int AS n FROM outbox GROUP BY state',
    );
    return Object.fromEntries(rows.map((row) => [row.state, row.n]));
  };
  return {
    provider,
    stand,
    queue,
    workers,
    jobs: () => jobs,
    states,
    channels: new Map([[channel.id, { ...channel, sends: true }]]),
  };
}

const enqueue = async (
  queue: QueueSystem,
  channels: ReadonlyMap<string, ReplyChannel & { readonly sends: boolean }>,
  ids: readonly string[],
) =>
  enqueueReplies(
    queue,
    channels,
    ids.map((id) => ({ id, channelId: CHANNEL })),
  );

function common(redisUrl: () => string | undefined) {
  test('replies reach the provider, each once', async () => {
    const { provider, stand, queue, states, channels } = await run(redisUrl());
    const people = Array.from({ length: 150 }, someone);
    const ids = await putReplies(
      stand.database,
      people.map((to) => ({ to })),
    );
    expect(await enqueue(queue, channels, ids)).toBe(true);
    await until(async () => (await states())['sent'] === 150, 20_000);
    expect(people.every((to) => provider.took(to) === 1)).toBe(true);
  });

  test('a provider that is away: the queue waits, then everything goes out, once', async () => {
    const { provider, stand, queue, states, channels } = await run(redisUrl());
    const people = Array.from({ length: 40 }, someone);
    const ids = await putReplies(
      stand.database,
      people.map((to) => ({ to })),
    );
    provider.simulator.setFault('http-429', 1);
    await enqueue(queue, channels, ids);
    await until(() => stand.service.breakers()[0]?.state === 'open');
    await until(async () => (await states())['sent'] === 40, 25_000);
    expect(people.every((to) => provider.took(to) === 1)).toBe(true);
  });

  test('an attempt longer than the lock of its job stays with its worker', async () => {
    const send = async () => {
      // A lock of 10 s, looked after every 3 s.
      await sleep(14_000);
      return { externalId: 'slow' };
    };
    const { stand, queue, states, jobs, channels } = await run(redisUrl(), undefined, {
      sendLimitMs: 60_000,
      send,
    });
    await enqueue(queue, channels, await putReplies(stand.database, [{ to: someone() }]));
    await until(async () => (await states())['sent'] === 1, 25_000);
    expect(jobs()).toBe(1);
  });

  test('a worker that must close ends a long attempt, and what it knows of it is written down', async () => {
    let begun = false;
    const send = async (_message: OutboundMessage, signal: AbortSignal): Promise<SendResult> => {
      begun = true;
      await sleep(240_000, undefined, { signal }).catch(() => undefined);
      throw new ChannelError('connection', 'given up', { retry: 'backoff', providerCode: 'aborted' });
    };
    const { stand, queue, states, workers, channels } = await run(redisUrl(), undefined, {
      sendLimitMs: 240_000,
      send,
    });
    const [id = ''] = await putReplies(stand.database, [{ to: someone() }]);
    await enqueue(queue, channels, [id]);
    await until(() => begun);
    const since = performance.now();
    await workers.close(300);
    expect(performance.now() - since).toBeLessThan(1_500);
    await until(async () => (await states())['pending'] === 1);
    expect(await stand.row(id)).toMatchObject({ attempt: 1, error: 'connection:aborted' });
  });
}

describeWithRedis('replies through Redis', () => {
  let redis: TestRedis;
  let client: Redis;
  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
  });
  afterAll(async () => {
    client.disconnect();
    await redis.remove();
  });
  beforeEach(() => client.flushall());
  common(() => redis.url);

  test('fault 3: FLUSHALL again and again: the sweeper rebuilds, nothing is sent twice', async () => {
    const { provider, stand, queue, states, channels } = await run(redis.url);
    const people = Array.from({ length: 300 }, someone);
    const ids = await putReplies(
      stand.database,
      people.map((to) => ({ to })),
    );
    await enqueue(queue, channels, ids);
    for (let n = 0; n < 4; n += 1) {
      await client.flushall();
      await sleep(50);
    }
    await until(async () => (await states())['sent'] === 300, 25_000);
    expect(people.every((to) => provider.took(to) === 1)).toBe(true);
  });

  test('never told to the queue: the sweeper finds them', async () => {
    const { provider, stand, states } = await run(redis.url);
    const people = Array.from({ length: 20 }, someone);
    await putReplies(
      stand.database,
      people.map((to) => ({ to })),
    );
    await until(async () => (await states())['sent'] === 20, 15_000);
    expect(people.every((to) => provider.took(to) === 1)).toBe(true);
  });

  test('the rate of a channel holds, also for whoever put all into one job', async () => {
    const { stand, queue, states } = await run(redis.url, { id: CHANNEL, repliesPerSecond: 20 });
    const ids = await putReplies(
      stand.database,
      Array.from({ length: 50 }, () => ({ to: someone() })),
    );
    const begun = performance.now();
    await queue.enqueue(`reply.${CHANNEL}`, [{ ids }]);
    await until(async () => (await states())['sent'] === 50, 15_000);
    const seconds = (performance.now() - begun) / 1_000;
    const { rows } = await stand.database.pool.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM outbox o JOIN outbox p ON p.attempt_at >= o.attempt_at AND p.attempt_at < o.attempt_at + interval '900 ms' GROUP BY o.id ORDER BY n DESC LIMIT 1",
    );
    expect(seconds).toBeGreaterThan(1.9);
    // Two windows may touch; three may not.
    expect(rows[0]?.n).toBeLessThanOrEqual(40);
  });
});

describe('replies through PostgreSQL', () => {
  common(() => undefined);
});

describe('jobs for a rate', () => {
  test.each([
    [undefined, 100, undefined],
    [0.2, 1, { max: 1, durationMs: 5_000 }],
    [1, 1, { max: 1, durationMs: 1_000 }],
    [25, 2, { max: 12, durationMs: 1_000 }],
    [5_000, 100, { max: 50, durationMs: 1_000 }],
  ])('%s messages a second: %s ids a job', (repliesPerSecond, size, limiter) => {
    expect(idsPerReplyJob({ repliesPerSecond })).toBe(size);
    expect(replyWorkerOptions({ repliesPerSecond }).limiter).toEqual(limiter);
    const ids = Array.from({ length: 201 }, (_, n) => String(n));
    expect(replyJobs({ repliesPerSecond }, ids).flatMap((job) => job.ids)).toEqual(ids);
  });
});
