/** The HTTP side: webhooks on their fast path, the application for everything else, the simulator in the demo. */
import { UserError } from '../core/errors.js';
import { readPhone } from '../core/phone.js';
import { createApp } from '../http/app.js';
import { openChangeFeed } from '../http/change-feed.js';
import { createGatewayServer } from '../http/server.js';
import { createWebhookRoute } from '../http/webhook-route.js';
import type { Parts } from './parts.js';
import { createSimulators, startSimulators } from './channels.js';
import type { Lifecycle } from './lifecycle.js';
import type { Probes } from './probes.js';
import type { PullSide } from './pull-side.js';
import { readReadiness, type Component } from './readiness.js';
import { scannerOf } from './scanner.js';
import { dialUrl } from './settings.js';

interface WebParts extends Parts {
  readonly probes: Probes;
  readonly pull: PullSide;
}

/** Resolves with the address when requests are answered. Throws UserError where the port cannot be had. */
export async function startWeb(parts: WebParts, lifecycle: Lifecycle): Promise<string> {
  const { settings, store, intake, adapters, clock, logger } = parts;
  const { env } = settings;
  const changes = openChangeFeed(store.url, logger);
  lifecycle.add('changes', () => changes.close());
  const played = settings.demo ? createSimulators(settings, { clock, logger }) : [];
  lifecycle.add('simulator', () => Promise.all(played.map(({ part }) => part.close())));
  await startSimulators(played);

  const app = createApp({
    database: store.database,
    cases: parts.services,
    putBlob: (bytes) => intake.blobs.put(bytes),
    getBlob: (hash) => intake.blobs.get(hash),
    ...scannerOf(settings.config),
    normalisePhone: readPhone,
    config: settings.config,
    adapters,
    changes,
    readiness: () =>
      readReadiness({
        ...parts,
        database: store.database,
        dataDir: env.dataDir,
        intake: intake.intake,
        channels: () => channelStates(parts),
      }),
    metrics: parts.registry,
    clock,
    logger,
    publicUrl: env.publicUrl,
    ...(settings.demo ? { demo: { played } } : {}),
  });
  const webhooks = createWebhookRoute({
    adapterOf: (channelId) => adapters.get(channelId),
    intake: intake.intake,
    quarantine: intake.quarantine,
    clock,
    logger,
    metrics: intake.metrics,
  });
  const server = createGatewayServer({ webhooks, handler: app });
  try {
    await server.listen(env.port, env.host);
  } catch (error) {
    throw cannotListen(error, env.host, env.port);
  }
  lifecycle.add('server', () => server.close());
  return dialUrl(env);
}

/** The worst of what is known: no adapter, an open breaker, a source that is not read, what the provider said last. */
async function channelStates(parts: WebParts): Promise<Record<string, Component>> {
  const states: Record<string, Component> = {};
  for (const channelId of parts.adapters.keys()) states[channelId] = { state: 'ok', detail: '' };
  for (const [channelId, health] of parts.probes.latest()) states[channelId] = health;
  for (const [channelId, health] of await parts.pull.health()) {
    if (health.state !== 'ok' && states[channelId]?.state !== 'down') states[channelId] = health;
  }
  for (const { channelId, state, reason } of parts.replies.breakers()) {
    if (state === 'closed') continue;
    states[channelId] = { state: 'degraded', detail: `Replies wait: ${reason ?? 'the provider fails'}` };
  }
  for (const { channelId, kind } of parts.settings.missingKinds) {
    states[channelId] = { state: 'down', detail: `There is no adapter of kind ${kind} yet` };
  }
  return states;
}

function cannotListen(cause: unknown, host: string, port: number): UserError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  if (code === 'EADDRINUSE') {
    return new UserError('port_taken', `Port ${port} of ${host} is taken by another program.`, {
      remedy: 'Stop that program, or choose another port: PORT=8081 npm start',
      cause,
    });
  }
  return new UserError('cannot_listen', `Cannot listen on ${host}, port ${port} (${code}).`, {
    remedy: 'Check HOST and PORT; ports below 1024 need special rights.',
    cause,
  });
}
