/** A poller of a real mailbox in a process of its own, for a test that kills it: `DATABASE_URL FOLDER IMAP_URL`. */
import { createImapSources, parseMail } from '../../../../adapters/email/imap/index.js';
import { createMailParser } from '../../../../adapters/email/mime/parser.js';
import type { ChannelAdapter } from '../../../../src/core/channel.js';
import { createPullMetrics } from '../../../../src/intake/pull-metrics.js';
import { createRegistry } from '../../../../src/ops/metrics.js';
import { startPollers } from '../../../../workers/poll.js';
import { startGateway } from '../../../intake/gateway.js';
import { CHANNEL, realClock, recordingLogger, settingsFor } from './helpers.js';

const [url = '', folder = '', imapUrl = ''] = process.argv.slice(2);

const logger = recordingLogger();
const parser = createMailParser({
  ownAddresses: ['tabea@ambon.example'],
  messageIds: { make: (id) => `${id}@ambon.example`, read: () => undefined },
  logger,
});
const options = { parser, channelId: CHANNEL, clock: realClock, logger };
const adapter: ChannelAdapter = {
  kind: 'email',
  measure: () => ({
    segments: 1,
    encoding: 'characters',
    used: 0,
    left: 1,
    costIdr: 0,
    fits: true,
  }),
  pull: {
    sources: createImapSources(settingsFor(imapUrl, { since: '2020-01-01' }), options),
    parse: (request, putBlob) => parseMail(parser, CHANNEL, request, putBlob),
  },
};
const gateway = await startGateway({ url, folder, adapters: { [CHANNEL]: adapter } });
startPollers(
  {
    database: gateway.database,
    intake: gateway.intake,
    blobs: gateway.blobs,
    logger,
    metrics: createPullMetrics(createRegistry({ processFigures: false })),
    timing: {
      lease: { ttlMs: 1_500, renewMs: 300, retryMs: 100 },
      pauses: { firstMs: 20, longestMs: 200 },
      askMs: 100,
    },
  },
  new Map([[CHANNEL, adapter]]),
);
console.log('polling');
