/** The gateway: everything put together, started in order, stopped in reverse. */
import { caseRules } from './cases/rules.js';
import type { CaseServices } from './cases/services.js';
import { createVault } from './cases/vault.js';
import { firstLogin, type FirstLogin } from './compose/first-login.js';
import { createAdapters } from './compose/channels.js';
import { openIntake } from './compose/intake-side.js';
import { createLifecycle, type Lifecycle } from './compose/lifecycle.js';
import type { Settings } from './compose/settings.js';
import { openStore } from './compose/store.js';
import type { Parts } from './compose/parts.js';
import { createPullSide } from './compose/pull-side.js';
import { startWeb } from './compose/web-side.js';
import { startWork } from './compose/work-side.js';
import { startProbes } from './compose/probes.js';
import type { Clock } from './core/channel.js';
import { makeTrackingNumber } from './core/tracking-number.js';
import { prepareSchema } from './db/migrate.js';
import { syncOpds } from './db/opds.js';
import type { PinoLogger } from './ops/log.js';
import { createRegistry } from './ops/metrics.js';
import { createQueueSystem } from './queue/create-queue-system.js';
import { createReplyMetrics } from './replies/reply-metrics.js';
import { servedChannels } from './replies/reply-channel.js';
import { createReplyService } from './replies/send-replies.js';
import { makeCaseToken } from './core/case-token.js';

export interface Gateway {
  /** Where it listens; undefined for a process without the role `web`. */
  readonly url: string | undefined;
  /** Present where a password was made and must be shown, this once. */
  readonly login: FirstLogin | undefined;
  stop(): Promise<void>;
}

/** Throws UserError with a cause and a remedy; what was started by then is stopped again. */
export async function startGateway(settings: Settings, logger: PinoLogger): Promise<Gateway> {
  const lifecycle = createLifecycle(logger);
  try {
    return await start(settings, logger, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function start(settings: Settings, logger: PinoLogger, lifecycle: Lifecycle): Promise<Gateway> {
  const { env, config } = settings;
  const clock: Clock = { now: () => new Date() };
  const registry = createRegistry();

  const store = await openStore({
    env,
    purpose: 'gateway',
    onIdleError: (error) => logger.warn({ err: error }, 'A connection to the database broke'),
  });
  lifecycle.add('database', () => store.close());
  await prepareSchema(store.database);
  await syncOpds(store.database, config.opds);
  const login = await firstLogin(settings, store.database);

  const queue = createQueueSystem({
    databaseUrl: store.url,
    ...(env.redisUrl === undefined ? {} : { redisUrl: env.redisUrl }),
    logger,
  });
  lifecycle.add('queue', () => queue.close());
  const adapters = createAdapters(settings, { clock, logger });
  lifecycle.add('adapters', () =>
    Promise.all([...adapters.values()].map(async (adapter) => adapter.close?.())),
  );
  const intake = await openIntake(
    { settings, database: store.database, queue, registry, clock, logger },
    lifecycle,
  );

  const vault = createVault(settings.keys);
  const services: CaseServices = {
    database: store.database,
    queue,
    channels: servedChannels(
      settings.channels.map(({ channel }) => channel),
      adapters,
    ),
    keys: settings.keys,
    vault,
    clock,
    logger,
    rules: caseRules(config),
    texts: config.messages[config.city.language],
    makeNumber: () => makeTrackingNumber(),
  };
  const replies = createReplyService({
    database: store.database,
    vault,
    adapters,
    clock,
    logger,
    metrics: createReplyMetrics(registry),
    readBlob: (hash) => intake.blobs.get(hash),
    caseToken: (trackingNumber) => makeCaseToken(settings.keys, trackingNumber),
  });
  lifecycle.add('replies', () => replies.close());

  const parts: Parts = {
    settings,
    store,
    queue,
    intake,
    services,
    replies,
    adapters,
    registry,
    clock,
    logger,
  };
  if (env.roles.has('worker')) startWork(parts, lifecycle);
  const probes = startProbes(adapters, logger);
  lifecycle.add('probes', () => probes.stop());
  const pull = createPullSide(parts);
  const url = env.roles.has('web') ? await startWeb({ ...parts, probes, pull }, lifecycle) : undefined;
  if (env.roles.has('poller')) pull.start(lifecycle);
  if (env.roles.size === 1 && env.roles.has('poller') && !pull.hasSources) {
    logger.warn({}, 'No enabled channel is polled: this process has nothing to do');
  }
  void probes.run();
  for (const { channelId, kind } of settings.missingKinds) {
    logger.warn(
      { channel: channelId, kind },
      'There is no adapter of this kind yet: the channel is not served',
    );
  }
  return { url, login, stop: () => lifecycle.stop() };
}
