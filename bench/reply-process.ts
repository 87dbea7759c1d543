/** Child: sends what lies in the outbox as the role `worker` does, or the same texts by bare undici. */
import { Pool } from 'undici';
import { z } from 'zod';
import { createVault } from '../src/cases/vault.js';
import { openDatabase } from '../src/db/database.js';
import { createRegistry } from '../src/ops/metrics.js';
import { createQueueSystem } from '../src/queue/create-queue-system.js';
import { createReplyMetrics } from '../src/replies/reply-metrics.js';
import { createReplyService } from '../src/replies/send-replies.js';
import { startReplyWorkers } from '../workers/reply.js';
import { serveParent } from './child.js';
import {
  AUTH_TOKEN,
  benchClock as clock,
  benchKeys as keys,
  benchLogger,
  CHANNEL,
  openCity,
  PUBLIC_URL,
} from './city.js';
import { countIds } from './counting-queue.js';

/** As many as the reply service has with a provider at once, over as many connections as the adapter opens. */
const AT_ONCE = 64;
const CONNECTIONS = 16;

const place = z.object({ databaseUrl: z.string(), providerUrl: z.string() });
const logger = benchLogger();
const closing: (() => Promise<unknown>)[] = [];
let opened: ReturnType<typeof open> | undefined;

function open(input: unknown) {
  const { databaseUrl, providerUrl } = place.parse(input);
  const database = openDatabase({ url: databaseUrl });
  const queue = createQueueSystem({ databaseUrl, logger });
  const { adapter } = openCity(providerUrl);
  const service = createReplyService({
    database,
    vault: createVault(keys),
    adapters: new Map([[CHANNEL, adapter]]),
    clock,
    logger,
    metrics: createReplyMetrics(createRegistry()),
  });
  const bare = new Pool(providerUrl, { connections: CONNECTIONS });
  closing.push(
    () => bare.close(),
    () => Promise.resolve(service.close()),
    () => adapter.close?.() ?? Promise.resolve(),
    () => queue.close(),
    () => database.close(),
  );
  return { database, queue, service, bare };
}

function parts() {
  if (opened === undefined) throw new Error('not opened');
  return opened;
}

/** Seconds from the start of the worker until so many replies are recorded. */
async function reply(input: unknown): Promise<number> {
  const { queue, service } = parts();
  const wanted = z.number().parse(input);
  const start = performance.now();
  const { counting, finished } = countIds(queue, wanted);
  // Without the line's own limit of messages a second, which is what a city pays for, not what Tabea can.
  const workers = startReplyWorkers(counting, service, [{ id: CHANNEL }]);
  await finished;
  const seconds = (performance.now() - start) / 1_000;
  await workers.close(5_000);
  return seconds;
}

/** Seconds for POSTs of the outbox's texts, as Twilio takes them. */
async function post(input: unknown): Promise<number> {
  const { database, bare } = parts();
  const { rows } = await database.pool.query<{ id: string; text: string }>(
    'SELECT id, text FROM outbox ORDER BY id LIMIT $1',
    [z.number().parse(input)],
  );
  const account = `AC${'0'.repeat(32)}`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${account}:${AUTH_TOKEN}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
    'accept-charset': 'utf-8',
    'user-agent': `twilio-node/6.2.0 (${process.platform} ${process.arch}) node/${process.version}`,
  };
  const path = `/2010-04-01/Accounts/${account}/Messages.json`;
  let next = 0;
  const sender = async () => {
    for (let row = rows[next++]; row !== undefined; row = rows[next++]) {
      const body = new URLSearchParams({
        To: '+6281200000000',
        StatusCallback: `${PUBLIC_URL}/webhooks/${CHANNEL}/status?ref=${row.id}`,
        From: '1708',
        Body: row.text,
      }).toString();
      const answer = await bare.request({ method: 'POST', path, headers, body });
      await answer.body.json();
      if (answer.statusCode !== 201) throw new Error(`the provider answered ${answer.statusCode}`);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return (performance.now() - start) / 1_000;
}

serveParent(
  {
    open: (input) => {
      opened = open(input);
      return Promise.resolve();
    },
    reply,
    post,
  },
  async () => {
    for (const close of closing) await close();
  },
);
