import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ChannelAdapter, SendResult } from '../../src/core/channel.js';
import { ChannelError } from '../../src/core/channel-error.js';
import { applyDeliveryReports } from '../../src/replies/delivery.js';
import { until } from '../queue/support.js';
import { startOwnPostgres } from '../support/postgres.js';
import { openDatabase } from '../../src/db/database.js';
import {
  CHANNEL,
  makeService,
  never,
  openReplyStand,
  optOut,
  OTHER,
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

async function withProvider(between?: Parameters<typeof playProvider>[0]) {
  const provider = await playProvider(between);
  open.providers.push(provider);
  const stand = await openReplyStand({ [CHANNEL]: smsAdapter(provider.url, CHANNEL) });
  open.stands.push(stand);
  return { provider, stand };
}

/** A channel whose provider answers as it is told to. */
function scripted(
  answers: (to: string) => Promise<SendResult> | SendResult,
  more: Partial<ChannelAdapter> = {},
) {
  const sent: string[] = [];
  const adapter: ChannelAdapter = {
    kind: 'scripted',
    measure: () => ({ segments: 1, encoding: 'characters', used: 1, left: 1, costIdr: 0, fits: true }),
    send: async (message) => {
      sent.push(message.id);
      return await answers(message.to.value);
    },
    ...more,
  };
  return { adapter, sent };
}

async function withScripted(
  script: ReturnType<typeof scripted>,
  ...rest: [clock?: ReturnType<typeof testClock>, config?: Parameters<typeof openReplyStand>[2]]
) {
  const stand = await openReplyStand(
    { [CHANNEL]: script.adapter, [OTHER]: scripted(() => ({ externalId: `o${Math.random()}` })).adapter },
    ...rest,
  );
  open.stands.push(stand);
  return stand;
}

const refused = (
  code: 'connection' | 'config' | 'rejected',
  more: Partial<ConstructorParameters<typeof ChannelError>[2]> = {},
) => new ChannelError(code, 'as told', { retry: code === 'rejected' ? 'never' : 'backoff', ...more });

describe('sending replies', () => {
  test('a reply goes out once, and bears the id of the provider', async () => {
    const { provider, stand } = await withProvider();
    const to = someone();
    const [id = ''] = await putReplies(stand.database, [{ to }]);
    expect(await stand.service.sendReplies(CHANNEL, [id], never)).toBe(1);
    const row = await stand.row(id);
    expect(row).toMatchObject({ state: 'sent', attempt: 1, error: null });
    expect(row.external_id).toMatch(/^SM[0-9a-f]{32}$/);
    expect(provider.took(to)).toBe(1);
    expect(provider.simulator.conversation(CHANNEL, to)).toMatchObject([
      { direction: 'in', text: 'Laporan Anda kami terima.' },
    ]);
  });

  test('asked ten times at once, by three processes, it still goes out once', async () => {
    const { provider, stand } = await withProvider();
    const people = Array.from({ length: 40 }, someone);
    const ids = await putReplies(
      stand.database,
      people.map((to) => ({ to })),
    );
    const services = [stand.service, stand.another(), stand.another()];
    const asked = Array.from(
      { length: 10 },
      async (_, n) => (await services[n % 3]?.sendReplies(CHANNEL, ids, never)) ?? 0,
    );
    const counts = await Promise.all(asked);
    expect(counts.reduce<number>((sum, count) => sum + count, 0)).toBe(40);
    expect(people.map((to) => provider.took(to))).toEqual(people.map(() => 1));
    for (const id of ids) expect(await stand.row(id)).toMatchObject({ state: 'sent', attempt: 1 });
  });

  test('what is not due, not on this channel, or already sent, is left alone', async () => {
    const script = scripted(() => ({ externalId: 'x1' }));
    const stand = await withScripted(script);
    const [later = '', other = ''] = await putReplies(stand.database, [
      { to: someone() },
      { to: someone(), channelId: OTHER },
    ]);
    await stand.database.pool.query("UPDATE outbox SET due_at = now() + interval '1 hour' WHERE id = $1", [
      later,
    ]);
    expect(await stand.service.sendReplies(CHANNEL, [later, other], never)).toBe(0);
    expect(script.sent).toHaveLength(0);
    stand.clock.ahead(3_700_000);
    expect(await stand.service.sendReplies(CHANNEL, [later, other], never)).toBe(1);
    expect(await stand.service.sendReplies(CHANNEL, [later, other], never)).toBe(0);
  });

  test('it is `sending` in the database before any byte goes out', async () => {
    let seen = '';
    const stands: ReplyStand[] = [];
    const script = scripted(async () => {
      const { rows } = (await stands[0]?.database.pool.query<{ state: string }>(
        'SELECT state FROM outbox',
      )) ?? { rows: [] };
      seen = rows[0]?.state ?? '';
      return { externalId: 'x1', segments: 3 };
    });
    stands.push(await withScripted(script));
    const [stand] = stands;
    if (!stand) throw new Error('none');
    const ids = await putReplies(stand.database, [{ to: someone() }]);
    await stand.service.sendReplies(CHANNEL, ids, never);
    expect(seen).toBe('sending');
    expect(await stand.row(ids[0] ?? '')).toMatchObject({ state: 'sent', segments: 3 });
  });

  test('who said STOP gets nothing more, but for the confirmation', async () => {
    const { provider, stand } = await withProvider();
    const to = someone();
    const ids = await putReplies(stand.database, [
      { to, purpose: 'answered' },
      { to, purpose: 'command', text: 'Anda tidak akan dikirimi SMS lagi.' },
    ]);
    await optOut(stand.database, to);
    await stand.service.sendReplies(CHANNEL, ids, never);
    expect(await stand.row(ids[0] ?? '')).toMatchObject({ state: 'failed', error: 'opted_out' });
    expect(await stand.row(ids[1] ?? '')).toMatchObject({ state: 'sent' });
    expect(provider.took(to)).toBe(1);
  });

  test('what the rules of the platform forbid is not tried', async () => {
    const script = scripted(() => ({ externalId: 'x' }), {
      canReply: () => ({ allowed: false, reason: 'window closed' }),
    });
    const stand = await withScripted(script);
    const [id = ''] = await putReplies(stand.database, [{ to: someone() }]);
    await stand.service.sendReplies(CHANNEL, [id], never);
    expect(await stand.row(id)).toMatchObject({ state: 'failed', error: 'not_permitted' });
    expect(script.sent).toHaveLength(0);
  });

  test('an erased reporter has no address: failed, not tried, for a person to see', async () => {
    const script = scripted(() => ({ externalId: 'x' }));
    const stand = await withScripted(script);
    const [id = ''] = await putReplies(stand.database, [{ to: someone() }]);
    await stand.database.pool.query('DELETE FROM contact');
    await stand.service.sendReplies(CHANNEL, [id], never);
    expect(await stand.row(id)).toMatchObject({ state: 'failed', error: 'no_address' });
    expect(script.sent).toHaveLength(0);
  });

  test('one deaf recipient does not hold up the others, and an answer that comes too late is still written down', async () => {
    let answer: (result: SendResult) => void = () => undefined;
    const deaf = someone();
    const script = scripted((to) =>
      to === deaf ? new Promise((resolve) => (answer = resolve)) : { externalId: `x${to}` },
    );
    const stand = await withScripted(script, testClock(), { sendLimitMs: 200 });
    const [first = '', second = ''] = await putReplies(stand.database, [{ to: deaf }, { to: someone() }]);
    const sending = stand.service.sendReplies(CHANNEL, [first, second], never);
    await until(async () => (await stand.row(second)).state === 'sent');
    await sending;
    expect(await stand.row(first)).toMatchObject({ state: 'unknown' });
    expect(await stand.service.sendReplies(CHANNEL, [first], never)).toBe(0);
    answer({ externalId: 'late' });
    await until(async () => (await stand.row(first)).state === 'sent');
    expect(await stand.row(first)).toMatchObject({ external_id: 'late' });
  });

  test('a channel may allow an attempt more time than others have, and holds it for lost accordingly later', async () => {
    const slowly = async (): Promise<SendResult> => {
      await sleep(1_200);
      return { externalId: `x${Math.random()}` };
    };
    const stand = await openReplyStand(
      {
        [CHANNEL]: scripted(slowly, { sendLimitMs: 240_000 }).adapter,
        [OTHER]: scripted(slowly).adapter,
      },
      testClock(),
      { sendLimitMs: 200 },
    );
    open.stands.push(stand);
    const [slow = '', other = ''] = await putReplies(stand.database, [
      { to: someone() },
      { to: someone(), channelId: OTHER },
    ]);
    const sending = [
      stand.service.sendReplies(CHANNEL, [slow], never),
      stand.service.sendReplies(OTHER, [other], never),
    ];
    const claimed = async (id: string) => {
      await until(async () => (await stand.row(id)).state === 'sending');
      const { due_at, attempt_at } = await stand.row(id);
      return due_at.getTime() - attempt_at.getTime();
    };
    // The turn, the attempt, the writing down, and a margin.
    expect(await Promise.all([claimed(slow), claimed(other)])).toEqual([
      10_000 + 240_000 + 30_000 + 20_000,
      10_000 + 200 + 30_000 + 20_000,
    ]);
    await Promise.all(sending);
    expect(await stand.row(slow)).toMatchObject({ state: 'sent', attempt: 1 });
  });

  test('"not sent" is not believed while the longest attempt of that channel may still be under way', async () => {
    const absent = () => Promise.resolve({ state: 'not_sent' } as const);
    const stand = await openReplyStand({
      [CHANNEL]: scripted(() => ({ externalId: 'x' }), { sendLimitMs: 240_000, reconcile: absent }).adapter,
      [OTHER]: scripted(() => ({ externalId: 'x' }), { reconcile: absent }).adapter,
    });
    open.stands.push(stand);
    const [slow = '', other = ''] = await putReplies(stand.database, [
      { to: someone() },
      { to: someone(), channelId: OTHER },
    ]);
    await stand.database.pool.query("UPDATE outbox SET state = 'unknown', attempt = 1, attempt_at = due_at");
    // Ten seconds for the turn, two for a deaf adapter, a minute for the provider's list, and the attempt.
    stand.clock.ahead(110_000);
    expect(await stand.service.reconcile(CHANNEL, never)).toEqual([]);
    expect(await stand.service.reconcile(OTHER, never)).toEqual([other]);
    stand.clock.ahead(210_000);
    expect(await stand.service.reconcile(CHANNEL, never)).toEqual([slow]);
  });

  test('told to stop, it gives back what it has not begun', async () => {
    const stop = new AbortController();
    const script = scripted(async () => {
      stop.abort();
      await sleep(50);
      return { externalId: `x${Math.random()}` };
    });
    const stand = await withScripted(script, testClock(), { concurrency: 1 });
    const ids = await putReplies(
      stand.database,
      Array.from({ length: 5 }, () => ({ to: someone() })),
    );
    await stand.service.sendReplies(CHANNEL, ids, stop.signal);
    const rows = await Promise.all(ids.map((id) => stand.row(id)));
    expect(script.sent).toHaveLength(1);
    expect(rows.filter((row) => row.state === 'sent')).toHaveLength(1);
    expect(rows.filter((row) => row.state === 'pending' && row.error === null)).toHaveLength(4);
  });
});

describe('fault 25 and 26: a provider that refuses', () => {
  test('429 with Retry-After: waits that long, and the other channel goes on', async () => {
    const { provider, stand } = await withProvider();
    provider.simulator.setFault('http-429', 1);
    const to = someone();
    const [id = ''] = await putReplies(stand.database, [{ to }]);
    await stand.service.sendReplies(CHANNEL, [id], never);
    const row = await stand.row(id);
    expect(row).toMatchObject({ state: 'pending', attempt: 1, error: 'throttled:20429' });
    expect(row.due_at.getTime() - Date.now()).toBeGreaterThan(500);
    expect(row.due_at.getTime() - Date.now()).toBeLessThanOrEqual(1_000);
    expect(stand.service.breakers()).toMatchObject([{ state: 'open', reason: 'throttled' }]);
    await until(() => stand.service.breakers()[0]?.state === 'probing', 3_000);
    await stand.service.sendReplies(CHANNEL, [id], never);
    expect(await stand.row(id)).toMatchObject({ state: 'sent', attempt: 2 });
    expect(provider.took(to)).toBe(1);
    expect(stand.service.breakers()).toMatchObject([{ state: 'closed' }]);
  });

  test('500, 500, 200: sent once', async () => {
    const { provider, stand } = await withProvider();
    provider.simulator.setFault('http-500', 2);
    const to = someone();
    const [id = ''] = await putReplies(stand.database, [{ to }]);
    for (let n = 0; n < 3; n += 1) {
      await stand.service.sendReplies(CHANNEL, [id], never);
      stand.clock.ahead(60_000);
    }
    expect(await stand.row(id)).toMatchObject({ state: 'sent', attempt: 3 });
    expect(provider.took(to)).toBe(1);
  });

  test('a refusal for good: failed, without a second try', async () => {
    const script = scripted(() => {
      throw refused('rejected', { providerCode: '21211' });
    });
    const stand = await withScripted(script);
    const [id = ''] = await putReplies(stand.database, [{ to: someone() }]);
    await stand.service.sendReplies(CHANNEL, [id], never);
    stand.clock.ahead(10_000_000);
    await stand.service.sendReplies(CHANNEL, [id], never);
    expect(await stand.row(id)).toMatchObject({ state: 'failed', error: 'rejected:21211', attempt: 1 });
    expect(script.sent).toHaveLength(1);
  });

  test('an exception that nobody foresaw proves nothing: unknown, never a second try', async () => {
    const script = scripted(() => {
      throw new TypeError('no one knows');
    });
    const stand = await withScripted(script);
    const [id = ''] = await putReplies(stand.database, [{ to: someone() }]);
    await stand.service.sendReplies(CHANNEL, [id], never);
    expect(await stand.row(id)).toMatchObject({ state: 'unknown', error: 'fault' });
  });
});

describe('the breaker', () => {
  test('opens after failures in a row, keeps the queue, tries with one message, and goes on', async () => {
    let away = true;
    const script = scripted((to) => {
      if (away) throw refused('connection');
      return { externalId: `x${to}` };
    });
    const stand = await withScripted(script, testClock(), { concurrency: 1, breaker: { firstMs: 300 } });
    const ids = await putReplies(
      stand.database,
      Array.from({ length: 30 }, () => ({ to: someone() })),
    );
    const others = await putReplies(stand.database, [{ to: someone(), channelId: OTHER }]);
    await stand.service.sendReplies(CHANNEL, ids, never);
    expect(script.sent).toHaveLength(5);
    const rows = await Promise.all(ids.map((id) => stand.row(id)));
    expect(rows.filter((row) => row.state === 'pending')).toHaveLength(30);
    expect(await stand.service.sendReplies(CHANNEL, ids, never)).toBe(0);
    expect(await stand.service.sendReplies(OTHER, others, never)).toBe(1);

    await until(() => stand.service.breakers()[0]?.state === 'probing');
    expect(await stand.service.sendReplies(CHANNEL, ids, never)).toBe(1);
    expect(script.sent).toHaveLength(6);
    expect(stand.service.breakers()[0]).toMatchObject({ state: 'open', reason: 'connection' });

    away = false;
    stand.clock.ahead(60_000);
    await until(() => stand.service.breakers()[0]?.state === 'probing');
    await stand.service.sendReplies(CHANNEL, ids, never);
    expect(stand.service.breakers()[0]).toMatchObject({ state: 'closed' });
    for (const id of ids) expect(await stand.row(id)).toMatchObject({ state: 'sent' });
  });

  test('a bad token opens it at once and loses no reply', async () => {
    const script = scripted(() => {
      throw refused('config', { retry: 'never', providerCode: '20003' });
    });
    const stand = await withScripted(script, testClock(), { concurrency: 1 });
    const ids = await putReplies(
      stand.database,
      Array.from({ length: 5 }, () => ({ to: someone() })),
    );
    await stand.service.sendReplies(CHANNEL, ids, never);
    expect(script.sent).toHaveLength(1);
    for (const id of ids) expect(await stand.row(id)).toMatchObject({ state: 'pending' });
    expect(stand.service.breakers()[0]).toMatchObject({ state: 'open', reason: 'config' });
    expect(stand.logger.lines.filter((line) => line.level === 'error')).toHaveLength(1);
  });
});

describe('fault 28: reports that are quicker than the answer', () => {
  test('a report that came before the id was known counts, and what follows is monotonic', async () => {
    const stands: ReplyStand[] = [];
    const script = scripted(async () => {
      const report = {
        type: 'delivery',
        channelId: CHANNEL,
        externalId: 'early',
        at: new Date().toISOString(),
      } as const;
      await stands[0]?.database.transaction(async (client) => {
        await applyDeliveryReports(client, [{ ...report, state: 'delivered' }]);
        await applyDeliveryReports(client, [{ ...report, state: 'sent' }]);
      });
      return { externalId: 'early' };
    });
    stands.push(await withScripted(script));
    const [stand] = stands;
    if (!stand) throw new Error('none');
    const [id = ''] = await putReplies(stand.database, [{ to: someone() }]);
    await stand.service.sendReplies(CHANNEL, [id], never);
    expect(await stand.row(id)).toMatchObject({ state: 'delivered', external_id: 'early' });
    const { rows } = await stand.database.pool.query('SELECT state FROM delivery_report');
    expect(rows).toHaveLength(2);
  });

  test('a report that names our own id moves the reply before its attempt has ended', async () => {
    const stands: ReplyStand[] = [];
    const script = scripted(async () => {
      const { rows } = (await stands[0]?.database.pool.query<{ id: string }>('SELECT id FROM outbox')) ?? {
        rows: [],
      };
      await stands[0]?.database.transaction((client) =>
        applyDeliveryReports(client, [
          {
            type: 'delivery',
            channelId: CHANNEL,
            externalId: 'e2',
            outboxId: rows[0]?.id ?? '',
            state: 'delivered',
            at: new Date().toISOString(),
          },
        ]),
      );
      return { externalId: 'e2', segments: 2 };
    });
    stands.push(await withScripted(script));
    const [stand] = stands;
    if (!stand) throw new Error('none');
    const [id = ''] = await putReplies(stand.database, [{ to: someone() }]);
    await stand.service.sendReplies(CHANNEL, [id], never);
    expect(await stand.row(id)).toMatchObject({ state: 'delivered', external_id: 'e2', segments: 2 });
  });
});

describe('the database goes away after the provider took the reply', () => {
  test('what is known is kept and written down when it is back: sent once', async () => {
    const own = await startOwnPostgres({ fsync: true });
    const database = openDatabase({ url: own.url });
    database.pool.on('error', () => undefined);
    const script = scripted(async (to) => {
      await own.kill9();
      setTimeout(() => void own.start(), 500);
      return { externalId: `x${to}` };
    });
    const service = makeService(database, { [CHANNEL]: script.adapter }, testClock());
    const ids = await putReplies(database, [{ to: someone() }]);
    await service.sendReplies(CHANNEL, ids, never);
    const { rows } = await database.pool.query(
      'SELECT state, attempt, external_id IS NOT NULL AS known FROM outbox',
    );
    expect(rows).toEqual([{ state: 'sent', attempt: 1, known: true }]);
    service.close();
    await database.close();
    await own.remove();
  });

  test('it stays away too long: given up, later `unknown`, and never sent blindly', async () => {
    const own = await startOwnPostgres({ fsync: true });
    const database = openDatabase({ url: own.url });
    database.pool.on('error', () => undefined);
    const clock = testClock();
    const script = scripted(async (to) => {
      await own.kill9();
      return { externalId: `x${to}` };
    });
    const service = makeService(database, { [CHANNEL]: script.adapter }, clock, { recordPatienceMs: 500 });
    const ids = await putReplies(database, [{ to: someone() }]);
    await service.sendReplies(CHANNEL, ids, never);
    await own.start();
    await until(async () => (await database.pool.query('SELECT 1').catch(() => undefined)) !== undefined);
    expect(await service.markLost()).toBe(0);
    clock.ahead(120_000);
    expect(await service.markLost()).toBe(1);
    expect(await service.sendReplies(CHANNEL, ids, never)).toBe(0);
    expect(script.sent).toHaveLength(1);
    service.close();
    await database.close();
    await own.remove();
  });
});
