/** Fault 27: a process dies between the provider's yes and our commit. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { until } from '../queue/support.js';
import { startTypeScript } from '../support/process.js';
import {
  CHANNEL,
  never,
  openReplyStand,
  playProvider,
  putReplies,
  smsAdapter,
  someone,
  testClock,
  type Provider,
  type ReplyStand,
} from './stand.js';

const open: { stands: ReplyStand[]; providers: Provider[] } = { stands: [], providers: [] };
afterEach(async () => {
  await Promise.all(open.stands.splice(0).map((stand) => stand.drop()));
  await Promise.all(open.providers.splice(0).map((provider) => provider.close()));
});

/** The provider swallows its answers to `create` while `silent`; with `takes` false it does not take them either. */
async function silentProvider() {
  const control = { silent: true, takes: true, asked: 0 };
  const provider = await playProvider(async (request, handle) => {
    if (request.method !== 'POST' || !control.silent) return await handle();
    if (control.takes) await handle();
    control.asked += 1;
    return await new Promise(() => undefined);
  });
  open.providers.push(provider);
  const clock = testClock();
  const stand = await openReplyStand({ [CHANNEL]: smsAdapter(provider.url, CHANNEL, clock) }, clock);
  open.stands.push(stand);
  return { control, provider, stand, clock };
}

async function killWhileSending(
  { control, provider, stand }: Awaited<ReturnType<typeof silentProvider>>,
  ids: readonly string[],
) {
  const child = startTypeScript(new URL('./send-process.ts', import.meta.url), [
    stand.url,
    provider.url,
    ...ids,
  ]);
  await until(() => control.asked === ids.length, 20_000).catch(() => {
    throw new Error(child.errors());
  });
  child.child.kill('SIGKILL');
  await child.ended;
}

describe('fault 27: the sender is killed with -9', () => {
  test('after the provider took the replies: found at the provider, exactly one of each', async () => {
    const setup = await silentProvider();
    const { control, provider, stand, clock } = setup;
    const people = [someone(), someone(), someone()];
    const ids = await putReplies(
      stand.database,
      people.map((to) => ({ to })),
    );
    await killWhileSending(setup, ids);
    for (const id of ids) expect(await stand.row(id)).toMatchObject({ state: 'sending', attempt: 1 });
    control.silent = false;

    // Whoever is told to send them now finds nothing to do.
    expect(await stand.service.sendReplies(CHANNEL, ids, never)).toBe(0);
    clock.ahead(130_000);
    expect(await stand.service.markLost()).toBe(3);
    expect(await stand.service.sendReplies(CHANNEL, ids, never)).toBe(0);
    expect(await stand.service.reconcile(CHANNEL, never)).toEqual([]);
    for (const id of ids) {
      expect(await stand.row(id)).toMatchObject({
        state: 'sent',
        attempt: 1,
        external_id: expect.stringMatching(/^SM/),
      });
    }
    await stand.service.sendReplies(CHANNEL, ids, never);
    expect(people.map((to) => provider.took(to))).toEqual([1, 1, 1]);
  });

  test('before the provider took them: believed only after a minute, then sent, exactly one of each', async () => {
    const setup = await silentProvider();
    const { control, provider, stand, clock } = setup;
    control.takes = false;
    const people = [someone(), someone()];
    const ids = await putReplies(
      stand.database,
      people.map((to) => ({ to })),
    );
    await killWhileSending(setup, ids);
    control.silent = false;
    await stand.database.pool.query("UPDATE outbox SET state = 'unknown'");
    clock.ahead(130_000);
    await stand.database.pool.query('UPDATE outbox SET attempt_at = $1', [
      new Date(clock.now().getTime() - 30_000),
    ]);
    expect(await stand.service.reconcile(CHANNEL, never)).toEqual([]);
    for (const id of ids) expect(await stand.row(id)).toMatchObject({ state: 'unknown' });
    clock.ahead(110_000);
    expect((await stand.service.reconcile(CHANNEL, never)).sort()).toEqual([...ids].sort());
    await stand.service.sendReplies(CHANNEL, ids, never);
    for (const id of ids) expect(await stand.row(id)).toMatchObject({ state: 'sent', attempt: 2 });
    expect(people.map((to) => provider.took(to))).toEqual([1, 1]);
  });
});

