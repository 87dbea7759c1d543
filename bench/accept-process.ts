/** Child: the gateway in the role `web`, composed as it runs: route, adapter, intake, spool, queue. No worker. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openDatabase } from '../src/db/database.js';
import { createGatewayServer } from '../src/http/server.js';
import { createWebhookRoute } from '../src/http/webhook-route.js';
import { createIntake } from '../src/intake/accept.js';
import { createFolderBlobs } from '../src/intake/blobs.js';
import { createIntakeMetrics } from '../src/intake/intake-metrics.js';
import { createQuarantine } from '../src/intake/quarantine.js';
import { createSpool } from '../src/intake/spool.js';
import { createRegistry } from '../src/ops/metrics.js';
import { createQueueSystem } from '../src/queue/create-queue-system.js';
import { serveParent } from './child.js';
import { benchClock as clock, benchKeys as keys, benchLogger, CHANNEL, openCity } from './city.js';

const place = z.object({ databaseUrl: z.string(), redisUrl: z.string().optional() });
const closing: (() => Promise<unknown>)[] = [];

async function listen(input: unknown): Promise<number> {
  const { databaseUrl, redisUrl } = place.parse(input);
  const folder = await mkdtemp(join(tmpdir(), 'tabea-bench-web-'));
  const logger = benchLogger();
  const metrics = createIntakeMetrics(createRegistry());
  const database = openDatabase({ url: databaseUrl });
  const queue = createQueueSystem({ databaseUrl, logger, ...(redisUrl === undefined ? {} : { redisUrl }) });
  const spool = createSpool({ folder: join(folder, 'spool'), clock });
  await spool.open();
  const blobs = createFolderBlobs(join(folder, 'blobs'));
  const intake = createIntake({ database, keys, queue, spool, blobs, clock, logger, metrics });
  const quarantine = createQuarantine({ database, blobs, clock, logger, metrics, intake, signatures: {} });
  const { adapter } = openCity();
  const server = createGatewayServer({
    webhooks: createWebhookRoute({
      adapterOf: (channelId) => (channelId === CHANNEL ? adapter : undefined),
      intake,
      quarantine,
      clock,
      logger,
      metrics,
    }),
    handler: (_request, response) => response.writeHead(404).end(),
  });
  closing.push(
    () => server.close(1_000),
    () => quarantine.close(),
    () => intake.close(),
    () => queue.close(),
    () => database.close(),
    () => rm(folder, { recursive: true, force: true }),
  );
  return await server.listen(0, '127.0.0.1');
}

serveParent({ listen }, async () => {
  for (const close of closing) await close();
});
