/**
 * A poller in a process of its own, for tests that kill and stop it: `URL FOLDER`. Says `in` and `out` as its source
 * enters and leaves. While a file `hold` lies in the folder it fetches and then waits before it hands over; with a
 * file `die` it dies after everything is written and before the commit.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InboundSink, PullSource } from '../../src/core/channel.js';
import { createPullMetrics } from '../../src/intake/pull-metrics.js';
import { createRegistry } from '../../src/ops/metrics.js';
import { startPollers } from '../../workers/poll.js';
import { startGateway } from '../intake/gateway.js';
import { MAILBOX, playedMailbox } from '../support/played-mailbox.js';

const [url = '', folder = ''] = process.argv.slice(2);

const gateway = await startGateway({ url, folder });
const mailbox = playedMailbox(folder, { on: (what) => console.log(what) });
const pull = mailbox.pull ?? { sources: [], parse: () => Promise.reject(new Error('no pull')) };

/** It does not look at its signal: whatever else fails to stop it, the fence must. */
const stubborn = (source: PullSource): PullSource => ({
  ...source,
  run: (sink, cursor, signal) => source.run(holding(sink), cursor, signal),
});

function holding(sink: InboundSink): InboundSink {
  return {
    putBlob: (bytes) => sink.putBlob(bytes),
    async accept(items, cursor) {
      if (existsSync(join(folder, 'hold'))) {
        console.log('fetched');
        while (existsSync(join(folder, 'hold'))) await sleep(5);
      }
      try {
        await sink.accept(items, cursor);
        console.log('accepted');
      } catch (error) {
        console.log(`refused ${error instanceof Error ? error.name : ''}`);
        throw error;
      }
    },
  };
}

startPollers(
  {
    database: gateway.database,
    intake: {
      acceptTogether: (channelId, items, also) =>
        gateway.intake.acceptTogether(channelId, items, async (client) => {
          await also(client);
          if (existsSync(join(folder, 'die'))) process.kill(process.pid, 'SIGKILL');
        }),
    },
    blobs: gateway.blobs,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: createPullMetrics(createRegistry({ processFigures: false })),
  },
  new Map([[MAILBOX, { ...mailbox, pull: { ...pull, sources: pull.sources.map(stubborn) } }]]),
);