describe('reconciling', () => {
  test('two equal replies to one person, one of which the provider has: one found, one sent', async () => {
    const { control, provider, stand, clock } = await silentProvider();
    control.silent = false;
    const to = someone();
    const [first = '', second = ''] = await putReplies(stand.database, [{ to }, { to }]);
    await stand.service.sendReplies(CHANNEL, [first], never);
    await stand.database.pool.query(
      "UPDATE outbox SET state = 'unknown', attempt = 1, attempt_at = now(), due_at = now(), external_id = NULL",
    );
    clock.ahead(130_000);
    const again = await stand.service.reconcile(CHANNEL, never);
    expect(again).toHaveLength(1);
    await stand.service.sendReplies(CHANNEL, again, never);
    expect(provider.took(to)).toBe(2);
    const rows = await Promise.all([stand.row(first), stand.row(second)]);
    expect(new Set(rows.map((row) => row.external_id)).size).toBe(2);
    expect(rows.map((row) => row.state)).toEqual(['sent', 'sent']);
  });

  test('not while an equal one to the same person is on its way', async () => {
    const { control, stand, clock } = await silentProvider();
    control.silent = false;
    const to = someone();
    const [first = '', second = ''] = await putReplies(stand.database, [{ to }, { to }]);
    await stand.database.pool.query(
      "UPDATE outbox SET state = 'unknown', attempt = 1, attempt_at = now() WHERE id = $1",
      [first],
    );
    await stand.database.pool.query(
      "UPDATE outbox SET state = 'sending', attempt = 1, attempt_at = now(), due_at = now() + interval '1 day' WHERE id = $1",
      [second],
    );
    clock.ahead(130_000);
    expect(await stand.service.reconcile(CHANNEL, never)).toEqual([]);
    expect(await stand.row(first)).toMatchObject({ state: 'unknown', error: null });
  });

  test('several candidates stay unknown, are asked again later, and at last are before a person', async () => {
    const { control, provider, stand, clock } = await silentProvider();
    control.silent = false;
    const to = someone();
    const [first = '', second = '', lost = ''] = await putReplies(stand.database, [{ to }, { to }, { to }]);
    await stand.service.sendReplies(CHANNEL, [first, second], never);
    await stand.database.pool.query('DELETE FROM outbox WHERE id = ANY($1::uuid[])', [[first, second]]);
    await stand.database.pool.query("UPDATE outbox SET state = 'unknown', attempt = 1, attempt_at = now()");
    clock.ahead(130_000);
    expect(await stand.service.reconcile(CHANNEL, never)).toEqual([]);
    const row = await stand.row(lost);
    expect(row).toMatchObject({ state: 'unknown', error: 'reconciling' });
    expect(row.due_at.getTime()).toBeGreaterThan(clock.now().getTime() + 10_000);
    clock.ahead(25 * 3_600_000);
    await stand.service.reconcile(CHANNEL, never);
    expect(await stand.row(lost)).toMatchObject({ state: 'unknown', error: 'unresolved' });
    expect(stand.logger.lines.filter((line) => line.level === 'warn').length).toBeGreaterThan(0);
    await stand.service.reconcile(CHANNEL, never);
    expect(provider.took(to)).toBe(2);
  });

  test('a channel without a list: at once before a person', async () => {
    const { stand, clock } = await silentProvider();
    const { reconcile: _none, ...adapter } = smsAdapter('http://127.0.0.1:1', CHANNEL);
    const service = stand.another({ [CHANNEL]: adapter });
    const [id = ''] = await putReplies(stand.database, [{ to: someone() }]);
    await stand.database.pool.query("UPDATE outbox SET state = 'unknown', attempt = 1, attempt_at = now()");
    clock.ahead(130_000);
    await service.reconcile(CHANNEL, never);
    expect(await stand.row(id)).toMatchObject({ state: 'unknown', error: 'unresolved' });
  });
});
