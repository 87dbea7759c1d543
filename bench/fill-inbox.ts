/** Fills inbox and queue as the gateway does it under load: through adapter, intake and group commit. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelAdapter } from '../src/core/channel.js';
import { createIntake, type Intake } from '../src/intake/accept.js';
import { createFolderBlobs } from '../src/intake/blobs.js';
import { createIntakeMetrics } from '../src/intake/intake-metrics.js';
import { createSpool } from '../src/intake/spool.js';
import { createRegistry } from '../src/ops/metrics.js';
import type { QueueSystem } from '../src/queue/queue-system.js';
import { benchClock as clock, benchKeys as keys, benchLogger, CHANNEL, openCity } from './city.js';
import { signedForm, WEBHOOK_PATH } from './sms-forms.js';
import type { BenchDatabase } from './stores.js';

/** Requests that arrive at once: what shares a commit shares a job. */
const AT_ONCE = 256;

/** Messages number `first` and following. Resolves with the number of jobs that carry their ids. */
export async function fillInbox(
  db: BenchDatabase,
  queue: QueueSystem,
  first: number,
  amount: number,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'tabea-bench-fill-'));
  const logger = benchLogger();
  const spool = createSpool({ folder, clock });
  await spool.open();
  const enqueued: Promise<boolean>[] = [];
  let jobs = 0;
  const intake = createIntake({
    database: db.database,
    keys,
    queue: {
      enqueue: async (name, given) => {
        jobs += given.length;
        const taken = queue.enqueue(name, given);
        enqueued.push(taken);
        return await taken;
      },
    },
    spool,
    blobs: createFolderBlobs(join(folder, 'blobs')),
    clock,
    logger,
    metrics: createIntakeMetrics(createRegistry({ processFigures: false })),
  });
  const { adapter } = openCity();
  let next = first;
  const sender = async () => {
    while (next < first + amount) await acceptOne(intake, adapter, next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  await intake.close();
  const taken = await Promise.all(enqueued);
  if (!taken.every(Boolean)) throw new Error('the queue did not take the jobs');
  await rm(folder, { recursive: true, force: true });
  return jobs;
}

async function acceptOne(intake: Intake, adapter: ChannelAdapter, index: number): Promise<void> {
  const { body, signature } = signedForm(index);
  const request = {
    method: 'POST',
    target: WEBHOOK_PATH,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
    body: Buffer.from(body),
    receivedAt: clock.now(),
  };
  const parsed = adapter.webhook?.parse(request);
  if (parsed === undefined) throw new Error('the channel has no webhook');
  await intake.accept(CHANNEL, request, parsed);
}
