import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLifecycle } from '../../src/compose/lifecycle.js';
import { createPullSide } from '../../src/compose/pull-side.js';
import { ChannelError } from '../../src/core/channel-error.js';
import { createLogger } from '../../src/ops/log.js';
import { createRegistry } from '../../src/ops/metrics.js';
import { eventually, inboxKeys, startGateway, type Gateway } from '../intake/gateway.js';
import { deliver, mail, MAILBOX, playedMailbox } from '../support/played-mailbox.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { newMailFolder } from '../workers/poll-support.js';

const logger = createLogger({ level: 'silent' });

let store: TestDatabase;
let folder: ReturnType<typeof newMailFolder>;
let gateway: Gateway;
let isRefused = false;

beforeEach(async () => {
  store = await createTestDatabase();
  folder = newMailFolder();
  gateway = await startGateway({ url: store.url });
});

afterEach(async () => {
  await gateway.close();
  await store.drop();
  folder.remove();
});

/** What a process knows of its channels. */
function pullSide() {
  const before = () => {
    if (isRefused) throw new ChannelError('config', 'refused', { retry: 'never' });
  };
  return createPullSide({
    store,
    intake: gateway,
    adapters: new Map([[MAILBOX, playedMailbox(folder.path, { before })]]),
    registry: createRegistry({ processFigures: false }),
    logger,
  });
}

test('a process without pollers knows whether another reads the channel', async () => {
  const [web, poller] = [pullSide(), pullSide()];
  const stateAtWeb = async () => (await web.health()).get(MAILBOX);
  expect(await stateAtWeb()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('INBOX') });
  const lifecycle = createLifecycle(logger);
  poller.start(lifecycle);
  deliver(folder.path, [mail('a')]);
  await eventually(async () => (await inboxKeys(store.database)).length === 1);
  expect(await stateAtWeb()).toEqual({ state: 'ok', detail: '' });
  expect((await poller.health()).get(MAILBOX)).toEqual({ state: 'ok', detail: '' });
  isRefused = true;
  await eventually(async () => (await poller.health()).get(MAILBOX)?.state === 'degraded');
  expect((await poller.health()).get(MAILBOX)?.detail).toMatch(/INBOX .*\(config\).*next attempt in 60 s$/);
  await lifecycle.stop();
});
