/** The intake with its spool, blobs and quarantine: the same for the gateway and for the command line. */
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import type { Clock, Logger } from '../core/channel.js';
import type { Database } from '../db/database.js';
import { createIntake, type Intake } from '../intake/accept.js';
import { createFolderBlobs, type BlobStore } from '../intake/blobs.js';
import { createIntakeMetrics, type IntakeMetrics } from '../intake/intake-metrics.js';
import { createQuarantine, type Quarantine } from '../intake/quarantine.js';
import { createSpool } from '../intake/spool.js';
import type { QueueSystem } from '../queue/queue-system.js';
import type { Lifecycle } from './lifecycle.js';
import type { Settings } from './settings.js';

export interface IntakeSide {
  readonly intake: Intake;
  readonly quarantine: Quarantine;
  readonly blobs: BlobStore;
  readonly metrics: IntakeMetrics;
}

export interface IntakeSideOptions {
  readonly settings: Settings;
  readonly database: Database;
  readonly queue: Pick<QueueSystem, 'enqueue'>;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

export async function openIntake(options: IntakeSideOptions, lifecycle: Lifecycle): Promise<IntakeSide> {
  const { settings, database, queue, clock, logger } = options;
  const { dataDir } = settings.env;
  const metrics = createIntakeMetrics(options.registry);
  const blobs = createFolderBlobs(join(dataDir, 'blobs'));
  const spool = createSpool({ folder: join(dataDir, 'spool'), clock });
  await spool.open();
  const intake = createIntake({ database, keys: settings.keys, queue, spool, blobs, clock, logger, metrics });

  const quarantine = createQuarantine({ database, intake, blobs, clock, logger, metrics });
  lifecycle.add('intake', async () => {
    await quarantine.close();
    await intake.close();
  });
  return { intake, quarantine, blobs, metrics };
}
