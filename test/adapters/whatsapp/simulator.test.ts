import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { whatsappSimulator } from '../../../adapters/whatsapp/simulator.js';
import type { ChannelAdapter } from '../../../src/core/channel.js';
import type { InboundEvent } from '../../../src/core/message.js';
import { serve, type Stand } from '../../support/stand.js';
import { errorOf, signal } from '../shared/meta/helpers.js';
import { adapterFor, CITIZEN, playedWhatsapp, reply } from './helpers.js';

describe('the played number', () => {
  let played: Awaited<ReturnType<typeof playedWhatsapp>>;
  let gateway: Stand;
  let adapter: ChannelAdapter;
  let events: InboundEvent[];
  let rejected: number;

  beforeEach(async () => {
    events = [];
    rejected = 0;
    gateway = await serve((request) => {
      adapter.webhook?.verify(request);
      const parsed = adapter.webhook?.parse(request);
      events.push(...(parsed?.events ?? []));
      rejected += parsed?.rejected.length ?? 0;
      return { status: 200, headers: {}, body: '' };
    });
    played = await playedWhatsapp(gateway.url);
    adapter = adapterFor(played.stand.url, {}, { now: () => new Date() });
  });
  afterEach(async () => {
    await adapter.close?.();
    await played.close();
    await gateway.close();
  });

  async function until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 200 && !condition(); i++) await sleep(20);
    expect(condition()).toBe(true);
  }
  const write = (text: string, from = '081200000011') =>
    played.simulator.write({ channelId: 'whatsapp', from, text });
  const shown = () => played.simulator.conversation('whatsapp', CITIZEN);
  const reports = () => events.flatMap((event) => (event.type === 'delivery' ? [event] : []));

  test('a chat: what is written comes in, what is answered is seen, and its states come back', async () => {
    const text = "Jum'at 😀 jalan P\u00e4timura/Passo";
    const written = await write(text);
    expect(events).toMatchObject([{ externalId: written.id, text, from: { scheme: 'tel', value: CITIZEN } }]);
    const sent = await adapter.send?.(reply(), signal());
    await until(() => reports().length === 3);
    expect(reports().map(({ state }) => state)).toEqual(['sent', 'delivered', 'read']);
    for (const report of reports())
      expect(report).toMatchObject({ externalId: sent?.externalId, outboxId: '0193-outbox' });
    expect(shown()).toMatchObject([
      { direction: 'out', text },
      { direction: 'in', text: reply().text, state: 'read' },
    ]);
  });

  test('a text that is too late is taken, and fails afterwards with its number', async () => {
    played.simulator.setFault('older-than-24-hours', 1);
    await write('lama');
    await adapter.send?.(reply(), signal());
    await until(() => reports().length === 1);
    expect(reports()).toMatchObject([{ state: 'failed', code: '131047', outboxId: '0193-outbox' }]);
  });

  test('late, with a template, it arrives', async () => {
    const template = { name: 'jawaban_laporan' };
    const templated = adapterFor(played.stand.url, { template }, { now: () => new Date() });
    played.simulator.setFault('older-than-24-hours', 1);
    await write('lama');
    const last = events[0];
    const lastInboundAt = new Date((last?.type === 'message' && last.sentAt) || 0);
    await templated.send?.(reply({ lastInboundAt }), signal());
    await until(() => shown().at(-1)?.state === 'read');
    await templated.close?.();
  });

  test('who hides his number is answered all the same', async () => {
    played.simulator.setFault('hidden-number', 1);
    await write('rahasia saja');
    const [event] = events;
    if (event?.type !== 'message') throw new Error('nothing came');
    expect(event.from.scheme).toBe('wa-user');
    await adapter.send?.(reply({ to: event.from }), signal());
    expect(shown().at(-1)).toMatchObject({ direction: 'in', text: reply().text });
  });

  test.each([
    ['http-429', 'throttled', 'not_sent', 0],
    ['code-613', 'throttled', 'not_sent', 0],
    ['http-500', 'connection', 'not_sent', 0],
    ['code-190', 'config', 'not_sent', 0],
    ['code-131047', 'not_permitted', 'not_sent', 0],
    ['accepted-no-answer', 'connection', 'unknown', 1],
  ])('%s is %s, %s', async (fault, code, certainty, taken) => {
    played.simulator.setFault(fault, 1);
    expect(await errorOf(adapter.send?.(reply(), signal()))).toMatchObject({ code, certainty });
    expect(await (await fetch(`${played.stand.url}/__ledger`)).json()).toHaveLength(taken);
  });

  test('what became of a lost answer is told by its statuses', async () => {
    played.simulator.setFault('accepted-no-answer', 1);
    await errorOf(adapter.send?.(reply(), signal()));
    await until(() =>
      reports().some(({ state, outboxId }) => state === 'delivered' && outboxId === '0193-outbox'),
    );
  });

  test('duplicate, and poison that spoils nothing', async () => {
    played.simulator.setFault('duplicate', 1);
    await write('dua kali');
    expect(events).toHaveLength(2);
    expect(new Set(events.map(({ externalId }) => externalId)).size).toBe(1);
    played.simulator.setFault('poison', 1);
    await write('beracun');
    expect([events.length, rejected]).toEqual([3, 1]);
  });

  test('unsubscribed, it is silent until the probe subscribes it again', async () => {
    played.simulator.setFault('unsubscribed', 1);
    await write('x');
    expect(events).toHaveLength(0);
    expect(await adapter.probe?.(signal())).toMatchObject({ state: 'degraded' });
    expect(await adapter.probe?.(signal())).toMatchObject({ state: 'ok' });
    await write('y');
    expect(events).toHaveLength(1);
  });
});

test('the demo needs no values of its own', () => {
  const made = whatsappSimulator.demoEnvironment(
    'http://x/simulator/whatsapp',
    (bytes) => 'ab'.repeat(bytes),
    () => 1,
  );
  expect(Object.keys(made).sort()).toEqual([
    'WA_ACCESS_TOKEN',
    'WA_API_URL',
    'WA_APP_SECRET',
    'WA_BUSINESS_ACCOUNT_ID',
    'WA_PHONE_NUMBER_ID',
    'WA_VERIFY_TOKEN',
  ]);
});
