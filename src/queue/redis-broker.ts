/**
 * BullMQ on Redis through ioredis. Producers fail fast, because the rows are safe in PostgreSQL and a
 * sweep finds them; workers wait for ever, so that no job under way is lost over a restart of Redis.
 */
import { Queue, Worker } from 'bullmq';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '../core/channel.js';
import { RECONNECT_LONGEST_MS, stopRenewing, type Broker, type BrokerTuning } from './broker.js';
import { createOutageLog } from './outage-log.js';
import type { IdsJob, QueueName } from './queue-system.js';
import { parseRedisUrl, type RedisTarget } from './redis-url.js';

export interface RedisBrokerOptions extends BrokerTuning {
  readonly url: string;
  /** Before every key; two installations may share one Redis. */
  readonly namespace: string;
  readonly logger: Logger;
}

type Client = Redis | Cluster;

export function createRedisBroker(options: RedisBrokerOptions): Broker {
  const target = parseRedisUrl(options.url);
  const { commandMs = 1_000, silenceMs = 30_000 } = options;
  const log = createOutageLog(options.logger, { backend: 'redis' });
  const onError = (error: unknown) => log.failed(error, 'Redis is away: the sweeper takes over');

  const producer = connect(target, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: commandMs,
  });
  // Without a socket time-out a master that is silent, but connected, is never noticed.
  const workers = connect(target, { maxRetriesPerRequest: null, socketTimeout: silenceMs });
  let state: 'starting' | 'up' | 'down' = 'starting';
  const settled = new Promise<void>((resolve) => {
    producer.once('ready', resolve);
    producer.once('error', resolve);
  });
  producer.on('ready', () => {
    state = 'up';
    log.recovered();
  });
  producer.on('close', () => (state = 'down'));
  producer.on('error', onError);
  producer.on('error', () => {
    if (producer.status !== 'ready') state = 'down';
  });
  workers.on('error', onError);
  forgetSilence(workers);
  const duplicates = collectDuplicates(workers);

  // A hash tag for each queue: in a cluster a queue lies on one node, and the queues on several.
  const prefix = (name: QueueName) => `{${options.namespace}.${name}}`;
  return {
    backend: 'redis',
    state: () => state,
    settled: () => settled,
    reachable: () => Promise.resolve(),
    openQueue: async (name) => {
      // The version was read by the workers; reading it here could fail and would spoil the queue for good.
      const queue = new Queue<IdsJob>(name, {
        connection: producer,
        prefix: prefix(name),
        skipVersionCheck: true,
        streams: { events: { maxLen: 100 } },
      });
      queue.on('error', onError);
      await queue.waitUntilReady();
      return queue;
    },
    openWorker: (name, processor, common, heard) => {
      const { made: worker, copies } = duplicates.during(
        () =>
          new Worker<IdsJob, void>(name, processor, { ...common, connection: workers, prefix: prefix(name) }),
      );
      worker.on('error', (error) => {
        onError(error);
        heard();
      });
      return {
        worker,
        sever: () => {
          stopRenewing(worker);
          for (const copy of copies) copy.disconnect();
        },
      };
    },
    ping: async () => {
      await producer.ping();
    },
    close: () => {
      producer.disconnect();
      workers.disconnect();
      return Promise.resolve();
    },
  };
}

function connect(target: RedisTarget, purpose: RedisOptions): Client {
  const retryStrategy = (times: number) => Math.min(50 * times, RECONNECT_LONGEST_MS);
  const common: RedisOptions = {
    ...purpose,
    retryStrategy,
    connectTimeout: 5_000,
    keepAlive: 10_000,
    db: target.db,
    ...(target.username === undefined ? {} : { username: target.username }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.tls ? { tls: {} } : {}),
  };
  if (target.kind === 'cluster') {
    const {
      retryStrategy: clusterRetryStrategy,
      db: _db,
      enableOfflineQueue = true,
      ...redisOptions
    } = common;
    return new Cluster([...target.hosts], {
      ...(clusterRetryStrategy ? { clusterRetryStrategy: retryStrategy } : {}),
      enableOfflineQueue,
      redisOptions,
    });
  }
  if (target.kind === 'sentinel') {
    return new Redis({
      ...common,
      sentinels: [...target.hosts],
      name: target.master ?? '',
      sentinelRetryStrategy: retryStrategy,
    });
  }
  return new Redis({ ...common, ...target.hosts[0] });
}

/** BullMQ copies a worker's client for its blocking wait; this collects the copies, to be able to cut them off. */
function collectDuplicates(client: Client): { during<T>(make: () => T): { made: T; copies: Client[] } } {
  let copies: Client[] = [];
  const duplicate = Reflect.get(client, 'duplicate');
  Object.assign(client, {
    duplicate: (...args: unknown[]): Client => {
      const copy: Client = Reflect.apply(duplicate, client, args);
      forgetSilence(copy);
      copies.push(copy);
      return copy;
    },
  });
  return {
    during: (make) => {
      copies = [];
      return { made: make(), copies };
    },
  };
}

/**
 * ioredis (5.11) lets the socket time-out of a closed connection run on; it would cut off the next one, and
 * keep a process from ending.
 */
function forgetSilence(client: Client): void {
  const forget = (redis: object) => () => {
    clearTimeout(Reflect.get(redis, 'socketTimeoutTimer'));
    Reflect.set(redis, 'socketTimeoutTimer', undefined);
  };
  client.on('close', forget(client));
  client.on('+node', (node: Redis) => node.on('close', forget(node)));
}
