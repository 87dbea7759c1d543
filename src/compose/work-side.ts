/** The work behind the webhooks: ingest, replies, media, and the sweeps that find what the queue lost. */
import { startIngestWorker } from '../../workers/ingest.js';
import { startMediaWorker } from '../../workers/media.js';
import { startReplyWorkers } from '../../workers/reply.js';
import { startSweep } from '../../workers/sweep.js';
import { sweepInbox } from '../../workers/sweep-inbox.js';
import { sweepMedia } from '../../workers/sweep-media.js';
import { sweepReports } from '../../workers/sweep-reports.js';
import { createSearchSweep } from '../../workers/sweep-search.js';
import { createOutboxSweep } from '../../workers/sweep-outbox.js';
import type { Lifecycle } from './lifecycle.js';
import type { Parts } from './parts.js';

/** Milliseconds for jobs under way when the gateway stops. */
const CLOSE_MS = 5_000;

export function startWork(parts: Parts, lifecycle: Lifecycle): void {
  const { queue, services, replies, adapters, clock, logger } = parts;
  const { database } = parts.store;
  const channels = parts.settings.channels.map(({ channel }) => channel);
  const ingest = startIngestWorker(queue, services);
  const sending = startReplyWorkers(queue, replies, channels);
  const mediaServices = { database, blobs: parts.intake.blobs, adapters, clock, logger };
  const media = startMediaWorker(queue, mediaServices);
  lifecycle.add('workers', () =>
    Promise.all([ingest, sending, media].map((worker) => worker.close(CLOSE_MS))),
  );

  const stopping = new AbortController();
  const outbox = createOutboxSweep({
    database,
    queue,
    service: replies,
    channels,
    clock,
    signal: stopping.signal,
  });
  const search = createSearchSweep(database, queue);
  const sweeps = [
    startSweep(() => sweepInbox(services, queue), { name: 'inbox', logger }),
    startSweep(() => outbox.round(), { name: 'outbox', logger }),
    startSweep(() => sweepMedia(mediaServices, queue), { name: 'media', logger }),
    startSweep(() => sweepReports(services), { name: 'reports', everyMs: 60_000, logger }),
    startSweep(() => search.round(), { name: 'search', logger }),
  ];
  lifecycle.add('sweeps', () => {
    stopping.abort();
    return Promise.all(sweeps.map((sweep) => sweep.stop()));
  });
}
