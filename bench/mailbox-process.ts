/** Child: a mailbox drained into the store as the role `poller` does it, or fetched by imapflow into nothing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { z } from 'zod';
import { createImapSources } from '../adapters/email/imap/index.js';
import { createMailParser } from '../adapters/email/mime/parser.js';
import type { MailParser } from '../adapters/email/mail.js';
import { emailSettings } from '../adapters/email/settings.js';
import type { InboundSink, PullSource } from '../src/core/channel.js';
import { openDatabase } from '../src/db/database.js';
import { createIntake } from '../src/intake/accept.js';
import { createFolderBlobs } from '../src/intake/blobs.js';
import { createIntakeMetrics } from '../src/intake/intake-metrics.js';
import { createPullMetrics } from '../src/intake/pull-metrics.js';
import { createSpool } from '../src/intake/spool.js';
import { createRegistry } from '../src/ops/metrics.js';
import { createQueueSystem } from '../src/queue/create-queue-system.js';
import { startSource } from '../workers/poll-source.js';
import { serveParent } from './child.js';
import { benchClock as clock, benchKeys as keys, benchLogger } from './city.js';

const CHANNEL = 'email-bench';
const place = z.object({ databaseUrl: z.string() });
const order = z.object({ imapUrl: z.string(), mails: z.number() });
const closing: (() => Promise<unknown>)[] = [];
let opened: Awaited<ReturnType<typeof open>> | undefined;

async function open(input: unknown) {
  const { databaseUrl } = place.parse(input);
  const folder = await mkdtemp(join(tmpdir(), 'tabea-bench-poll-'));
  const logger = benchLogger();
  const registry = createRegistry();
  const metrics = createIntakeMetrics(registry);
  const database = openDatabase({ url: databaseUrl });
  const queue = createQueueSystem({ databaseUrl, logger });
  const spool = createSpool({ folder: join(folder, 'spool'), clock });
  await spool.open();
  const blobs = createFolderBlobs(join(folder, 'blobs'));
  const intake = createIntake({ database, keys, queue, spool, blobs, clock, logger, metrics });
  const parser = createMailParser({
    ownAddresses: ['tabea@ambon.example'],
    messageIds: { make: (id) => `${id}@ambon.example`, read: () => undefined },
    logger,
  });
  closing.push(
    () => parser.close(),
    () => intake.close(),
    () => queue.close(),
    () => database.close(),
    () => rm(folder, { recursive: true, force: true }),
  );
  return { database, intake, blobs, parser, logger, metrics: createPullMetrics(registry) };
}

function sourceOf(imapUrl: string, parser: Pick<MailParser, 'parse'>): PullSource {
  const settings = emailSettings.parse({
    imapUrl,
    since: '2020-01-01',
    smtpUrl: 'smtp://127.0.0.1:9',
    from: 'tabea@ambon.example',
  });
  const logger = benchLogger();
  const [source] = createImapSources(settings, { parser, channelId: CHANNEL, clock, logger });
  if (source === undefined) throw new Error('no source');
  return source;
}

/** Seconds that the source alone takes: nothing is read, nothing is stored. */
async function pull(input: unknown): Promise<number> {
  const { imapUrl, mails } = order.parse(input);
  const nothing = { events: [], ignored: [], rejected: [] };
  const source = sourceOf(imapUrl, { parse: () => Promise.resolve(nothing) });
  const ending = new AbortController();
  let pulled = 0;
  let seconds = 0;
  const start = performance.now();
  const sink: InboundSink = {
    putBlob: () => Promise.resolve('0'.repeat(64)),
    accept: (items) => {
      pulled += items.length;
      if (pulled >= mails && seconds === 0) {
        seconds = (performance.now() - start) / 1_000;
        ending.abort();
      }
      return Promise.resolve();
    },
  };
  await source.run(sink, undefined, ending.signal);
  return seconds;
}

/** Seconds from the start of the source until so many mails are durable. */
async function drain(input: unknown): Promise<number> {
  if (opened === undefined) throw new Error('not opened');
  const { database, intake, blobs, parser, logger, metrics } = opened;
  const { imapUrl, mails } = order.parse(input);
  const source = sourceOf(imapUrl, parser);
  let stored = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const counting: Pick<typeof intake, 'acceptTogether'> = {
    acceptTogether: async (channelId, items, also) => {
      const answers = await intake.acceptTogether(channelId, items, also);
      stored += answers.length;
      if (stored >= mails) finish();
      return answers;
    },
  };
  const start = performance.now();
  const running = startSource({ database, intake: counting, blobs, logger, metrics }, CHANNEL, source);
  await finished;
  const seconds = (performance.now() - start) / 1_000;
  await running.stop();
  return seconds;
}

/** Seconds from the connection until the last byte of so many mails; as quick as the client can. */
async function fetchAll(input: unknown): Promise<number> {
  const { imapUrl, mails } = order.parse(input);
  const { hostname: host, port, username: user, password: pass } = new URL(imapUrl);
  const start = performance.now();
  const client = new ImapFlow({
    host,
    port: Number(port),
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass },
    logger: false,
  });
  await client.connect();
  const lock = await client.getMailboxLock('INBOX', { readOnly: true });
  let fetched = 0;
  for await (const { source } of client.fetch('1:*', { uid: true, source: true }, { uid: true })) {
    if (source !== undefined && source.length > 0) fetched += 1;
  }
  const seconds = (performance.now() - start) / 1_000;
  lock.release();
  await client.logout();
  if (fetched !== mails) throw new Error(`${fetched} of ${mails} mails were fetched`);
  return seconds;
}

serveParent(
  {
    open: async (input) => {
      opened = await open(input);
    },
    drain,
    pull,
    fetch: fetchAll,
  },
  async () => {
    for (const close of closing) await close();
  },
);
